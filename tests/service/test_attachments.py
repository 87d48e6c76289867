"""Attachments: files that go up in chunks and come down in a stream, whole or not at all."""

import hashlib
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from rig import contract
from rig.caller import Refused, refused
from rig.daemon import SLOWER
from rig.world import attach, new_id, state

CHUNK = 262144
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 60


def content(size, seed=1):
    return random.Random(seed).randbytes(size)


def digest(data):
    return hashlib.sha256(data).hexdigest()


def start(caller, record, name, data, **values):
    return caller.StartUpload(**{"record": record, "name": name, "size_bytes": len(data), "sha256": digest(data), **values})


def put(caller, started, whole, at, **values):
    return caller.PutChunk(**{"upload": started.attachment.id, "offset": at, "data": whole[at:at + CHUNK], **values}).next_offset


def down(caller, attachment):
    """All bytes of a stream, which must come in order and in pieces that fit."""
    out = b""
    for piece in caller.ExportAttachment(attachment=attachment.id):
        assert piece.offset == len(out) and 0 < len(piece.data) <= CHUNK
        out += piece.data
    return out


def used(world, agency):
    return world.vera.GetAttachmentLimits(agency=agency).limits.used_bytes


def limit(world, agency, **values):
    revision = world.ada.GetAttachmentLimits(agency=agency).limits.revision
    return world.ada.UpdateAttachmentLimits(limits={"agency": agency, "revision": revision, **values}, update_mask=list(values)).limits


def test_up_and_down(world, agency, migrated):
    """In any order and more than once; it exists when it is whole, in one transaction with its event."""
    asset = world.asset(agency)
    data = content(5 * CHUNK + 17)
    started = start(world.tina, asset.id, "site photo.bin", data, note="tower base")
    assert (started.next_offset, started.chunk_bytes, state(started.attachment), started.attachment.added_by) == (0, CHUNK, "uploading", "tina")
    assert used(world, agency) == len(data), "what is announced is counted"
    with refused("FAILED_PRECONDITION", field="attachment"):
        down(world.tina, started.attachment)
    assert not world.vera.ListAttachments(agency=agency).attachments, "nothing is there before it is whole"
    assert [put(world.tina, started, data, n * CHUNK) for n in (5, 1, 0, 2, 2, 4)] == [0, 0, 2 * CHUNK, 3 * CHUNK, 3 * CHUNK, 3 * CHUNK]
    with refused("FAILED_PRECONDITION", field="upload", text=str(3 * CHUNK)):
        world.tina.FinishUpload(upload=started.attachment.id)
    assert put(world.tina, started, data, 3 * CHUNK) == len(data)
    request = new_id()
    done = world.tina.FinishUpload(upload=started.attachment.id, request_id=request).attachment
    assert world.tina.FinishUpload(upload=started.attachment.id, request_id=request).attachment == done
    assert world.tina.FinishUpload(upload=started.attachment.id).attachment == done, "and so does another"
    assert (done.tag, done.ticket, done.name, done.media_type, done.size_bytes, done.sha256, done.note, state(done), done.removed_by) == (
        asset.tag, "", "site photo.bin", "application/octet-stream", len(data), digest(data), "tower base", "stored", "")
    assert down(world.vera, done) == data
    for found in (world.vera.GetAttachment(record=asset.tag, name="SITE PHOTO.BIN"), world.vera.GetAttachment(record=done.id)):
        assert found.attachment == done
    events = [(e.action, e.request_id, "stored" in e.after) for e in world.ada.ListEvents(resource="attachment", resource_id=done.id).events]
    assert events == [("update", request, True), ("insert", events[1][1], False)]
    # The bytes are kept once: neither the requests nor the events hold them.
    for table, column in (("request", "reply"), ("event", "after::text")):
        assert int(migrated.value(f"SELECT coalesce(max(octet_length({column})), 0) FROM radioshop.{table}")) < 100000
    again = start(world.tina, asset.id, "site photo.bin", data)
    assert (again.attachment, again.next_offset) == (done, len(data)), "the very same file needs no sending"


