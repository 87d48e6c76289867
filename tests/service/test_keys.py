"""Encryption by reference: keysets, which radio holds which of them, who still holds an old one, and that no key is ever kept."""

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from rig import contract
from rig.caller import Refused, refused
from rig.world import day, new_id


def keyset(world, agency="SHOP", **values):
    values = {"agency": agency, "code": f"KEYS{world.number()}", "name": "Regional", "number": 1, "algorithm": "aes_256", "ckrs": "1-4,20", **values}
    return world.ada.CreateKeyset(keyset=values).keyset


def full(keyset):
    return f"{keyset.agency}:{keyset.code}"


def kvl(world, agency, **values):
    return world.asset(agency, **{"model": "", "class": "test_equipment", **values})


def load(world, keyset, *radios, by="tina", **values):
    values = {"means": "otar", **values} if "loader" not in values else values
    return list(getattr(world, by).LoadKeyset(keyset=full(keyset), assets=[r.id for r in radios], **values).loads)


def held(world, by="vera", **values):
    return list(getattr(world, by).pages("ListKeyLoads", "loads", page_size=100, **values))


def supersede(world, keyset, after=None, **values):
    revision = world.ada.GetKeyset(keyset=full(keyset)).keyset.revision
    return world.ada.SupersedeKeyset(keyset=full(keyset), revision=revision, superseded_by=full(after) if after else "", **values).keyset


def set_class(world, agency, kind):
    revision = world.ada.GetAgency(agency=agency).agency.revision
    return world.ada.UpdateAgency(agency={"code": agency, "class": kind, "revision": revision}, update_mask=["class"]).agency


def label(message, field):
    return contract.label(message, field)


def test_a_rekey(world, agency):
    """A morning of rekeying: the old keyset, the new one, who still holds the old one, and what each radio holds and held."""
    old, new = keyset(world), keyset(world, number=2, ckrs=" 20, 1 - 4 ,2")
    assert (new.ckrs, label(new, "algorithm"), new.agency, new.holders, new.revision) == ("1-4,20", "aes_256", "SHOP", 0, 1)
    tool, radios = kvl(world, agency), [world.asset(agency) for _ in range(4)]
    first = load(world, old, *radios, loader=tool.tag, ckrs="1,20", loaded_on=day(-30), note="KVL in van 2")
    assert [x.tag for x in first] == [r.tag for r in radios] and {x.agency for x in first} == {agency}
    assert (first[0].keyset, first[0].ckrs, first[0].loader, first[0].loaded_on) == (full(old), "1,20", f"{agency}:{tool.tag}", day(-30))
    assert (label(first[0], "means"), first[0].recorded_by, first[0].note, label(first[0], "ended_as")) == ("loader", "tina", "KVL in van 2", "unspecified")
    # more CKRs of the same keyset: the radio holds both; what it held before is history
    again, = load(world, old, radios[0], ckrs="2")
    assert again.ckrs == "1-2,20"
    assert [(label(x, "ended_as"), x.ckrs) for x in held(world, asset=radios[0].tag, history=True)] == [("unspecified", "1-2,20"), ("reloaded", "1,20")]
    assert world.vera.GetKeyset(keyset=old.code).keyset.holders >= 4
    gone = supersede(world, old, new)
    assert (label(gone, "state"), gone.superseded_by, gone.old_by) == ("old", full(new), "ada") and gone.old_at.seconds
    with refused("FAILED_PRECONDITION", field="keyset", text=f"is old since {day()} and is loaded no more; load {full(new)}"):
        load(world, old, radios[0])
    assert load(world, old, radios[1], loaded_on=day(-1)) and load(world, old, radios[1], means="taken_over"), "what was done before, and what is found"
    load(world, new, *radios[:3], loader=tool.serial)
    world.tina.EraseKeys(keyset=old.code, assets=[r.tag for r in radios[:2]], note="by KVL")
    # who still holds it
    assert sorted(x.tag for x in held(world, agency=agency, old=True)) == sorted(r.tag for r in radios[2:])
    missing = world.tina.GetAsset(asset=radios[3].id).asset
    world.tina.UpdateAsset(asset={"id": missing.id, "revision": missing.revision, "status": "missing"}, update_mask=["status"])
    line, = world.vera.SummarizeKeyHolders(agency=agency, old=True).holders
    assert (line.keyset, line.superseded_by, line.radios, line.missing, line.gone, line.not_allowed) == (full(old), full(new), 2, 1, 0, False)
    assert (line.first_loaded_on, line.last_loaded_on) == (day(-30), day(-30))
    assert {x.keyset: x.radios for x in world.vera.SummarizeKeyHolders(agency=agency).holders} == {full(old): 2, full(new): 3}
    assert [x.radios for x in world.vera.SummarizeKeyHolders(agency=agency, keyset=new.code).holders] == [3]
    # all keys of a radio
    ended = world.tina.EraseKeys(assets=[radios[2].tag], zeroized=True, note="to be sold").loads
    assert sorted((x.keyset, label(x, "ended_as"), x.ended_on, x.ended_by, x.ended_note) for x in ended) == sorted(
        (full(k), "zeroized", day(), "tina", "to be sold") for k in (old, new))
    assert not held(world, asset=radios[2].tag) and len(held(world, asset=radios[2].tag, history=True)) == 2
    events = world.ada.ListEvents(agency=agency, resource="key_load", resource_id=radios[2].id).events
    assert [(e.action, e.principal, e.method) for e in events][:2] == [("update", "tina", "KeyService.EraseKeys")] * 2
    # not old after all
    back = world.ada.ReinstateKeyset(keyset=full(old), revision=gone.revision).keyset
    assert (label(back, "state"), back.superseded_by, back.old_by, back.reason) == ("current", "", "", "")
    assert not world.vera.SummarizeKeyHolders(agency=agency, old=True).holders
    with refused("FAILED_PRECONDITION", field="keyset", text="is current"):
        world.ada.ReinstateKeyset(keyset=full(old), revision=back.revision)


