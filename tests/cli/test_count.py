"""A count with the command: codes from a file, from --code and from the keyboard, and the report."""

import json
import os
import pty
import subprocess

from rig import COMMAND
from test_command import DENIED, REFUSED, column_of


def test_a_count(shop, world, agency):
    radios = [world.asset(agency, location="HQ", assigned_to=f"Engine {i}") for i in range(5)]
    number = column_of(shop.ok("tina", "inventory", "start", agency, "hq", "-o", "csv"), "number")[0]
    shop.fails(REFUSED, "tina", "inventory", "start", agency, "Annex", says="such as HQ")
    # a file as scanners write it, with what is no code in between; the good ones are taken all the same
    codes = f"{radios[0].tag}\r\n\n  {radios[1].serial.lower()} \nNOBODY\n".encode() + b"\xff\xfe\n" + b"x" * 3000 + b"\n" + radios[2].tag.encode()
    done = shop.run("tina", "inventory", "scan", number, "-o", "csv", stdin=codes, binary=True)
    assert done.returncode == REFUSED
    out, said = done.stdout.decode(), done.stderr.decode()
    assert column_of(out, "tag") == [radios[0].tag, radios[1].tag, "", radios[2].tag]
    assert column_of(out, "verdict") == ["found", "found", "unexpected", "found"]
    assert "line 5 " in said and "line 6 is too long for a code" in said and "6 scanned: 3 found, 0 in the wrong place, 1 unexpected" in said
    # begun again from the top after an interruption, with more than one call takes
    again = shop.run("ind-viewer", "inventory", "scan", number, stdin="X\n")
    assert (again.returncode, again.stderr) == (DENIED, "radioshop: none of your roles allows this\n")
    again = shop.run("tina", "inventory", "scan", number, "-o", "csv", stdin=f"{radios[0].tag}\n{radios[3].tag}\n" * 120)
    assert (again.returncode, column_of(again.stdout, "already")[:4]) == (0, ["true", "false", "true", "true"])
    assert "240 scanned: 1 found, 0 in the wrong place, 0 unexpected, 239 scanned before" in again.stderr
    assert column_of(shop.ok("tina", "inventory", "scan", number, "--code", "NOBODY", "--code", radios[3].tag, "-o", "csv"), "already") == ["true", "true"]
    shop.ok("tina", "inventory", "undo", number, "nobody")
    assert column_of(shop.ok("vera", "inventory", "items", number, "--verdict", "missing", "-o", "csv"), "assigned_to") == ["Engine 4"]
    assert [i["verdict"] for i in json.loads(shop.ok("vera", "inventory", "items", number, "-o", "json"))] == ["found"] * 4 + ["missing"]
    assert column_of(shop.ok("vera", "inventory", "progress", number, "-o", "csv"), "percent") == ["80"]
    assert "80" in shop.ok("vera", "inventory", "show", number) and number in shop.ok("vera", "inventory", "--agency", agency)
    # at a terminal each code is answered at once
    leader, follower = pty.openpty()
    with subprocess.Popen([COMMAND, "inventory", "scan", number, "--location", "Vault"], stdin=follower, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=shop.environment(RADIOSHOP_PROFILE=shop.profile("tina"))) as watched:
        os.close(follower)
        os.write(leader, f"{radios[4].tag}\n".encode())
        line = watched.stdout.readline().decode()
        assert line.startswith("wrong place") and f"{radios[4].tag}  Engine 4  belongs to HQ" in line
        os.write(leader, b"\x1b[31m\n\x04")
        rest = watched.communicate(timeout=60)
        assert watched.returncode == REFUSED and "contains" in rest[1].decode() and "\x1b" not in rest[1].decode() + rest[0].decode()
    os.close(leader)
    closed = shop.ok("ada", "inventory", "close", number, "--set-location", "-o", "csv", "--columns", "percent,set_location")
    assert (column_of(closed, "percent"), column_of(closed, "set_location")) == (["100"], ["1"])
    shop.fails(REFUSED, "ada", "inventory", "close", number, says="was closed by ada")
    shop.fails(REFUSED, "tina", "inventory", "scan", number, stdin="X\n", says="nothing of it changes any more")
    text = shop.ok("tina", "inventory", "scan", "--help")
    assert "--code" in text and "standard input" in text