def test_an_interrupted_upload_goes_on(world, agency):
    """The shop says what it has, whoever asks; another day's upload is begun anew."""
    asset = world.asset(agency)
    data = content(3 * CHUNK)
    first = start(world.tina, asset.id, "form.pdf", data)
    put(world.tina, first, data, 0)
    with world.fresh_caller("shop-technician") as other:
        again = start(other, asset.id, "Form.PDF", data)
        assert (again.attachment.id, again.next_offset) == (first.attachment.id, CHUNK)
        for at in (CHUNK, 2 * CHUNK):
            put(other, again, data, at)
        assert state(other.FinishUpload(upload=again.attachment.id).attachment) == "stored"
    assert down(world.tina, first.attachment) == data and used(world, agency) == len(data)


def test_bytes_that_are_not_those_announced(world, agency):
    asset = world.asset(agency)
    data, other = content(CHUNK + 5), content(CHUNK + 5, 2)
    wrong = start(world.tina, asset.id, "x.bin", data)
    put(world.tina, wrong, other, 0)
    put(world.tina, wrong, data, CHUNK)
    with refused("FAILED_PRECONDITION", field="sha256", text=digest(data)):
        world.tina.FinishUpload(upload=wrong.attachment.id)
    assert state(world.tina.GetAttachment(record=wrong.attachment.id).attachment) == "uploading"
    with refused("ALREADY_EXISTS", field="data"):
        put(world.tina, wrong, data, 0)
    again = start(world.tina, asset.id, "x.bin", data, restart=True)
    assert again.next_offset == 0 and again.attachment.id != wrong.attachment.id
    with refused("FAILED_PRECONDITION", field="upload", text="begun anew"):
        put(world.tina, wrong, data, 0)
    for at in (0, CHUNK):
        put(world.tina, again, data, at)
    assert down(world.tina, world.tina.FinishUpload(upload=again.attachment.id).attachment) == data
    assert used(world, agency) == len(data)


def test_chunks_that_do_not_fit(world, agency):
    data = content(2 * CHUNK + 7)
    started = start(world.tina, world.asset(agency).id, "x.bin", data)
    for at, piece, field in ((1, data[1:CHUNK + 1], "offset"), (-CHUNK, data[:CHUNK], "offset"), (3 * CHUNK, b"x", "offset"),
                             (1 << 40, b"x", "offset"), (0, data[:CHUNK - 1], "data"), (0, data[:CHUNK + 1], "data"), (0, b"", "data"),
                             (2 * CHUNK, data[2 * CHUNK:] + b"x", "data")):
        with refused("INVALID_ARGUMENT", field=field):
            put(world.tina, started, data, at, data=piece)
    with refused("INVALID_ARGUMENT", field="upload"):
        world.tina.PutChunk(data=b"x")
    with refused("NOT_FOUND", field="upload"):
        world.tina.PutChunk(upload=new_id(), data=b"x")
    with refused("INVALID_ARGUMENT", field="upload"):
        world.tina.FinishUpload()
    request = new_id()
    assert put(world.tina, started, data, 0, request_id=request) == CHUNK == put(world.tina, started, data, 0, request_id=request)
    with refused("ALREADY_EXISTS", field="request_id"):
        put(world.tina, started, data, CHUNK, request_id=request)


def test_what_is_too_large_or_no_file(world, agency):
    """Refused at once, before a byte is sent, with the limit in the sentence."""
    asset = world.asset(agency)
    good = {"record": asset.id, "name": "x.bin", "size_bytes": 5, "sha256": "0" * 64}
    with refused("INVALID_ARGUMENT", field="size_bytes", text="the file has 2048 MiB") as refusal:
        world.tina.StartUpload(**{**good, "size_bytes": 2 << 30})
    assert "at most 32 MiB" in refusal.text
    for values, field in (({"size_bytes": 0}, "size_bytes"), ({"size_bytes": -1}, "size_bytes"), ({"size_bytes": 2 ** 63 - 1}, "size_bytes"),
                          ({"sha256": "0" * 63}, "sha256"), ({"sha256": "g" * 64}, "sha256"), ({"sha256": ""}, "sha256"), ({"record": ""}, "record"),
                          ({"note": "two\nlines"}, "note"), ({"note": "x" * 201}, "note")):
        with refused("INVALID_ARGUMENT", field=field):
            world.tina.StartUpload(**{**good, **values})
    for name in ("", " ", ".", "..", "../x", "a/b", "a\\b", ".hidden", "-rf", "C:x", "a.", "x\ty", "exe.\u202egpj", "x" * 121, "ä" * 101, "a?b", "a|b"):
        with refused("INVALID_ARGUMENT", field="name"):
            world.tina.StartUpload(**{**good, "name": name})
    with refused("NOT_FOUND", field="record"):
        world.tina.StartUpload(**{**good, "record": "NOSUCHTAG9"})
    assert used(world, agency) == 0 and not world.ada.ListEvents(agency=agency, resource="attachment").events
    limit(world, agency, file_bytes=4)
    with refused("INVALID_ARGUMENT", field="size_bytes", text="at most 4 bytes"):
        world.tina.StartUpload(**good)