def test_who_may_hold_keys(world, agency):
    """The rule of MARRS: a keyset for public safety is loaded into no radio of the schools; a class that changes afterwards shows in the report."""
    safe = keyset(world, classes=["public_safety", "health"])
    radio = world.asset(agency)
    with refused("FAILED_PRECONDITION", field="assets", text=f"is only for agencies of the class health or public safety, and {agency} is of none yet"):
        load(world, safe, radio)
    assert label(set_class(world, agency, "schools"), "class") == "schools"
    with refused("FAILED_PRECONDITION", field="assets", text=f"and {agency} is of the class schools: asset {agency}:{radio.tag} may not hold it"):
        load(world, safe, radio)
    with refused("PERMISSION_DENIED"):
        technician = world.fresh_caller(world.person(f"tech-{agency.lower()}", [("technician", agency)]))
        technician.LoadKeyset(keyset=full(safe), assets=[radio.tag], means="otar", exception="mutual aid")
    shown, = load(world, safe, radio, exception="mutual aid until 1 May")
    assert shown.not_allowed and shown.exception == "mutual aid until 1 May"
    line, = world.vera.SummarizeKeyHolders(agency=agency, not_allowed=True).holders
    assert (line.keyset, line.radios, line.exceptions, label(line, "class")) == (full(safe), 1, 1, "schools")
    # a class that changes makes it right, or wrong
    set_class(world, agency, "health")
    assert not world.vera.SummarizeKeyHolders(agency=agency, not_allowed=True).holders and not held(world, agency=agency, not_allowed=True)
    other = world.asset(agency)
    assert not load(world, safe, other)[0].not_allowed
    set_class(world, agency, "other")
    assert [x.tag for x in held(world, agency=agency, not_allowed=True)] == [other.tag, radio.tag]
    assert [x.tag for x in held(world, agency=agency, not_allowed=True, keyset=full(safe))] == [other.tag, radio.tag]
    # so does a keyset that is for other classes now
    world.ada.UpdateKeyset(keyset={"id": safe.id, "revision": safe.revision, "classes": []}, update_mask=["classes"])
    assert not held(world, agency=agency, not_allowed=True)
    with refused("PERMISSION_DENIED", "NOT_FOUND"):
        world.caller("ind-admin").UpdateAgency(agency={"code": "IND", "class": "public_safety", "revision": 1}, update_mask=["class"])


