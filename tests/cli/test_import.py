"""Tables from the field into the register: the real file of the US government, and every way a file can be odd."""

import csv
import json
import re
import subprocess
import time

import pytest

from rig import COMMAND, ROOT, contract

LESO = ROOT / "tests" / "data" / "leso_1033_texas_transfers.csv"
REFUSED = 65


def numbers(done):
    """The report's sums: {"created": n, …}."""
    text = done.stdout + done.stderr
    found = {}
    for word in ("created", "changed", "unchanged", "refused"):
        match = re.search(rf"(\d[\d,]*) {word}\b|\b{word}:? *(\d[\d,]*)", text)
        found[word] = int((match[1] or match[2]).replace(",", "")) if match else 0
    return found


def import_(shop, agency, path, *words, who="tina"):
    return shop.run(who, "asset", "import", str(path), "--agency", agency, *words)


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding) if isinstance(text, str) else text)
    return path


ROWS = "tag,serial,class,assigned_to,cost\nA1,S1,portable,Engine 1,\"$1,250.00\"\nA2,S2,mobile,\"Truck, 2\",99\n"


@pytest.mark.parametrize("text, encoding", [
    (ROWS, "utf-8"), ("\ufeff" + ROWS, "utf-8"), (ROWS.replace("\n", "\r\n"), "utf-8"), (ROWS.replace("\n", "\r"), "utf-8"),
    (ROWS.rstrip("\n"), "utf-8"), (ROWS + "\n\n", "utf-8"), (ROWS.replace("\n", "\r\n") + "\r\n", "utf-8")],
    ids=["lf", "bom", "crlf", "cr", "no-end", "blank-lines", "crlf-blank"])
def test_line_ends(shop, world, agency, tmp_path, text, encoding):
    done = import_(shop, agency, write(tmp_path / "t.csv", text, encoding))
    assert done.returncode == 0 and numbers(done)["created"] == 2, done.stdout + done.stderr
    assert {(a.tag, a.assigned_to, a.cost_cents) for a in world.tina.ListAssets(agency=agency).assets} == {
        ("A1", "Engine 1", 125000), ("A2", "Truck, 2", 9900)}


def test_legacy_bytes(shop, world, agency, tmp_path):
    """A table out of an old spreadsheet in Windows-1252."""
    done = import_(shop, agency, write(tmp_path / "t.csv", "tag,class,assigned_to\nW1,portable,Peña – Müller\n", "cp1252"))
    assert numbers(done)["created"] == 1, done.stdout + done.stderr
    assert world.tina.ListAssets(agency=agency).assets[0].assigned_to == "Peña – Müller"


def test_header_aliases(shop, world, agency, tmp_path):
    """Headings as shops write them."""
    done = import_(shop, agency, write(tmp_path / "t.csv",
                                       "Asset Tag,Serial Number,Class,Assigned To,Radio ID,System\nT1,SN1,portable,Unit 4,701234,MARRS\n"))
    assert numbers(done)["created"] == 1, done.stdout + done.stderr
    asset = world.tina.ListAssets(agency=agency).assets[0]
    assert (asset.tag, asset.serial, asset.assigned_to, asset.unit_id) == ("T1", "SN1", "Unit 4", 701234)


def test_twice_and_dry(shop, world, agency, tmp_path):
    file = write(tmp_path / "t.csv", ROWS)
    dry = import_(shop, agency, file, "--dry-run")
    assert dry.returncode == 0 and numbers(dry)["created"] == 2 and not world.tina.ListAssets(agency=agency).assets
    assert numbers(import_(shop, agency, file)) == {"created": 2, "changed": 0, "unchanged": 0, "refused": 0}
    assert numbers(import_(shop, agency, file)) == {"created": 0, "changed": 0, "unchanged": 2, "refused": 0}
    write(file, ROWS.replace("Engine 1", "Engine 9"))
    assert numbers(import_(shop, agency, file)) == {"created": 0, "changed": 1, "unchanged": 1, "refused": 0}


