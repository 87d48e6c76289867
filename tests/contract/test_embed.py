"""sql/embed.py: which colons are parameters, and which are not."""

import importlib.util
import pathlib

import pytest

PATH = pathlib.Path(__file__).resolve().parents[2] / "daemon" / "sql" / "embed.py"
SPEC = importlib.util.spec_from_file_location("embed", PATH)
embed = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(embed)


@pytest.mark.parametrize("text, expected, names", [
    ("SELECT :a::text, :b.c", "SELECT $1::text, $2", ["a", "b.c"]),
    ("SELECT :a, :b, :a", "SELECT $1, $2, $1", ["a", "b"]),
    ("-- :a\nSELECT 1", "-- :a\nSELECT 1", []),
    ("/* :a /* :b */ :c */ :d", "/* :a /* :b */ :c */ $1", ["d"]),
    ("'it''s :a' || :b", "'it''s :a' || $1", ["b"]),
    (r"e'\' :a' || :b", r"e'\' :a' || $1", ["b"]),
    (r"date'\' || :b", r"date'\' || $1", ["b"]),
    ('"a:b" || :c', '"a:b" || $1', ["c"]),
    ("$$ :a $$ || $x$ :b $$ $x$ || :c", "$$ :a $$ || $x$ :b $$ $x$ || $1", ["c"]),
    ("f(x := :a)", "f(x := $1)", ["a"]),
    ("a[1:2] || :b", "a[1:2] || $1", ["b"]),
    ("(:page_key::text[])[1]::date", "($1::text[])[1]::date", ["page_key"]),
])
def test_parameters(text, expected, names):
    assert embed.parse(text) == (expected, names)


@pytest.mark.parametrize("text", ["SELECT $1", "SELECT 'a", 'SELECT "a', "/* a"])
def test_faults(text):
    with pytest.raises(embed.Fault):
        embed.parse(text)


def test_literal_is_c():
    assert embed.literal('a"\\?\té\n\nb') == '\t\t"a\\"\\\\\\077\\t\\303\\251\\n"\n\t\t"\\n"\n\t\t"b"'