def test_whose_keysets(world, agency):
    """An agency's keyset is its own: another neither sees nor loads it; the shop's are read by all and changed by the shop."""
    other = world.agency()
    mine = keyset(world, agency, code=f"OWN{world.number()}")
    twin = keyset(world, other, code=mine.code)
    manager = world.fresh_caller(world.person(f"boss-{agency.lower()}", [("fleet_manager", agency), ("technician", agency)]))
    shared = keyset(world, code=mine.code)
    assert manager.GetKeyset(keyset=full(mine)).keyset.id == mine.id
    with refused("INVALID_ARGUMENT", field="keyset", text=f"2 keysets have the code {mine.code}; say which: SHOP:{mine.code}, {agency}:{mine.code}"):
        manager.GetKeyset(keyset=mine.code)
    for code in (full(twin), twin.id, "NOSUCH"):
        with refused("NOT_FOUND", field="keyset"):
            manager.GetKeyset(keyset=code)
    seen = {(k.agency, k.code) for k in manager.pages("ListKeysets", "keysets", page_size=2)}
    assert (agency, mine.code) in seen and ("SHOP", shared.code) in seen and {a for a, _ in seen} == {agency, "SHOP"}
    assert [k.code for k in manager.ListKeysets(agency=agency).keysets] == [mine.code]
    with refused("NOT_FOUND", field="agency"):
        manager.ListKeysets(agency=other)
    for method, values in (("UpdateKeyset", {"keyset": {"id": shared.id, "revision": 1, "name": "x"}, "update_mask": ["name"]}),
                           ("SupersedeKeyset", {"keyset": shared.id, "revision": 1, "reason": "x"}), ("ReinstateKeyset", {"keyset": shared.id, "revision": 1}),
                           ("CreateKeyset", {"keyset": {"agency": "SHOP", "code": "X", "name": "x", "number": 1, "algorithm": "adp", "ckrs": "1"}})):
        with refused("PERMISSION_DENIED", text="is the shop's"):
            getattr(manager, method)(**values)
    own = manager.CreateKeyset(keyset={"agency": agency, "code": "MINE", "name": "x", "number": 255, "algorithm": "des_ofb", "ckrs": "4095"}).keyset
    assert manager.SupersedeKeyset(keyset="MINE", revision=own.revision, superseded_by=full(shared)).keyset.superseded_by == full(shared)
    # radios
    ours, theirs = world.asset(agency), world.asset(other)
    with refused("FAILED_PRECONDITION", field="assets", text=f"asset {other}:{theirs.tag} is of another agency"):
        load(world, mine, theirs)
    with refused("NOT_FOUND", field="assets"):
        manager.LoadKeyset(keyset=full(shared), assets=[theirs.tag], means="otar")
    load(world, shared, ours, theirs, loader=kvl(world, other).tag)
    assert [(x.tag, x.loader) for x in manager.ListKeyLoads().loads] == [(ours.tag, "of another agency")], "whose loader it was is not told"
    assert [(x.agency, x.radios) for x in manager.SummarizeKeyHolders(keyset=full(shared)).holders] == [(agency, 1)]
    assert manager.GetKeyset(keyset=full(shared)).keyset.holders == 1 and world.vera.GetKeyset(keyset=shared.id).keyset.holders == 2
    for values in ({"asset": theirs.tag}, {"agency": other}, {"keyset": full(twin)}):
        with refused("NOT_FOUND"):
            manager.ListKeyLoads(**values)
    for values in ({"assets": [theirs.tag], "zeroized": True}, {"assets": [ours.tag, theirs.tag], "keyset": full(shared)}):
        with refused("NOT_FOUND", field="assets"):
            manager.EraseKeys(**values)
    assert len(held(world, keyset=shared.id)) == 2
    manager.close()