def test_refused_rows_can_be_mended(shop, world, agency, tmp_path):
    """Each is named by line, column, value and reason; the rejects file, corrected, goes in."""
    file = write(tmp_path / "radios.csv", "tag,class,cost,quantity\nB1,portable,10,1\nB2,spaceship,10,1\nB3,portable,lots,1\n"
                 "B4,portable,10,1\n")
    rejects = tmp_path / "rejects.csv"
    done = import_(shop, agency, file, "--rejects", rejects)
    text = done.stdout + done.stderr
    assert done.returncode == REFUSED and numbers(done)["created"] == 2 and numbers(done)["refused"] == 2, text
    for line, column, value in (("3", "class", "spaceship"), ("4", "cost", "lots")):
        assert any(re.search(rf"\b{line}\b", row) and column in row and value in row for row in text.splitlines()), text
    assert {a.tag for a in world.tina.ListAssets(agency=agency).assets} == {"B1", "B4"}
    mended = rejects.read_text(encoding="utf-8").replace("spaceship", "mobile").replace("lots", "12")
    again = import_(shop, agency, write(tmp_path / "mended.csv", mended))
    assert again.returncode == 0 and numbers(again)["created"] == 2, again.stdout + again.stderr
    assert len(world.tina.ListAssets(agency=agency).assets) == 4


@pytest.mark.parametrize("text, says", [
    ("", ""), ("tag,class\n", ""), ("tag,class,tag\nA,portable,B\n", "tag"), ("\x00\x01\x02\x03", ""),
    ("name,colour\nx,y\n", ""), ("tag,class\n\"unclosed,portable\nB,portable\n", "")],
    ids=["empty", "header-only", "twice", "binary", "no-known-column", "quote"])
def test_odd_files(shop, world, agency, tmp_path, text, says):
    """Told in words; never a crash, never a silent half."""
    done = import_(shop, agency, write(tmp_path / "t.csv", text))
    assert done.returncode in (0, 64, 65), done.stderr
    assert (done.stdout + done.stderr).strip() and says in done.stdout + done.stderr
    assert len(world.tina.ListAssets(agency=agency).assets) <= 1


def test_rows_of_another_width(shop, world, agency, tmp_path):
    done = import_(shop, agency, write(tmp_path / "t.csv", "tag,class,notes\nC1,portable\nC2,portable,x,y,z\nC3,portable,ok\n"))
    text = done.stdout + done.stderr
    tags = {a.tag for a in world.tina.ListAssets(agency=agency).assets}
    assert "C3" in tags and "C2" not in tags and re.search(r"\b3\b", text), text


def test_another_agencys_table(shop, world, tmp_path):
    file = write(tmp_path / "t.csv", ROWS)
    done = import_(shop, "LSU", file, who="frank")
    assert done.returncode in (65, 66, 77) and "LSU" in done.stderr
    assert not [a for a in world.lee.ListAssets().assets if a.tag == "A1"]


def mapping():
    found = [path for path in (ROOT / "client" / "mappings").iterdir() if "leso" in path.name.lower()]
    assert len(found) == 1, "the mapping file for the LESO table is shipped"
    return found[0]


