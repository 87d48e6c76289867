"""tests/compliance.md names a test for each row of the protocol, tests/shared_cost.md for each rule of shared cost; this holds the
names against the tree."""

import re

import pytest

from rig import ROOT

TABLES = {"compliance.md": 100, "shared_cost.md": 30}    # and how many rows there are at least


def rows(table):
    """(what, ["tests/service/test_x.py::test_y", …]) of every row."""
    for line in (ROOT / "tests" / table).read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("|") and not line.startswith(("|--", "| what")):
            yield cells[0], re.findall(r"`([^`]+::[^`]+)`", cells[-1])


def exists(name):
    path, test = name.split("::")
    file = ROOT / "tests" / path
    if not file.is_file():
        return False
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        return re.search(rf"^def {re.escape(test)}\(", text, re.M) is not None
    if file.parent.name == "fuzz":
        # meson makes the replay of a corpus of the name in its list
        listed = re.findall(r"'(\w+)'", (ROOT / "tests" / "meson.build").read_text(encoding="utf-8"))
        return test == f"corpus_{file.stem}" and file.stem in listed
    if test == "*":
        return True    # the whole file
    # cmocka: a function that is in the list of what is run
    return re.search(rf"^\s*cmocka_unit_test\w*\({re.escape(test)}\b", text, re.M) is not None


@pytest.mark.parametrize("name", TABLES)
def test_every_row_has_its_tests(name):
    table = list(rows(name))
    assert len(table) >= TABLES[name], "rows were lost"
    assert [what for what, tests in table if not tests] == []
    assert [name for _, tests in table for name in tests if not exists(name)] == []


@pytest.mark.parametrize("name", TABLES)
def test_no_row_is_said_twice(name):
    whats = [what for what, _ in rows(name)]
    assert sorted(set(whats)) == sorted(whats)


@pytest.mark.parametrize("name", ["service/test_protocol.py::test_that_is_not_there", "service/no_such.py::test_deadline",
                                  "unit/frame_test.c::no_such_test"])
def test_a_name_that_is_not_there_is_seen(name):
    assert not exists(name)