def test_all_or_none(world, agency):
    """One radio that is refused keeps all of them out, and each is named; a repeat of the call is the same load."""
    these, radios = keyset(world), [world.asset(agency) for _ in range(3)]
    battery, lost = world.asset(agency, **{"class": "battery", "model": ""}), world.asset(agency, status="missing")
    with refused("NOT_FOUND", field="assets", text="nothing is recorded, since 3 of 6 cannot be: no asset has the code NOSUCH; "
                 f"asset {agency}:{battery.tag} is a battery and holds no keys; asset {agency}:{lost.tag} is missing and is given no keys"):
        world.tina.LoadKeyset(keyset=these.id, assets=[radios[0].tag, "NOSUCH", battery.tag, radios[1].tag, lost.tag, radios[2].tag], means="otar")
    assert not held(world, agency=agency)
    request, values = new_id(), {"keyset": these.id, "assets": [r.tag for r in radios] + [radios[0].serial], "means": "otar"}
    first = world.tina.LoadKeyset(request_id=request, **values)
    assert len(first.loads) == 3, "a radio that was scanned twice was loaded once"
    assert world.tina.LoadKeyset(request_id=request, **values) == first and len(held(world, agency=agency, history=True)) == 3
    tool = kvl(world, agency)
    for values, code, field, text in (
            ({"assets": []}, "INVALID_ARGUMENT", "assets", "at least one"), ({"assets": ["X"] * 501}, "INVALID_ARGUMENT", "assets", "at most 500"),
            ({"assets": [""]}, "INVALID_ARGUMENT", "assets", "any code on it"), ({"keyset": ""}, "INVALID_ARGUMENT", "keyset", "code of a keyset"),
            ({"keyset": "NOSUCH"}, "NOT_FOUND", "keyset", "NOSUCH"), ({"means": "loader"}, "INVALID_ARGUMENT", "loader", "with which loader"),
            ({"means": "loader", "loader": "NOSUCH"}, "NOT_FOUND", "loader", "NOSUCH"), ({"loader": tool.tag}, "INVALID_ARGUMENT", "loader", "with no loader"),
            ({"means": "loader", "loader": radios[1].tag}, "FAILED_PRECONDITION", "loader", "is a portable; a key loader is test equipment or other"),
            ({"means": "loader", "loader": tool.tag, "assets": [tool.tag]}, "INVALID_ARGUMENT", "assets", "is the loader itself"),
            ({"ckrs": "5"}, "INVALID_ARGUMENT", "ckrs", "has no CKR 5; it has 1-4,20"), ({"ckrs": "4-1"}, "INVALID_ARGUMENT", "ckrs", "ranges"),
            ({"ckrs": "1-4096"}, "INVALID_ARGUMENT", "ckrs", "0 to 4095"), ({"ckrs": "1;2"}, "INVALID_ARGUMENT", "ckrs", "ranges"),
            ({"loaded_on": day(2)}, "INVALID_ARGUMENT", "loaded_on", "is not yet"), ({"loaded_on": day(-3)}, "FAILED_PRECONDITION", "assets", "later"),
            ({"loaded_on": "1970-01-01"}, "INVALID_ARGUMENT", "loaded_on", "1990"), ({"loaded_on": "soon"}, "INVALID_ARGUMENT", "loaded_on", "not a date"),
            ({"note": "a\x01"}, "INVALID_ARGUMENT", "note", "control"), ({"note": "x " * 1001}, "INVALID_ARGUMENT", "note", "2000")):
        with refused(code, field=field, text=text):
            world.tina.LoadKeyset(**{"keyset": these.id, "assets": [radios[0].tag], "means": "otar", **values})
    for values, code, field, text in (
            ({"keyset": keyset(world).id}, "FAILED_PRECONDITION", "assets", "does not hold keyset"), ({"keyset": ""}, "INVALID_ARGUMENT", "keyset", "code of a keyset"),
            ({"zeroized": True}, "INVALID_ARGUMENT", "keyset", "name a keyset, or say zeroized"), ({"erased_on": day(2)}, "INVALID_ARGUMENT", "erased_on", "is not yet"),
            ({"erased_on": day(-2)}, "FAILED_PRECONDITION", "assets", "was loaded later"),
            ({"assets": [tool.tag], "keyset": "", "zeroized": True}, "FAILED_PRECONDITION", "assets", "holds no keys on record")):
        with refused(code, field=field, text=text):
            world.tina.EraseKeys(**{"keyset": these.id, "assets": [radios[0].tag], **values})
    for values, field in (({"code": ""}, "code"), ({"code": "a b"}, "code"), ({"name": ""}, "name"), ({"number": 0}, "keyset.number"), ({"number": 256}, "keyset.number"),
                          ({"algorithm": "unspecified"}, "keyset.algorithm"), ({"ckrs": ""}, "keyset.ckrs"), ({"ckrs": "1,"}, "keyset.ckrs"), ({"agency": ""}, "keyset.agency")):
        with refused("INVALID_ARGUMENT", field=field):
            keyset(world, **values)
    with refused("ALREADY_EXISTS", field="keyset.code", text=full(these)):
        keyset(world, code=these.code.lower())
    with refused("INVALID_ARGUMENT", field="update_mask", text="another number or algorithm is another keyset"):
        world.ada.UpdateKeyset(keyset={"id": these.id, "revision": 1, "number": 3}, update_mask=["number"])