def test_what_the_first_bytes_say(world, agency):
    """The type is never taken on trust: a page or a program with another name stays what it is."""
    asset = world.asset(agency)
    files = {"p.jpg": (JPEG, "image/jpeg"), "p.png": (b"\x89PNG\r\n\x1a\n" + b"\0" * 9, "image/png"), "f.pdf": (b"%PDF-1.7\n\xff", "application/pdf"),
             "t.txt": ("Größe: 5 W\r\n".encode(), "text/plain"), "t.csv": (b"tag,unit\r\n1,2\r\n", "text/csv"), "page.html": (b"<html><script>", "text/plain"),
             "no.txt": (b"a\0b", "application/octet-stream"), "latin.txt": (b"Gr\xf6\xdfe", "application/octet-stream"), "esc.txt": (b"\x1b[2J", "application/octet-stream"),
             "fake.jpg": (b"\x7fELF\x02\x01", "application/octet-stream"), "cut.txt": (("x" * (CHUNK - 1) + "ä").encode(), "text/plain"),
             "broken.txt": (b"Gr\xc3", "application/octet-stream")}
    for name, (data, media_type) in files.items():
        assert attach(world, asset.id, name, data).media_type == media_type, name
    assert len(world.vera.ListAttachments(record=asset.tag).attachments) == len(files)


def test_on_tickets_and_assets(world, agency):
    """A list of an asset has those of its tickets too; a name is found on the ticket, on the asset first, or not at all if it is of two."""
    asset, other = world.asset(agency), world.asset(agency)
    tickets = []
    for problem in ("dead", "dead again"):
        ticket = world.tina.OpenTicket(asset=asset.id, problem=problem).ticket
        tickets.append(ticket.number)
        world.tina.MoveTicket(ticket=ticket.number, revision=ticket.revision, state="cancelled")
    both = [attach(world, number, "photo.jpg", JPEG + number.encode()) for number in tickets]
    attach(world, other.id, "photo.jpg", JPEG)
    assert [(a.ticket, a.tag) for a in both] == [(number, asset.tag) for number in tickets], "a closed ticket takes its papers"
    assert {a.id for a in world.vera.ListAttachments(record=asset.tag).attachments} == {a.id for a in both}
    assert [a.id for a in world.vera.ListAttachments(record=tickets[1]).attachments] == [both[1].id]
    with refused("INVALID_ARGUMENT", field="record", text=", ".join(tickets)):
        world.vera.GetAttachment(record=asset.tag, name="photo.jpg")
    own = attach(world, asset.id, "photo.jpg", JPEG + b"own")
    assert world.vera.GetAttachment(record=asset.tag, name="photo.jpg").attachment == own
    assert world.vera.GetAttachment(record=tickets[0], name="photo.jpg").attachment == both[0]
    for values in ({"record": tickets[0], "name": "none"}, {"record": "NONE1", "name": "x"}, {"record": new_id()}):
        with refused("NOT_FOUND"):
            world.vera.GetAttachment(**values)
    with refused("INVALID_ARGUMENT", field="name"):
        world.vera.GetAttachment(record=asset.tag)
    with refused("ALREADY_EXISTS", field="name", text="another"):
        start(world.tina, tickets[0], "PHOTO.jpg", b"other bytes")