def distinct_rows():
    with open(LESO, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 5629
    return rows[1:], {tuple(row) for row in rows[1:]}


def test_the_real_file_twice(shop, world, tmp_path):
    """5,628 real rows, 3,202 of them duplicates. No row is lost silently: each is in the register or in the report. The
    second time changes nothing."""
    agency = world.agency()
    rows, distinct = distinct_rows()
    assert len(rows) - len(distinct) == 3202
    file = tmp_path / LESO.name
    file.write_bytes(LESO.read_bytes())
    part = write(tmp_path / "part.csv", "".join(LESO.read_text(encoding="utf-8").splitlines(keepends=True)[:600]))
    dry = import_(shop, agency, part, "--map", str(mapping()), "--dry-run")
    assert not world.tina.ListAssets(agency=agency).assets
    first = import_(shop, agency, file, "--map", str(mapping()))
    sums = numbers(first)
    assert sum(sums.values()) == len(rows), f"{sums}\n{first.stdout[-3000:]}{first.stderr[-3000:]}"
    assert sums["created"] > 0 and numbers(dry)["created"] > 0
    assets = world.tina.pages("ListAssets", "assets", agency=agency, page_size=1000)
    assert len(assets) == sums["created"]
    before = shop.ok("vera", "event", "list", "--agency", agency, "--resource", "asset", "--limit", "1", "-o", "json")
    second = import_(shop, agency, file, "--map", str(mapping()))
    again = numbers(second)
    assert (again["created"], again["changed"]) == (0, 0), f"{again}\n{second.stdout[-3000:]}"
    assert again["refused"] == sums["refused"]
    assert shop.ok("vera", "event", "list", "--agency", agency, "--resource", "asset", "--limit", "1", "-o", "json") == before
    values = {cell for row in distinct for cell in row}
    assert any(asset.description in values for asset in assets)


def test_the_catalogue(shop):
    catalogue = ROOT / "deploy" / "catalogue" / "motorola_apx_models.csv"
    first = shop.run("ada", "model", "import", str(catalogue))
    assert first.returncode == 0, first.stdout + first.stderr
    again = shop.run("ada", "model", "import", str(catalogue))
    assert numbers(again)["created"] == 0 and numbers(again)["changed"] == 0, again.stdout + again.stderr
    assert "APX 8000" in shop.ok("vera", "model", "list", "--all")


def runs(world, agency):
    return [(r.file_name, contract.label(r, "state"), r.rows, r.rows_done, r.created, r.changed, r.unchanged, r.refused, r.started_by)
            for r in world.tina.ListImports(agency=agency).runs]


def test_the_shop_knows_how_far_it_came(shop, world, agency, tmp_path):
    """A whole file, one whose last rows are never sent, a dry run, a file with nothing to send."""
    ok = import_(shop, agency, write(tmp_path / "Radios of Peña.csv", "tag,class\nK1,portable\nK2,toaster\nK3,portable,\nK4,pager\n"))
    assert numbers(ok) == {"created": 2, "changed": 0, "unchanged": 0, "refused": 2}, ok.stdout
    assert runs(world, agency) == [("Radios of Peña.csv", "finished", 4, 4, 2, 0, 0, 2, "tina")]
    import_(shop, agency, write(tmp_path / "tail.csv", "tag,class\nK1,portable\nK5,pager\nK6,pager,,\nK7\n"))
    assert runs(world, agency)[0] == ("tail.csv", "finished", 4, 4, 1, 0, 1, 2, "tina")
    import_(shop, agency, write(tmp_path / "none.csv", "tag,class\nK6,pager,,\n"))
    import_(shop, agency, tmp_path / "tail.csv", "--dry-run")
    assert len(runs(world, agency)) == 2
    import_(shop, agency, tmp_path / "tail.csv")
    assert runs(world, agency)[0] == ("tail.csv", "finished", 4, 4, 0, 0, 2, 2, "tina") and len(runs(world, agency)) == 3
    listed = json.loads(shop.ok("vera", "import", "list", "--agency", agency, "-o", "json"))
    assert [r["file_name"] for r in listed] == ["tail.csv", "tail.csv", "Radios of Peña.csv"]
    assert re.search(r"(?i)rows[ _]done +4\b", shop.ok("vera", "import", "show", listed[0]["id"]))
    shop.fails(REFUSED, "tina", "import", "abandon", listed[0]["id"], says="finished already")


def test_killed_and_run_again(shop, world, agency, tmp_path, migrated):
    """The command dies between two batches: the shop shows where; the same file, named anew, finishes the same run. Another mapping is another."""
    file = write(tmp_path / "t.csv", "tag,class,notes\n" + "".join(f"D{n},pager,x\n" for n in range(1200)))
    world.tina.ImportAssets(agency=agency, rows=[{"line": 1, "tag": "D700", "class": "pager"}])
    with migrated.held(f"""SELECT 1 FROM radioshop.asset a JOIN radioshop.agency g USING (agency_id)
        WHERE g.code = '{agency}' AND a.tag = 'D700' FOR UPDATE OF a"""):
        with subprocess.Popen([COMMAND, "asset", "import", file, "--agency", agency], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              env=shop.environment(RADIOSHOP_PROFILE=shop.profile("tina"))) as killed:
            late = time.monotonic() + 60
            while not [r for r in runs(world, agency) if r[3] == 500]:
                assert time.monotonic() < late, runs(world, agency)
                time.sleep(0.02)
            killed.kill()
    file = file.rename(tmp_path / "u.csv")
    mapping = write(tmp_path / "m.map", "tag = X{tag}\nclass = {class}\nnotes={notes}\n")
    assert "1200 rows" in import_(shop, agency, file, "--map", mapping).stdout
    done = import_(shop, agency, file)
    assert "this file until row" in done.stderr and "goes on" in done.stderr, done.stderr
    assert numbers(done)["refused"] == 0 and sorted(r[:4] for r in runs(world, agency)) == [
        ("t.csv", "finished", 1200, 1200), ("u.csv", "finished", 1200, 1200)]
    assert sum(r[4] + r[5] + r[6] for r in runs(world, agency)) == 2400
    assert len(world.tina.pages("ListAssets", "assets", agency=agency, page_size=1000)) == 2400


def report(done):
    """The rows of the report: {line: (column, reason)}."""
    return {int(row["line"]): (row["column"], row["reason"]) for row in csv.DictReader(done.stdout.splitlines())}


def test_a_mark_empties_and_nothing_reads_as_it(shop, world, agency, tmp_path):
    """\\clear empties, a blank leaves; text that looks like the mark comes back from an export as what it was."""
    assets = [world.asset(agency, tag=f"E{i}", alias=text, notes=text, location="St 1") for i, text in enumerate(("\\clear", "\\\\CLEAR", "clear", "\\clear it"))]
    exported = shop.ok("vera", "asset", "export", "--agency", agency)
    assert "\\\\clear," in exported and "\\\\\\CLEAR," in exported
    file = write(tmp_path / "register.csv", exported)
    assert numbers(import_(shop, agency, file)) == {"created": 0, "changed": 0, "unchanged": 4, "refused": 0}
    listed = shop.ok("vera", "asset", "list", "--agency", agency, "-o", "csv", "--columns", "tag,alias", "--no-formula-guard")
    assert numbers(import_(shop, agency, write(tmp_path / "list.csv", listed)))["unchanged"] == 4
    done = import_(shop, agency, write(tmp_path / "t.csv", "tag,alias,location,notes,class\nE0,\\clear,,\\clear,\nE1,, \\Clear ,x,\nE2,,,,\\clear\n"), "-o", "csv")
    assert done.returncode == REFUSED and numbers(done)["changed"] == 2, done.stdout
    assert report(done)[4][0] == "class" and "cannot be emptied" in report(done)[4][1]
    now = {a.tag: (a.alias, a.location, a.notes) for a in world.tina.ListAssets(agency=agency).assets}
    assert now["E0"] == ("", "St 1", "") and now["E1"] == ("\\\\CLEAR", "", "x") and now["E2"] == ("clear", "St 1", "clear")
    assert len(assets) == 4 and "empties the field" in shop.ok("tina", "asset", "import", "--help")


def test_a_mark_in_a_template(shop, world, agency, tmp_path):
    """A field that is one column is emptied; one that is made of several is not, and the row says so. Models are not emptied in this way."""
    world.asset(agency, tag="M1", alias="A", notes="N")
    mapped = write(tmp_path / "m.map", "tag = {Radio}\nalias = {Name}\nnotes = {Remark} ({Room})\n")
    done = import_(shop, agency, write(tmp_path / "t.csv", "Radio,Name,Remark,Room\nM1,\\clear,x,\\clear\nM1,\\clear,x,y\n"), "--map", mapped, "-o", "csv")
    assert report(done) == {2: ("Room", "this empties a field that the mapping makes of more than this column")}, done.stdout
    assert [(a.alias, a.notes) for a in world.tina.ListAssets(agency=agency).assets] == [("", "x (y)")]
    done = shop.run("ada", "model", "import", write(tmp_path / "models.csv", "number,manufacturer,class,family\nCLR1,X,pager,\\clear\nCLR2,X,pager,\\\\clear\n"), "-o", "csv")
    assert "only an import of assets" in report(done)[2][1]
    assert json.loads(shop.ok("vera", "model", "show", "CLR2", "-o", "json"))["family"] == "\\clear"


def test_rows_that_contradict_each_other(shop, world, agency, tmp_path):
    """However far apart they are, neither goes in, and each names the line of the other. Equal rows and rows that say less do no harm."""
    rows = ["tag,serial,class,location,purchased_on"] + [f"F{n},,pager,,1/{n % 12 + 1}/2024" for n in range(2, 1001)]
    rows[1] = "F2,sn1,pager,St 1,2/2/2024"
    rows[2] = "F3,N/A,pager,,2024-01-01"
    rows[3] = "F4,N/A,pager,,5/5/2024"
    rows[8] = "F9,,pager,St 1,13/5/2024"
    rows[9] = "F2,sn1,pager,,"
    rows[900] = "F901, SN1 ,pager,,"
    rows[901] = "f3,,pager,St 3,"
    done = import_(shop, agency, write(tmp_path / "t.csv", "\n".join(rows) + "\n"), "-o", "csv")
    told = report(done)
    assert told[2] == ("serial", "line 901 has this serial number too, as tag F901: one serial number is one asset")
    assert told[901] == ("serial", "line 2 has this serial number too, as tag F2: one serial number is one asset")
    assert told[3] == ("location", "line 902 has the same tag and says St 3 here: which of the two is right?")
    assert told[902] == ("location", "line 3 has the same tag and says nothing here: which of the two is right?")
    assert told[4][0] == "serial" and "no serial number" in told[4][1]
    assert told[9] == ("purchased_on", "the day stands before the month: write 2024-05-13 or 5/13/2024")
    assert told[6] == ("purchased_on", "line 9 has the day before the month, 13/5/2024, so this may be either of two days: write it like 2026-01-31")
    assert told[10] == ("serial", "line 2 is about the same asset, and another row contradicts it")
    have = {a.tag: a.purchased_on for a in world.tina.pages("ListAssets", "assets", agency=agency, page_size=1000)}
    assert not have.keys() & {"F2", "f3", "F3", "F9", "F901"} and all(day[5:7] == day[8:] for day in have.values() if day), have


def test_what_other_agencies_have(shop, world, agency, tmp_path):
    """Who may see both is told where it is; who may not hears nothing, and the row goes in."""
    other = world.agency()
    model = "H98UCF9PW6BN"
    world.tina.ImportAssets(agency=other, rows=[{"line": 1, "tag": "O1", "serial": f"{other}A", "model": model}, {"line": 2, "tag": "O2", "serial": f"{other}B", "class": "pager"}])
    file = write(tmp_path / "t.csv", f"tag,serial,model,class\nX1,{other}A,{model},\nX2,{other}B,,pager\n{other}:O9,,,pager\nX3,,NOSUCH-1,portable\n")
    done = import_(shop, agency, file, "-o", "csv")
    told = report(done)
    assert told[2] == ("serial", f"asset {other}:O1 is of this model and has this serial number: it was handed over, or one of the two is typed wrong")
    assert told[4] == ("tag", f"this is a tag of agency {other}: bring the row in with the rows of that agency")
    assert "radioshop model create NOSUCH-1 --class portable" in told[5][1]
    assert f"warning: line 3: serial {other}B: asset {other}:O2 has it, too" in done.stderr, done.stderr
    mine = f"tag,serial,model,class,agency\nY1,{other}A,{model},,ind\nY2,{other}B,,pager,IND\n{other}:O9,,,pager,\nY4,,,pager,LSU\n"
    done = import_(shop, "IND", write(tmp_path / "m.csv", mine), "-o", "csv", who="frank")
    assert report(done) == {5: ("agency", "belongs to another agency than --agency says: bring it in with the rows of that agency")}, done.stdout
    assert "warning" not in done.stderr and numbers(done)["created"] == 3, done.stderr


def test_a_kept_mapping(shop, world, agency, tmp_path):
    """Saved from a file, found by name, with words of the other program; the report of Snipe-IT through the mapping that is shipped."""
    world.ada.CreateModel(model={"number": f"SN{agency}", "manufacturer": "Test", "class": "portable"})
    table = write(tmp_path / "report.csv", "Company,Asset Name,Asset Tag,Model,Model No.,Category,Manufacturer,Serial,Purchased,Cost,Location,Checked Out,Type,Status,Warranty,"
                  f"Warranty Expires,Notes\nPD,,5001,APX 8000,SN{agency},Portables,Test,S5001,2024-01-31,\"4,500.00\",HQ,A. Ruiz,user,Ready to Deploy (deployed),36,2027-01-31,\n"
                  f"PD,,5002,APX 8000,SN{agency},Portable Radios,Test,S5002,2024-01-31,4500,HQ,,,Ready to Deploy (deployable),,,spare\n"
                  f"PD,,5003,APX 8000,SN{agency},Toasters,Test,S5003,,,,,,Sold (archived),,,\n")
    shipped = ROOT / "client" / "mappings" / "snipe-it.map"
    shop.ok("tina", "mapping", "save", agency, "snipe-it", "--from", str(shipped), "--note", "the police's")
    done = import_(shop, agency, table, "--mapping", "snipe-it", "-o", "csv")
    assert report(done)[4][0] == "Category" and numbers(done) == {"created": 2, "changed": 0, "unchanged": 0, "refused": 1}, done.stdout + done.stderr
    assets = {a.tag: a for a in world.tina.ListAssets(agency=agency).assets}
    assert [(contract.label(a, "status"), a.assigned_to, a.cost_cents, a.purchased_on, a.model) for a in assets.values()] == [
        ("in_service", "A. Ruiz", 450000, "2024-01-31", f"SN{agency}"), ("spare", "", 450000, "2024-01-31", f"SN{agency}")]
    assert numbers(import_(shop, agency, table, "--map", shipped))["unchanged"] == 2
    assert "snipe-it" in shop.ok("vera", "mapping", "list", "--agency", agency)
    assert json.loads(shop.ok("vera", "mapping", "show", agency, "snipe-it", "-o", "json"))["text"] == shipped.read_text(encoding="utf-8").strip()
    own = write(tmp_path / "own.map", "tag = {Asset Tag}\nstatus = {Status}\nstatus: * = retired\nstatus: sold (archived) = disposed\n")
    shop.fails(REFUSED, "tina", "mapping", "save", agency, "snipe-it", "--from", str(own), says="revision, 1")
    shop.ok("tina", "mapping", "save", agency, "snipe-it", "--from", str(own), "--revision", "1")
    assert numbers(import_(shop, agency, table, "--mapping", "SNIPE-IT"))["changed"] == 2
    assert {contract.label(a, "status") for a in world.tina.ListAssets(agency=agency).assets} == {"retired"}
    shop.fails(64, "tina", "asset", "import", str(table), "--agency", agency, "--mapping", "a", "--map", "b", says="not both")
    assert "neither" in import_(shop, agency, table, "--mapping", "nosuch").stderr
    for text, says in (("status: x = y\n", "its template must stand before"), ("tag = {Asset Tag}\ntag: = y\n", "no word"), ("colour = x\n", "there is no field")):
        done = import_(shop, agency, table, "--map", write(own, text))
        assert done.returncode != 0 and says in done.stderr and "line" in done.stderr, done.stderr
    shop.ok("tina", "mapping", "remove", agency, "snipe-it")
    shop.fails(64, "tina", "mapping", "save", agency, "x", says="--from")
    assert "--mapping NAME" in shop.ok("tina", "asset", "import", "--help") and "--from FILE" in shop.ok("tina", "mapping", "save", "--help")
    assert "asset duplicates" in shop.ok("tina", "asset", "duplicates", "--help") and shop.run("vera", "asset", "duplicates", "--agency", agency).returncode == 0