def test_successors_make_no_circle(world, agency):
    """Also not when two administrators say at once that each comes after the other; and a stale revision changes nothing."""
    a, b, own = keyset(world), keyset(world), keyset(world, agency)
    with refused("ABORTED", field="revision"):
        world.ada.SupersedeKeyset(keyset=a.id, revision=9, superseded_by=b.id)
    for values, code, field in (({"superseded_by": a.id}, "INVALID_ARGUMENT", "superseded_by"), ({"superseded_by": own.id}, "INVALID_ARGUMENT", "superseded_by"),
                                ({"superseded_by": "NOSUCH"}, "NOT_FOUND", "superseded_by"), ({}, "INVALID_ARGUMENT", "reason")):
        with refused(code, field=field):
            world.ada.SupersedeKeyset(keyset=a.id, revision=1, **values)
    with world.fresh_caller("ada") as one, world.fresh_caller("shop-admin") as two, ThreadPoolExecutor(2) as pool:
        def say(caller, old, new):
            try:
                return caller.SupersedeKeyset(keyset=old.id, revision=1, superseded_by=new.id).keyset
            except Refused as refusal:
                return refusal
        answers = list(pool.map(say, (one, two), (a, b), (b, a)))
    lost, = [x for x in answers if isinstance(x, Refused)]
    assert lost.code == "FAILED_PRECONDITION" and "is old itself; name one that is current" in lost.text, lost
    assert len([k for k in (a, b) if label(world.ada.GetKeyset(keyset=k.id).keyset, "state") == "old"]) == 1


def test_two_technicians_load_one_radio(world, agency):
    """Both are recorded, one after the other, and the radio holds the keyset once."""
    these, radios = keyset(world), [world.asset(agency) for _ in range(6)]
    with world.fresh_caller("tina") as one, world.fresh_caller("shop-technician") as two, ThreadPoolExecutor(2) as pool:
        def go(caller, tags, ckrs):
            return caller.LoadKeyset(keyset=these.id, assets=tags, ckrs=ckrs, means="otar").loads
        tags = [r.tag for r in radios]
        answers = list(pool.map(go, (one, two), (tags, tags[::-1]), ("1", "20")))
    assert [len(x) for x in answers] == [6, 6]
    assert [x.ckrs for x in held(world, agency=agency)] == ["1,20"] * 6
    assert len(held(world, agency=agency, history=True)) == 12


