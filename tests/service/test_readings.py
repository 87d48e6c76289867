"""Limits and measured readings: what a reading is worth is said by the database, from versions that nobody can change."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from rig.caller import Refused, refused
from rig.world import day


def newest(world, test, **wanted):
    """The newest version of the limit of that test whose fields are as wanted."""
    found = [limit for limit in world.vera.pages("ListLimits", "limits", test=test)
             if all(getattr(limit, k) == v for k, v in wanted.items())]
    assert len(found) == 1, found
    return found[0]


def set_limit(world, test, **values):
    values = {"direction": "max_abs", "unit": "Hz", "source": "the shop's own", **values}
    return world.ada.SetLimit(limit={"test": test, **values}).limit


@pytest.fixture
def test_name(world):
    """A test that nobody else has limits for."""
    return f"test_{world.number()}"


def test_the_published_figures_are_there(world):
    apx = newest(world, "tx_freq_error", family="APX 6000", band="7/800")
    assert (apx.text, apx.version, apx.set_by != "") == ("±696 Hz", 1, True) and "p. 5-13" in apx.source
    legal = [limit for limit in world.vera.pages("ListLimits", "limits", test="tx_freq_error") if "90.213" in limit.source]
    assert len(legal) == 6 and {limit.unit for limit in legal} == {"ppm"}


def test_a_new_version_leaves_the_old_one(world, test_name):
    first = set_limit(world, test_name, high=100)
    assert (first.version, first.valid_from, first.set_by) == (1, day(), "ada")
    second = set_limit(world, test_name, high=90, version=1)
    assert second.version == 2 and second.id != first.id
    both = world.vera.ListLimits(test=test_name, history=True).limits
    assert [(limit.id, limit.high) for limit in both] == [(second.id, 90), (first.id, 100)]
    assert [limit.id for limit in world.vera.ListLimits(test=test_name).limits] == [second.id]
    events = world.ada.ListEvents(resource="limit", resource_id=second.id).events
    assert [(e.action, e.principal) for e in events] == [("insert", "ada")]


def test_a_stale_version_is_told_the_new_one(world, test_name):
    set_limit(world, test_name, high=100)
    with refused("ABORTED", field="version", text="version 1"):
        set_limit(world, test_name, high=90)
    with refused("ABORTED", field="version"):
        set_limit(world, test_name, high=90, version=7)


def test_two_administrators_at_once(world, test_name):
    """Both have read version 1: one makes version 2, the others are told."""
    set_limit(world, test_name, high=100)

    def change(i):
        with world.fresh_caller("ada") as caller:
            try:
                return caller.SetLimit(limit={"test": test_name, "direction": "max_abs", "high": 10 + i, "unit": "Hz",
                                              "source": "x", "version": 1}).limit.version
            except Refused as refusal:
                return refusal.code
    with ThreadPoolExecutor(6) as pool:
        assert sorted(map(str, pool.map(change, range(6)))) == ["2"] + ["ABORTED"] * 5
    assert len(world.vera.ListLimits(test=test_name, history=True).limits) == 2


@pytest.mark.parametrize("values, field", [
    ({"high": float("nan")}, "high"), ({"high": float("inf")}, "high"), ({}, "high"), ({"high": -1}, "high"),
    ({"high": 1, "low": 0}, "low"), ({"high": 1, "unit": ""}, "unit"), ({"high": 1, "source": ""}, "source"),
    ({"high": 1, "direction": 0}, "direction"), ({"high": 1, "from_mhz": 5}, "from_mhz"),
    ({"high": 1, "mode": "P 25"}, "mode"), ({"high": 1, "valid_from": "soon"}, "limit.valid_from")],
    ids=lambda v: str(v))
def test_what_is_no_limit(world, test_name, values, field):
    with refused("INVALID_ARGUMENT", field=field):
        set_limit(world, test_name, **values)
    assert not world.vera.ListLimits(test=test_name, history=True).limits
