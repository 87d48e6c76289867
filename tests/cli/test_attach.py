"""attachment add, list, get and remove, with real files: odd names, broken connections, full terminals."""

import csv
import fcntl
import hashlib
import os
import pty
import random
import subprocess

import pytest

from rig import COMMAND
from rig.world import attach, state

JPEG_HEAD = b"\xff\xd8\xff\xe0" + b"\0" * 60
REFUSED, NOT_FOUND, OUTPUT, USAGE = 65, 66, 73, 64


def rows(text):
    return list(csv.DictReader(text.splitlines()))


@pytest.fixture
def asset(world):
    return world.asset("IND")


def test_there_and_back(shop, world, asset, tmp_path):
    """Several files at once, one of 5 MiB; what comes down is what went up, and nothing is replaced unasked."""
    big = random.Random(5).randbytes(5 << 20)
    (tmp_path / "report one.pdf").write_bytes(b"%PDF-1.4\n" + big)
    (tmp_path / "photo.jpg").write_bytes(JPEG_HEAD)
    (tmp_path / "empty.txt").write_bytes(b"")
    with open(tmp_path / "huge.bin", "wb") as out:
        out.truncate(2 << 30)
    shop.fails(REFUSED, "tina", "attachment", "add", asset.tag, "huge.bin", says="the file has 2048 MiB; agency IND attaches files of at most 32 MiB", cwd=tmp_path)
    added = shop.run("tina", "attachment", "add", asset.tag, "report one.pdf", "empty.txt", "none.txt", ".", "photo.jpg", "--note", "after the fall",
                     "-o", "csv", cwd=tmp_path)
    assert added.returncode == REFUSED and "empty.txt: an empty file is no attachment" in added.stderr
    assert "none.txt: cannot read none.txt: No such file" in added.stderr and ". is no plain file" in added.stderr
    assert [(r["name"], r["media_type"], r["size_bytes"]) for r in rows(added.stdout)] == [
        ("report one.pdf", "application/pdf", str(len(big) + 9)), ("photo.jpg", "image/jpeg", str(len(JPEG_HEAD)))]
    assert shop.ok("tina", "attachment", "add", asset.tag, "photo.jpg", "-o", "csv", cwd=tmp_path).splitlines()[1:] == added.stdout.splitlines()[2:]
    listed = shop.ok("vera", "attachment", "list", asset.tag)
    assert "photo.jpg" in listed and "after the fall" in listed and "image/jpeg" in listed
    assert "application/pdf" in shop.ok("vera", "attachment", "show", asset.tag, "report one.pdf")
    there = tmp_path / "there"
    there.mkdir()
    assert shop.ok("vera", "attachment", "get", asset.tag, "REPORT ONE.PDF", cwd=there) == "report one.pdf\n"
    assert (there / "report one.pdf").read_bytes() == b"%PDF-1.4\n" + big
    assert os.stat(there / "report one.pdf").st_mode & 0o111 == 0, "nothing that could be run"
    shop.fails(OUTPUT, "vera", "attachment", "get", asset.tag, "report one.pdf", says="--force", cwd=there)
    (there / "report one.pdf").write_bytes(b"old")
    shop.ok("vera", "attachment", "get", asset.tag, "report one.pdf", "--force", cwd=there)
    assert (there / "report one.pdf").stat().st_size == len(big) + 9
    assert shop.ok("vera", "attachment", "get", asset.tag, "photo.jpg", "--output", there) == f"{there}/photo.jpg\n"
    assert shop.run("vera", "attachment", "get", asset.tag, "photo.jpg", "-o", "-", binary=True).stdout == JPEG_HEAD
    assert sorted(os.listdir(there)) == ["photo.jpg", "report one.pdf"], "no temporary file stays"
    shop.fails(NOT_FOUND, "vera", "attachment", "get", asset.tag, "none.jpg", says="none.jpg", cwd=there)
    shop.fails(NOT_FOUND, "lee", "attachment", "get", asset.tag, "photo.jpg", cwd=there)
    shop.fails(77, "vera", "attachment", "add", asset.tag, "photo.jpg", cwd=tmp_path)
    shop.fails(USAGE, "tina", "attachment", "remove", asset.tag, "photo.jpg", says="--reason")
    removed = shop.ok("tina", "attachment", "remove", asset.tag, "photo.jpg", "--reason", "of another radio")
    assert "removed" in removed and "of another radio" in removed
    assert "photo.jpg" not in shop.ok("vera", "attachment", "list", asset.tag)
    shop.fails(REFUSED, "tina", "attachment", "add", asset.tag, "photo.jpg", "--name", "report one.pdf", says="another file", cwd=tmp_path)
    shop.fails(USAGE, "tina", "attachment", "add", asset.tag, "photo.jpg", "empty.txt", "--name", "x", says="--name", cwd=tmp_path)
    shop.fails(USAGE, "tina", "attachment", "add", asset.tag, says="RECORD FILE")


def test_no_bytes_on_a_terminal(shop, world, asset):
    attach(world, asset.id, "esc.bin", b"\x1b[2J\x00")
    theirs, ours = pty.openpty()
    done = subprocess.run([COMMAND, "attachment", "get", asset.tag, "esc.bin", "-o", "-"], stdin=subprocess.DEVNULL, stdout=ours, stderr=subprocess.PIPE,
                          env=shop.environment(RADIOSHOP_PROFILE=shop.profile("vera")), timeout=60, check=False)
    os.close(ours)
    os.close(theirs)
    assert done.returncode == USAGE and b"terminal" in done.stderr