def test_another_radio_in_its_place_has_no_keys(world, agency, migrated):
    these, radio = keyset(world), world.asset(agency)
    load(world, these, radio)
    number = world.tina.OpenTicket(asset=radio.id, problem="dead", received=True).ticket.number
    ticket = world.tina.MoveTicket(ticket=number, revision=1, state="diagnosing").ticket
    rma = world.tina.OpenRma(ticket=number, number=f"RMA{radio.tag}", vendor="Depot", kind="depot").rma
    world.tina.ShipRma(rma=rma.number, revision=rma.revision)
    rma = world.tina.GetRma(rma=rma.number).rma
    world.tina.ReceiveRma(rma=rma.number, revision=rma.revision, outcome="replaced", serial="426CXZ9999")
    assert ticket and not held(world, asset=radio.id)
    ended, = held(world, asset=radio.id, history=True)
    assert (label(ended, "ended_as"), ended.ended_on, ended.ended_by) == ("replaced", day(), "tina")


# ---- No field can hold a key ----

def keys():
    """Keys as people paste them: (how, the text, what to look for). Each is another key, so that each is looked for by itself."""
    count = iter(range(1 << 20))

    def key(size):
        return hashlib.sha512(f"key {next(count)}".encode()).digest()[:size]
    for how, size, write in (
            ("AES", 32, bytes.hex), ("AES in capitals", 32, lambda k: k.hex().upper()), ("DES", 8, lambda k: k.hex().upper()),
            ("bytes", 32, lambda k: k.hex(" ")), ("words", 32, lambda k: k.hex("-", 4)), ("colons", 8, lambda k: k.hex(":").upper()),
            ("C", 8, lambda k: ", ".join(f"0x{b:02x}" for b in k)), ("dots", 32, lambda k: k.hex(".", 2)), ("strings", 8, lambda k: "".join(f"\\x{b:02x}" for b in k)),
            ("in a sentence", 8, lambda k: f"CKR 1 is {k.hex()} now"), ("lines", 32, lambda k: k.hex("\n", 8)), ("wide", 8, lambda k: "".join(chr(0xfee0 + ord(c)) for c in k.hex())),
            ("base64", 32, lambda k: base64.b64encode(k).decode()), ("base64 for URLs", 32, lambda k: base64.urlsafe_b64encode(k).decode().rstrip("="))):
        while True:
            made = key(size)
            yield_text = write(made)
            if len(set(made.hex())) > 4:
                yield how, yield_text, made
                break


def string_fields(descriptor, path=()):
    """Paths of all string fields of a message, those of messages and lists in it too."""
    for field in descriptor.fields:
        if field.message_type is not None and field.message_type.full_name == "google.protobuf.FieldMask":
            yield (*path, field.name), True
        elif field.message_type is not None:
            yield from string_fields(field.message_type, (*path, field.name))
        elif field.type == field.TYPE_STRING:
            yield (*path, field.name), field.label == field.LABEL_REPEATED


def with_text(values, path, many, text):
    head, *rest = path
    if rest:
        return {**values, head: with_text(values.get(head, {}), rest, many, text)}
    return {**values, head: [*values.get(head, []), text] if many else text}


def requests(world, agency):
    """A request of every write of the services here that is taken as it is, with every field filled in: {method: a new one each time}."""
    def loaded():
        radio, these = world.asset(agency), keyset(world, agency)
        load(world, these, radio)
        return radio, these

    tool = kvl(world, agency)

    def erasure():
        radio, these = loaded()
        return {"assets": [radio.tag], "keyset": full(these), "note": "fine"}

    def fresh():
        return {"agency": agency, "code": f"N{world.number()}", "name": "x", "number": 1, "algorithm": "adp", "ckrs": "1", "note": "fine"}
    return {
        "CreateKeyset": lambda: {"keyset": fresh()},
        "UpdateKeyset": lambda: {"keyset": {"id": keyset(world, agency).id, "revision": 1, "name": "x", "ckrs": "1", "note": "fine"},
                                 "update_mask": ["name", "ckrs", "note"]},
        "SupersedeKeyset": lambda: {"keyset": full(keyset(world, agency)), "revision": 1, "superseded_by": full(keyset(world, agency)), "reason": "fine"},
        "ReinstateKeyset": lambda: {"keyset": full(keyset(world, agency)), "revision": 1},
        "LoadKeyset": lambda: {"keyset": full(keyset(world, agency)), "assets": [world.asset(agency).tag], "loader": tool.tag, "ckrs": "1",
                               "note": "fine", "exception": "fine"},
        "EraseKeys": erasure,
    }


