#!/usr/bin/env python3
"""Turns daemon/sql/NAME.sql into SQL functions that a pgTAP test can call with a request written as JSON.

Usage, in a test run from the top of the checkout:
  \\set calls `python3 tests/sql/statements.py get_asset update_asset`
  :calls
  SELECT pg_temp.get_asset('{"asset": "1042"}') ->> 'tag';

A function returns one jsonb a row, its keys the statement's columns. Values become parameters by the rules of the
daemon's mapper: a string that is not given is '', an enum, date or UUID that is not given is NULL, a field of a
repeated message is an array.
"""
import os
import re
import sys

here = os.path.dirname(os.path.abspath(__file__))
sql = os.path.join(here, "..", "..", "daemon", "sql")
sys.path.insert(0, sql)
import embed  # noqa: E402

ENUMS = {"class", "direction", "status", "role", "state", "kind", "priority", "result", "basis", "interval_unit", "meter", "split", "warranty_work", "stock_work", "channel", "outcome", "by", "capability", "standing"}
REPEATED = {"rows", "models", "readings", "fees", "fixed_costs", "members", "answers", "steps"}


def value(name, cast):
    """SQL that takes the request field `name` out of the JSON as what the statement casts it to."""
    path = name.split(".")
    if path[0] in REPEATED:
        element = f"e ->> '{path[1]}'"
        if cast == "text[]" and path[1] not in ENUMS:
            element = f"coalesce({element}, '')"
        return (f"ARRAY(SELECT ({element})::{cast[:-2]} FROM jsonb_array_elements(request -> '{path[0]}')"
                " WITH ORDINALITY AS x (e, n) ORDER BY x.n)")
    text = "request #>> '{%s}'" % ",".join(path)
    if cast.endswith("[]"):
        return ("(SELECT array_agg(e ORDER BY x.n) FROM jsonb_array_elements_text(request #> '{%s}')"
                " WITH ORDINALITY AS x (e, n))::%s" % (",".join(path), cast))
    if name == "page_limit":
        return f"coalesce({text}, '1000')::{cast}"
    if cast == "text" and path[-1] not in ENUMS:
        # A field of a message that is not there at all has no value.
        missing = "request -> '%s' IS NOT NULL" % path[0] if len(path) > 1 else "true"
        return f"CASE WHEN {missing} THEN coalesce({text}, '') END"
    if cast in ("int4", "int8", "bool") and path[-1] not in ("unit_id", "cost_cents", "low", "high", "from_mhz", "to_mhz", "frequency_mhz"):
        return f"coalesce({text}, '0')::{cast}"
    return f"nullif({text}, '')::{cast}"


def function(name):
    with open(os.path.join(sql, name + ".sql"), encoding="utf-8") as file:
        text = file.read()
    names, casts, out = [], {}, []
    for match in embed.TOKEN.finditer(text):
        found = match.group("name")
        if not found:
            out.append(match.group(0))
            continue
        if found not in names:
            names.append(found)
            cast = re.match(r"::([a-z0-9]+(?:\[\])?)", text[match.end():])
            if not cast:
                sys.exit(f"{name}.sql: :{found} has no cast at its first use")
            casts[found] = cast.group(1)
        out.append("$%d" % (names.index(found) + 1))
    values = ", ".join(value(n, casts[n]) for n in names)
    return f"""CREATE FUNCTION pg_temp.{name}(request jsonb) RETURNS SETOF jsonb LANGUAGE plpgsql AS $made$
DECLARE
  r record;
BEGIN
  FOR r IN EXECUTE $statement${''.join(out)}$statement${' USING ' + values if values else ''} LOOP
    RETURN NEXT to_jsonb(r);
  END LOOP;
END
$made$;"""


if __name__ == "__main__":
    print("\n".join(function(name) for name in sys.argv[1:]))