NAMES = {"../../etc/cron.d/x": "_._.._etc_cron.d_x", "/etc/passwd": "_etc_passwd", ".bashrc": "_bashrc", "-rf": "_rf", "..": "__",
         "exe.\u202egpj": "exe._u202egpj", "C:\\x": "C__x", "x" * 300: "x" * 200}


def test_a_name_stays_in_the_directory(shop, world, asset, migrated, tmp_path):
    """Whatever stands in the database: here it gets past the database's own rule."""
    made = attach(world, asset.id, "plain.txt", b"hello")
    rule = "FROM pg_constraint WHERE conname = 'attachment_name_form'"
    form, words = (migrated.value(f"SELECT {what} {rule}") for what in ("pg_get_constraintdef(oid)", "obj_description(oid, 'pg_constraint')"))
    migrated.sql("ALTER TABLE radioshop.attachment DROP CONSTRAINT attachment_name_form")
    try:
        for n, (name, saved) in enumerate(NAMES.items()):
            migrated.sql(f"UPDATE radioshop.attachment SET name = convert_from('\\x{name.encode().hex()}', 'UTF8') WHERE attachment_id = '{made.id}'")
            inner = tmp_path / f"outer{n}" / "a" / "b"
            inner.mkdir(parents=True)
            assert shop.ok("vera", "attachment", "get", made.id, cwd=inner) == f"{saved}\n"
            assert [str(f.relative_to(tmp_path)) for f in (tmp_path / f"outer{n}").rglob("*") if f.is_file()] == [f"outer{n}/a/b/{saved}"]
    finally:
        migrated.sql(f"UPDATE radioshop.attachment SET name = 'plain.txt' WHERE attachment_id = '{made.id}'")
        migrated.sql(f"ALTER TABLE radioshop.attachment ADD CONSTRAINT attachment_name_form {form}")
        migrated.sql("COMMENT ON CONSTRAINT attachment_name_form ON radioshop.attachment IS $$" + words + "$$")


class Halting:
    """The command, saying every call into a pipe that holds about fifty lines: it halts when nobody reads on."""

    def __init__(self, shop, name, *words, cwd, port=None):
        theirs, self.pipe = os.pipe()
        fcntl.fcntl(self.pipe, fcntl.F_SETPIPE_SZ, 4096)
        self.said, self.theirs = b"", theirs
        self.process = subprocess.Popen([COMMAND, *words, "-v"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.pipe, cwd=cwd,
                                        env=shop.environment(RADIOSHOP_PROFILE=shop.profile(name, port)))
        os.close(self.pipe)

    def read(self, until=None):
        while until is None or self.said.count(b"PutChunk") < until:
            more = os.read(self.theirs, 512)
            if not more:
                break
            self.said += more
        return self.said

    def end(self):
        os.close(self.theirs)
        return self.process.wait(60)


CHUNKS = 80


def test_an_interrupted_upload_goes_on(shop, world, asset, migrated, tmp_path):
    """Killed in the middle it leaves nothing half done, and the same command sends only what is missing."""
    data = random.Random(7).randbytes(CHUNKS * 262144)
    (tmp_path / "scan.pdf").write_bytes(data)
    words = ("attachment", "add", asset.tag, "scan.pdf")
    killed = Halting(shop, "tina", *words, cwd=tmp_path)
    killed.read(until=4)
    killed.process.kill()
    killed.end()
    assert not world.vera.ListAttachments(record=asset.tag).attachments
    upload = world.vera.ListAttachments(record=asset.tag, state="uploading").attachments[0]
    there = int(migrated.value(f"SELECT count(*) FROM radioshop.attachment_chunk WHERE attachment_id = '{upload.id}'"))
    assert 3 <= there < CHUNKS
    again = shop.run("tina", *words, "-v", cwd=tmp_path)
    assert again.returncode == 0 and again.stderr.count("PutChunk") == CHUNKS - there, again.stderr
    stored = world.vera.GetAttachment(record=upload.id).attachment
    assert (state(stored), stored.sha256) == ("stored", hashlib.sha256(data).hexdigest())
    assert world.ada.ListEvents(resource="attachment", resource_id=upload.id).events[-1].action == "insert"


def test_the_daemon_dies_in_the_middle(shop, world, asset, own_daemon, tmp_path):
    """The command waits for the next one, and goes on with the chunk whose answer it never had."""
    data = random.Random(8).randbytes(CHUNKS * 262144)
    (tmp_path / "scan.pdf").write_bytes(data)
    own = own_daemon("attachments").start()
    sender = Halting(shop, "tina", "attachment", "add", asset.tag, "scan.pdf", cwd=tmp_path, port=own.port)
    sender.read(until=4)
    own.kill()
    own.start()
    said = sender.read()
    assert sender.end() == 0, said.decode()
    stored = world.vera.GetAttachment(record=asset.tag, name="scan.pdf").attachment
    assert (state(stored), stored.sha256) == ("stored", hashlib.sha256(data).hexdigest())
    own.stop()


def test_a_file_that_changes_while_it_is_sent(shop, world, asset, tmp_path):
    """It is not attached as something that it never was."""
    file = tmp_path / "log.txt"
    file.write_bytes(b"a" * CHUNKS * 262144)
    sender = Halting(shop, "tina", "attachment", "add", asset.tag, "log.txt", cwd=tmp_path)
    sender.read(until=4)
    with open(file, "r+b") as out:
        out.seek(CHUNKS * 262144 - 9)
        out.write(b"b")
    said = sender.read()
    assert sender.end() == NOT_FOUND and b"has changed while it was sent" in said, said.decode()
    assert not world.vera.ListAttachments(record=asset.tag).attachments
    assert "log.txt" in shop.ok("tina", "attachment", "add", asset.tag, "log.txt", cwd=tmp_path), "and its name is not taken"
