"""Files on their way into the register: how far each came, and that it is counted once, whoever sends what at the same time."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from rig import contract
from rig.caller import Refused, refused
from rig.world import new_id

COUNTS = ("rows_done", "created", "changed", "unchanged", "refused")


def row(number, **values):
    return {"line": number, "tag": f"R{number:04d}", "class": "portable", **values}


def begin(caller, agency, rows, file=None):
    return caller.StartImport(agency=agency, file_name="radios.csv", file=file or new_id(), rows=rows).run


def counts(run):
    return tuple(getattr(run, name) for name in COUNTS)


def state(run):
    return contract.label(run, "state")


def test_a_file_in_batches(world, agency, migrated):
    """Counted in the transaction that writes the rows; over with the last row; began and ended are its only events."""
    run = begin(world.tina, agency, 6)
    assert (state(run), run.started_by, run.file_name, run.rows, counts(run)) == ("running", "tina", "radios.csv", 6, (0, 0, 0, 0, 0))
    world.tina.ImportAssets(agency=agency, rows=[row(99)])
    world.tina.ImportAssets(agency=agency, run=run.id, rows_done=3, rows=[row(2), row(3, **{"class": "toaster"}), row(99, line=4)])
    seen = world.vera.GetImport(run=run.id).run
    assert (state(seen), counts(seen)) == ("running", (3, 1, 0, 1, 1)) and not seen.HasField("ended_at")
    assert [r.id for r in world.vera.ListImports(agency=agency, state="running").runs] == [run.id]
    # The client refused line 6 itself: it is done with this call, and not sent.
    world.tina.ImportAssets(agency=agency, run=run.id, rows_done=5, rows=[row(2, line=5, notes="new")])
    world.tina.ImportAssets(agency=agency, run=run.id, rows_done=6, rows=[row(7)])
    seen = world.vera.GetImport(run=run.id.upper()).run
    assert (state(seen), counts(seen), seen.ended_by) == ("finished", (6, 2, 1, 1, 2), "tina") and seen.HasField("ended_at")
    assert not world.vera.ListImports(agency=agency, state="running").runs and not world.vera.ListImports(agency=agency, state="abandoned").runs
    events = migrated.sql(f"SELECT action, principal FROM radioshop.event WHERE resource = 'import' AND resource_id = '{run.id}' ORDER BY at")
    assert [tuple(e) for e in events] == [("insert", "tina"), ("update", "tina")]
    with refused("FAILED_PRECONDITION", field="run", text="finished"):
        world.tina.ImportAssets(agency=agency, run=run.id, rows_done=6, rows=[row(8)])
    assert "R0008" not in {a.tag for a in world.tina.ListAssets(agency=agency).assets}


def test_broken_off_and_begun_again(world, agency):
    """The same file of the same person goes on with its run, and counts no row twice; a dry run counts none."""
    file = new_id()
    run = begin(world.tina, agency, 4, file)
    batch = {"agency": agency, "run": run.id, "rows_done": 2, "rows": [row(2), row(3)]}
    world.tina.ImportAssets(**batch)
    world.tina.ImportAssets(**batch, request_id=new_id())
    again = begin(world.tina, agency, 4, file)
    assert (again.id, counts(again)) == (run.id, (2, 2, 0, 0, 0))
    with refused("FAILED_PRECONDITION", field="rows", text="was begun with 4 rows"):
        begin(world.tina, agency, 5, file)
    world.tina.ImportAssets(**{**batch, "dry_run": True, "rows": [row(4)], "rows_done": 3})
    world.tina.ImportAssets(**{**batch, "rows_done": 3, "rows": [row(2), row(3), row(4)]})
    assert counts(world.tina.GetImport(run=run.id).run) == (3, 3, 0, 0, 0), "two rows came again with one that is new"
    world.tina.ImportAssets(**{**batch, "rows_done": 4, "rows": [row(5)]})
    over = begin(world.tina, agency, 4, file)
    assert over.id != run.id and counts(over) == (0, 0, 0, 0, 0), "what is finished is imported anew"
    assert [r.id for r in world.tina.ListImports(agency=agency).runs] == [over.id, run.id]


def test_several_at_once(world, agency):
    """One file begun by many clients of one person is one run, of two persons two; the same batch from two is counted once."""
    file = new_id()
    callers = [world.fresh_caller("tina") for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        runs = list(pool.map(lambda c: begin(c, agency, 500, file), callers))
        assert len({r.id for r in runs}) == 1
        batch = {"agency": agency, "run": runs[0].id, "rows_done": 100, "rows": [row(n) for n in range(2, 102)]}
        list(pool.map(lambda c: c.ImportAssets(**batch, request_id=new_id()), callers))
    assert counts(world.tina.GetImport(run=runs[0].id).run) == (100, 100, 0, 0, 0)
    assert begin(world.ada, agency, 500, file).id != runs[0].id

    def abandon_or_send(n):
        try:
            if n == 0:
                return callers[0].EndImport(run=runs[0].id, state="abandoned").run.rows_done
            callers[n].ImportAssets(agency=agency, run=runs[0].id, rows_done=100 + n, rows=[row(200 + n)])
            return 200 + n
        except Refused as refusal:
            assert (refusal.code, refusal.text) == ("FAILED_PRECONDITION", "this import is abandoned: begin a new one")
            return None
    with ThreadPoolExecutor(6) as pool:
        kept = [line for line in pool.map(abandon_or_send, range(6)) if line is not None and line >= 200]
    seen = world.tina.GetImport(run=runs[0].id).run
    assert (state(seen), seen.created) == ("abandoned", 100 + len(kept)), "what came before it was given up is in and counted, the rest is not"
    assert {a.tag for a in world.tina.ListAssets(agency=agency, page_size=1000).assets} == {
        f"R{n:04d}" for n in [*range(2, 102), *kept]}
    for caller in callers:
        caller.close()


def test_ending(world, agency):
    mine, hers = begin(world.tina, agency, 9), begin(world.ada, agency, 9)
    world.tina.ImportAssets(agency=agency, run=mine.id, rows_done=4, rows=[row(2)])
    with refused("FAILED_PRECONDITION", field="state", text="tina's: it can be abandoned"):
        world.ada.EndImport(run=mine.id, state="finished")
    over = world.tina.EndImport(run=mine.id, state="finished").run
    assert (state(over), counts(over), over.ended_by) == ("finished", (9, 1, 0, 0, 8), "tina"), "the rest was refused by the client"
    assert world.tina.EndImport(run=mine.id, state="finished").run == over
    with refused("FAILED_PRECONDITION", field="state", text="finished already"):
        world.tina.EndImport(run=mine.id, state="abandoned")
    with refused("FAILED_PRECONDITION", field="run", text="ada's"):
        world.tina.ImportAssets(agency=agency, run=hers.id, rows_done=1, rows=[row(3)])
    assert state(world.tina.EndImport(run=hers.id, state="abandoned").run) == "abandoned"


@pytest.mark.parametrize("values, field", [
    ({"agency": ""}, "agency"), ({"file": "no uuid"}, "file"), ({"file": ""}, "file"), ({"file_name": ""}, "file_name"), ({"file_name": "a\tb"}, "file_name"),
    ({"file_name": "x" * 201}, "file_name"), ({"rows": 0}, "rows"), ({"rows": -1}, "rows"), ({"rows": 10000001}, "rows")])
def test_wrong_beginnings(world, agency, values, field):
    with refused("INVALID_ARGUMENT", field=field):
        world.tina.StartImport(**{"agency": agency, "file_name": "radios.csv", "file": new_id(), "rows": 1, **values})
    assert not world.tina.ListImports(agency=agency).runs


def test_wrong_batches(world, agency):
    run, other = begin(world.tina, agency, 5), begin(world.tina, world.agency(), 5)
    for values, code, field in (({"run": "mine"}, "INVALID_ARGUMENT", "run"), ({"run": new_id()}, "NOT_FOUND", "run"), ({"run": other.id}, "INVALID_ARGUMENT", "run"),
                                ({"rows_done": 0}, "INVALID_ARGUMENT", "rows_done"), ({"rows_done": 6}, "INVALID_ARGUMENT", "rows_done"),
                                ({"rows": [row(n) for n in range(2, 5)]}, "INVALID_ARGUMENT", "rows_done")):
        with refused(code, field=field):
            world.tina.ImportAssets(**{"agency": agency, "run": run.id, "rows_done": 1, "rows": [row(2)], **values})
    for values, field in (({"run": run.id}, "state"), ({"run": run.id, "state": "running"}, "state"), ({"run": "", "state": "finished"}, "run")):
        with refused("INVALID_ARGUMENT", field=field):
            world.tina.EndImport(**values)
    assert not world.tina.ListAssets(agency=agency).assets and counts(world.tina.GetImport(run=run.id).run) == (0, 0, 0, 0, 0)


def test_another_agency_sees_nothing(world, agency):
    run = begin(world.tina, agency, 5)
    frank, absent = world.frank, new_id()
    assert run.id not in {r.id for r in frank.ListImports(page_size=1000).runs}
    for call in (lambda r: frank.GetImport(run=r), lambda r: frank.EndImport(run=r, state="abandoned"),
                 lambda r: frank.ImportAssets(agency="IND", run=r, rows_done=1, rows=[row(2)])):
        with refused("NOT_FOUND", field="run") as one:
            call(run.id)
        with refused("NOT_FOUND", field="run") as none:
            call(absent)
        assert one.text.replace(run.id, "") == none.text.replace(absent, "")
    with refused("NOT_FOUND", field="agency"):
        begin(frank, agency, 1)
    assert state(world.tina.GetImport(run=run.id).run) == "running"