SERVICES = ("KeyService",)


def test_no_field_can_hold_a_key(world, agency, migrated, daemon):
    """Every string of every method of these services, found from their descriptors, is given keys in every form people paste them; no table,
    no event, no kept answer and no log has any of it afterwards. What is looked for is found when it is there."""
    begun = Trail(migrated, daemon)
    made = requests(world, agency)
    methods = [m for m in contract.methods().values() if m.full_name.split(".")[0] in SERVICES]
    assert {m.name for m in methods if m.writes} == set(made), "a write without a request here"
    for name, request in made.items():
        if name not in ("ReinstateKeyset",):
            getattr(world.ada, name)(**request())    # taken as it is, so that a refusal below is for the key
    tried = []
    for method in methods:
        for path, many in string_fields(method.request.DESCRIPTOR):
            base = made.get(method.name, dict)()
            for how, text, key in keys():
                values = with_text(base, path, many, text)
                tried.append((method.name, path, how, text, key))
                try:
                    world.ada.call(method, values)
                except Refused as refusal:
                    # Taken where it is not a field that is kept, such as the code beside the id of a keyset; then the next finds it done.
                    assert refusal.code in ("INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION", "ABORTED", "ALREADY_EXISTS"), f"{method.name} {path} {how}: {refusal}"
    assert len(tried) > 200
    looked_for = {how: (text, key) for _, _, how, text, key in tried}
    left = begun.left()
    for how, (text, key) in looked_for.items():
        assert not found(left, text, key), how
    # The search finds what is there: a note of an asset is free text.
    for how, (text, key) in looked_for.items():
        world.asset(agency, notes=f"x {text} x".replace("\x00", ""))
    left = begun.left()
    assert [how for how, (text, key) in looked_for.items() if not found(left, text, key)] == []


class Trail:
    """What is written from now on: every row of every table, the bytes of kept answers as text, and all logs."""

    def __init__(self, migrated, daemon):
        self.migrated = migrated
        self.logs = {path: path.stat().st_size for path in (*migrated.directory.rglob("*log*"), daemon.log) if path.is_file()}
        self.begun = migrated.value("SELECT pg_current_xact_id()::xid::text")

    def left(self):
        """As it is, in small letters and digits alone, and so without the x of hexadecimal numbers."""
        tables = [row[0] for row in self.migrated.sql("""SELECT c.oid::regclass FROM pg_class c
            WHERE c.relnamespace = 'radioshop'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'request'""")]
        since = f"WHERE age(t.xmin) <= age('{self.begun}'::xid)"
        rows = self.migrated.sql(" UNION ALL ".join(f"SELECT t::text FROM {table} t {since}" for table in tables))
        replies = self.migrated.sql(f"SELECT encode(t.reply, 'hex') FROM radioshop.request t {since}")
        logs = [path.read_bytes()[size:].decode("utf-8", "replace") for path, size in self.logs.items()]
        assert len(tables) > 30 and len(rows) > len(tables) and replies and any("radioshop" in text for text in logs)
        whole = "\n".join(("\n".join("\x1f".join(row) for row in rows), *(bytes.fromhex(row[0]).decode("utf-8", "replace") for row in replies), *logs))
        plain = "".join(filter(str.isalnum, whole.lower()))
        return whole, plain, plain.replace("0x", "").replace("x", "")


def found(left, text, key):
    whole, *plain = left
    wide = "".join(chr(0xfee0 + ord(c)) for c in key.hex())
    return text in whole or wide in whole or any(key.hex() in each for each in plain)


@pytest.mark.parametrize("text", ["2026-11-23 at 10:42, tags 1042 and 1043", "acceded to: a faded facade", "https://example.org/policies/2023/encryption",
                                  "case 2026-00123, officer 4711 in car 12", "see IND-2026-00042 and IND-2026-00043", "Fähre, Zürich, 東京"])
def test_what_is_no_key_is_taken(world, agency, text):
    assert keyset(world, agency, note=text).note == text