def test_removed(world, migrated):
    """The bytes go, the record stays and says who and why. A technician removes his own, a fleet manager any of the agency's."""
    asset = world.asset("IND")
    before = used(world, "IND")
    mine = attach(world, asset.id, "a.txt", b"of another radio", caller=world.caller("ind-technician"))
    for caller, code in (("tina", "PERMISSION_DENIED"), ("lee", "NOT_FOUND"), ("vera", "PERMISSION_DENIED")):
        with refused(code):
            world.caller(caller).RemoveAttachment(attachment=mine.id, reason="x")
    with refused("INVALID_ARGUMENT", field="reason"):
        world.frank.RemoveAttachment(attachment=mine.id, reason=" ")
    request = new_id()
    gone = world.caller("ind-technician").RemoveAttachment(attachment=mine.id, reason="of another radio", request_id=request).attachment
    assert (state(gone), gone.removed_by, gone.reason, gone.sha256) == ("removed", "ind-technician", "of another radio", mine.sha256)
    assert world.caller("ind-technician").RemoveAttachment(attachment=mine.id, reason="of another radio", request_id=request).attachment == gone
    assert migrated.value(f"SELECT count(*) FROM radioshop.attachment_chunk WHERE attachment_id = '{mine.id}'") == "0"
    assert used(world, "IND") == before
    with refused("FAILED_PRECONDITION", field="attachment", text="ind-technician"):
        world.frank.RemoveAttachment(attachment=mine.id, reason="x")
    with refused("FAILED_PRECONDITION", field="attachment", text="of another radio"):
        down(world.vera, mine)
    with refused("NOT_FOUND", field="name"):
        world.vera.GetAttachment(record=asset.tag, name="a.txt")
    assert world.vera.GetAttachment(record=mine.id).attachment == gone
    assert gone in world.vera.ListAttachments(record=asset.tag, state="removed").attachments
    assert [e.principal for e in world.ada.ListEvents(resource="attachment", resource_id=mine.id).events][0] == "ind-technician"
    again = attach(world, asset.id, "a.txt", b"the right one")
    assert again.id != mine.id, "its name is free again"
    assert state(world.frank.RemoveAttachment(attachment=again.id, reason="no").attachment) == "removed"
    with refused("NOT_FOUND", field="attachment"):
        world.frank.RemoveAttachment(attachment=new_id(), reason="x")


def test_two_send_one_file(world, agency):
    """Two clients with one file share the work, and both find it stored once."""
    asset = world.asset(agency)
    data = content(9 * CHUNK + 1)
    gate = threading.Barrier(2)

    def send(name):
        with world.fresh_caller(name) as caller:
            gate.wait(30)
            started = start(caller, asset.id, "both.bin", data)
            at = started.next_offset
            while at < len(data):
                at = put(caller, started, data, at)
            return caller.FinishUpload(upload=started.attachment.id).attachment

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(send, ("tina", "shop-technician"))
    assert one == two and down(world.vera, one) == data
    assert used(world, agency) == len(data) and len(world.vera.ListAttachments(agency=agency).attachments) == 1


def test_another_file_of_the_same_name_meanwhile(world, agency):
    asset = world.asset(agency)
    mine = start(world.tina, asset.id, "a.bin", b"mine")
    with world.fresh_caller("shop-technician") as other:
        with refused("ALREADY_EXISTS", field="name", text="tina"):
            start(other, asset.id, "a.bin", b"other")
    better = start(world.tina, asset.id, "a.bin", b"better")
    assert better.attachment.id != mine.attachment.id and used(world, agency) == len(b"better"), "one's own gives way"


