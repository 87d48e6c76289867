"""tests/compliance.md names a test for each row of the protocol, and the tables beside it for each rule of the domain; this holds the
names against the tree, and the sentences of bad_input.md against the sources."""

import re

import pytest

from rig import ROOT

# And how many rows there are at least.
TABLES = {"compliance.md": 280, "shared_cost.md": 30, "maintenance.md": 80, "repair.md": 60, "alerts.md": 40, "register.md": 50, "bad_input.md": 15}


def rows(table):
    """(what, ["tests/service/test_x.py::test_y", …]) of every row."""
    for line in (ROOT / "tests" / table).read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("|") and not line.startswith(("|--", "| what |")):
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


def test_bad_input_hears_these_sentences():
    """Status and sentence of every row, as a statement of the schema has them; … stands for the values."""
    schema = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "migrations" / "deploy").glob("*.sql"))
    schema = re.sub(r"%%|(%s)+|%", lambda found: "%" if found[0] == "%%" else "…", schema.replace("''", "'"))
    lines = (ROOT / "tests" / "bad_input.md").read_text(encoding="utf-8").splitlines()
    answers = [line.split(" | ")[1].partition(": ") for line in lines if re.match(r"\| (?!what \|)", line)]
    assert {status for status, _, sentence in answers if sentence} == {"INVALID_ARGUMENT", "FAILED_PRECONDITION", "ABORTED", "ALREADY_EXISTS", "NOT_FOUND", "refused"}
    assert [sentence for _, _, sentence in answers if sentence not in schema] == []


@pytest.mark.parametrize("name", ["service/test_protocol.py::test_that_is_not_there", "service/no_such.py::test_deadline",
                                  "unit/frame_test.c::no_such_test"])
def test_a_name_that_is_not_there_is_seen(name):
    assert not exists(name)