def test_an_agency_keeps_to_its_limits(world, agency, migrated):
    """However many begin at once: what is announced never passes the limit, and removing makes room."""
    assets = [world.asset(agency) for _ in range(3)]
    assert limit(world, agency, total_bytes=1000, record_files=4).total_bytes == 1000
    callers = [world.fresh_caller("tina") for _ in range(6)]

    def begin(n):
        try:
            return start(callers[n % 6], assets[n % 3].id, f"{n}.bin", content(150, n)).attachment
        except Refused as refusal:
            assert refusal.code == "FAILED_PRECONDITION" and refusal.fields == ["size_bytes"] and "1000 bytes" in refusal.text, str(refusal)

    with ThreadPoolExecutor(6) as pool:
        begun = [a for a in pool.map(begin, range(12)) if a]
    assert len(begun) == 6 and used(world, agency) == 900
    world.tina.RemoveAttachment(attachment=begun[0].id, reason="room")
    assert begin(50) and used(world, agency) == 900
    # What nobody finished within a day gives way to the next.
    migrated.sql("UPDATE radioshop.attachment SET added_at = now() - interval '25 hours' WHERE state = 'uploading' "
                 f"AND agency_id = (SELECT agency_id FROM radioshop.agency WHERE code = '{agency}')")
    limit(world, agency, total_bytes=10000)
    kept = start(world.tina, assets[0].id, "new.bin", b"x" * 150)
    assert used(world, agency) == 150
    left = {a.reason for a in world.vera.ListAttachments(agency=agency, state="removed").attachments}
    assert left == {"room", "the upload was not finished within a day"}
    for n in range(3):
        start(world.tina, assets[0].id, f"more{n}.bin", b"y")
    with refused("FAILED_PRECONDITION", field="record", text="4 files"):
        start(world.tina, assets[0].id, "toomany.bin", b"z")
    assert start(world.tina, assets[0].id, "new.bin", b"x" * 150).attachment.id == kept.attachment.id
    for values in ({"file_bytes": (128 << 20) + 1}, {"file_bytes": -1}, {"total_bytes": -1}, {"record_files": 1001}):
        with refused("INVALID_ARGUMENT", field=next(iter(values))):
            limit(world, agency, **values)
    with refused("PERMISSION_DENIED"):
        world.caller("ind-admin").UpdateAttachmentLimits(limits={"agency": "IND", "file_bytes": 1, "revision": 1}, update_mask=["file_bytes"])
    with refused("ABORTED", field="revision"):
        world.ada.UpdateAttachmentLimits(limits={"agency": agency, "file_bytes": 1, "revision": 1}, update_mask=["file_bytes"])


def test_many_at_once_in_little_memory(world, daemon, agency):
    """Eight upload 4 MiB each, then sixteen slow readers hold a stream: the daemon never holds a file."""
    assets = [world.asset(agency) for _ in range(8)]
    data = content(16 * CHUNK)
    attach(world, assets[0].id, "warm.bin", data)
    before = daemon.rss_kib()
    with ThreadPoolExecutor(8) as pool:
        files = list(pool.map(lambda asset: attach(world, asset.id, "big.bin", data), assets))
    assert {a.sha256 for a in files} == {digest(data)}
    method = contract.methods()["ExportAttachment"]
    callers = [world.fresh_caller("vera", options=[("grpc.http2.lookahead_bytes", 65536), ("grpc.http2.bdp_probe", 0)]) for _ in range(16)]
    streams = [caller.stream(method, contract.fill(method.request(), {"attachment": files[i % 8].id})) for i, caller in enumerate(callers)]
    got = [next(stream).data for stream in streams]
    daemon.wait_until(lambda: world.frank.GetCaller().principal.name == "frank", 5, "serving others")
    grown = daemon.rss_kib() - before
    # Whole, the sixteen would be 64 MiB, twice.
    assert grown < 48 * 1024 * (3 if SLOWER > 1 else 1), f"the daemon grew by {grown} KiB"
    for first, stream in zip(got, streams):
        assert digest(first + b"".join(piece.data for piece in stream)) == digest(data)
    for caller in callers:
        caller.close()


def test_a_stream_whose_file_is_removed_meanwhile(world, agency):
    """It ends with a refusal, never as if it had been whole."""
    data = content(64 * CHUNK)
    big = attach(world, world.asset(agency).id, "big.bin", data)
    method = contract.methods()["ExportAttachment"]
    with world.fresh_caller("vera", options=[("grpc.http2.lookahead_bytes", 65536), ("grpc.http2.bdp_probe", 0)]) as slow:
        stream = slow.stream(method, contract.fill(method.request(), {"attachment": big.id}))
        next(stream)
        world.ada.RemoveAttachment(attachment=big.id, reason="wrong radio")
        with pytest.raises(Refused) as refusal:
            list(stream)
        assert refusal.value.code == "FAILED_PRECONDITION" and "wrong radio" in refusal.value.text
