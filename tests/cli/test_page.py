"""The page of charts: one file that a browser shows as it is, with the numbers that the methods give."""

import os
import re
import shlex
import shutil
import stat
import subprocess
import tempfile
import xml.etree.ElementTree as xml

import pytest

from rig import BUILD, COMMAND, ROOT
from rig.world import day

USAGE, REFUSED, NOT_FOUND, OUTPUT = 64, 65, 66, 73
HTML, SVG = "{http://www.w3.org/1999/xhtml}", "{http://www.w3.org/2000/svg}"
EVIL = "</title><script>alert('x')</script>&amp;\"<svg onload=x>"


def page(shop, *words, name="vera", **options):
    """The page as a tree; checked for what every page must be."""
    data = shop.ok(name, "report", "page", *words, binary=True, **options)
    text = data.decode("utf-8")
    assert text.startswith("<!DOCTYPE html>\n")
    assert "<script" not in text.lower()
    tree = xml.fromstring(text)
    for element in tree.iter():
        assert element.tag.split("}")[1] not in ("script", "link", "iframe", "img", "object", "embed", "a", "use", "image"), element.tag
        for name in element.attrib:
            assert not name.startswith("on") and name.split("}")[-1] not in ("src", "href", "style"), f"{name} is from elsewhere, or it runs"
    assert not re.search(r"@import|url\(", tree.findtext(f"{HTML}head/{HTML}style"))
    policy, = (m.get("content") for m in tree.iter(f"{HTML}meta") if m.get("http-equiv"))
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    for chart in tree.iter(f"{SVG}svg"):
        if chart.get("aria-hidden"):
            continue
        assert chart.get("role") == "img"
        for label in chart.get("aria-labelledby").split():
            assert label in ids
        assert chart.find(f"{SVG}title").text and chart.find(f"{SVG}desc").text
    return tree


def charts(tree):
    return {chart.find(f"{SVG}title").get("id").split("-")[0]: chart for chart in tree.iter(f"{SVG}svg") if not chart.get("aria-hidden")}


def table(tree, caption):
    """Rows of the table with a caption that begins so, as dictionaries by heading."""
    found = next(t for t in tree.iter(f"{HTML}table") if (t.findtext(f"{HTML}caption") or "").startswith(caption))
    heads = [th.text for th in found.iter(f"{HTML}th")]
    return [dict(zip(heads, (td.text or "" for td in tr))) for tr in found.find(f"{HTML}tbody")]


def words_of(element):
    return " ".join(" ".join(element.itertext()).split())


@pytest.fixture(scope="module")
def city(world):
    """A city whose names want an encoder, with a service late, one overdue, repairs, and an open ticket."""
    agency, tina = world.agency(), world.tina
    revision = world.ada.GetAgency(agency=agency).agency.revision
    world.ada.UpdateAgency(agency={"code": agency, "name": EVIL, "revision": revision}, update_mask=["name"])
    assets = [world.asset(agency, assigned_to=EVIL, purchased_on=day(-4000)) for _ in range(4)]
    world.plan(agency, name=EVIL, first_due_on=day(40))
    for asset in assets[:2]:
        tina.CreateServiceRecord(asset=asset.id, plan="PM12", result="passed", done_on=day(-370))
    tina.CreateServiceRecord(asset=assets[0].id, plan="PM12", result="passed")
    for _ in range(2):
        tina.LogRepair(asset=assets[0].id, problem=EVIL, cause=EVIL, action="x", minutes=15, part="speaker", part_cost_cents=1420)
    ticket = tina.OpenTicket(asset=assets[1].id, problem="hums", priority="urgent", received=True).ticket
    ticket = tina.MoveTicket(ticket=ticket.number, revision=ticket.revision, state="diagnosing").ticket
    tina.MoveTicket(ticket=ticket.number, revision=ticket.revision, state="ready", outcome="no_fault_found")
    return agency


def test_the_numbers_are_the_methods_answers(shop, world, city):
    tree, vera = page(shop, "--agency", city), world.vera
    assert set(charts(tree)) == {"compliance", "weeks", "ageing", "turnaround", "replacement"}
    plan, = vera.SummarizeCompliance(agency=city).plans
    row, = table(tree, "Plan by plan")
    assert [row[k] for k in ("AGENCY", "PLAN", "NAME", "DUE", "ON TIME", "LATE", "OVERDUE")] == [
        city, "PM12", EVIL, *map(str, (plan.due, plan.on_time, plan.late, plan.overdue))]
    assert (plan.due, plan.late, plan.overdue) == (2, 1, 1)
    assert f"0.0 % of {plan.due}" in words_of(charts(tree)["compliance"])
    weeks = {week.week_on: week.due for week in vera.SummarizeDueWeeks(agency=city).weeks}
    shown = next(t for t in tree.iter(f"{HTML}table") if (t.findtext(f"{HTML}caption") or "").startswith("Week by week"))
    pairs = [(th.text, int(td.text)) for tr in shown.iter(f"{HTML}tr") for th, td in zip(list(tr)[::2], list(tr)[1::2]) if th.text]
    assert dict(pairs) == weeks and sum(weeks.values()) == 2
    ageing, = vera.SummarizeAgeing(agency=city).agencies
    row, = table(tree, "Agency by agency")
    assert (row["OPEN"], row["OLDEST"]) == (str(ageing.open), ageing.oldest) and ageing.open == 1
    turned, = vera.SummarizeTurnaround(agency=city, by="priority").groups
    row, = table(tree, "By priority")
    assert row["PRIORITY"] == "urgent" and float(row["READY MEDIAN HOURS"]) == turned.ready_median_hours
    replaced, = vera.SummarizeReplacements(agency=city, by="agency").replacements
    row, = table(tree, "Budget year by")
    assert (row["BUDGET YEAR"], row["ASSETS"], row["OVERDUE"]) == (str(replaced.budget_year), "4", "4") and f"{replaced.budget_year}: 4;" in \
        charts(tree)["replacement"].findtext(f"{SVG}desc")
    due, = vera.SummarizeDue(agency=city).plans
    tiles = [words_of(li) for ul in tree.iter(f"{HTML}ul") if ul.get("class") == "tiles" for li in ul]
    assert tiles == [f"{due.overdue} overdue today", f"{due.due} due within 30 days", "0.0 % done in time in the period", "1 tickets open",
                     "0 of them 90 days old or older"]
    text = words_of(tree.find(f"{HTML}body"))
    assert "28.40" in text and "Came back" in text and EVIL in text and "(vera)" in text


def test_nothing_to_show(shop, agency):
    tree = page(shop, "--agency", agency)
    assert not charts(tree) and not list(tree.iter(f"{HTML}table"))
    text = words_of(tree)
    for sentence in ("Nothing fell due.", "Nothing is due in the next half year.", "No ticket is open.", "No repair became ready.",
                     "Nothing came back.", "Nothing failed.", "Nothing was spent.", "Nobody knows when anything was bought"):
        assert sentence in text


def test_all_agencies_and_just_ones_own(shop, world, city):
    tree = page(shop)
    assert len(table(tree, "Plan by plan")) == len(world.vera.SummarizeCompliance().plans)
    assert "all agencies" in tree.findtext(f"{HTML}head/{HTML}title")
    other = page(shop, name="lee")
    assert city not in words_of(other) and EVIL not in words_of(other)
    assert "Lee's Summit" in other.findtext(f"{HTML}head/{HTML}title")
    shop.fails(NOT_FOUND, "lee", "report", "page", "--agency", city)


def test_a_reader_never_sees_half_of_it(shop, city, tmp_path):
    file = tmp_path / "index.html"
    shop.ok("vera", "report", "page", "--agency", city, "--output", file)
    xml.fromstring(file.read_text(encoding="utf-8"))
    before = file.read_bytes()
    shop.fails(NOT_FOUND, "vera", "report", "page", "--agency", "NONE", "--output", file)
    shop.fails(REFUSED, "vera", "report", "page", "--from", "2026-02-02", "--to", "2026-02-01", "--output", file, says="--from")
    assert file.read_bytes() == before
    assert [name for name in os.listdir(tmp_path) if name.startswith("index")] == ["index.html"], "something is left"


def test_wrong_use(shop):
    shop.fails(USAGE, "vera", "report", "page", "--columns", "tag", says="one form")
    text = shop.ok("vera", "report", "page", "--help")
    assert "--output FILE" in text and "--from" in text and "--plan" not in text


NOBODY = 65534


@pytest.fixture
def host(shop):
    """Directories for a user without rights, with the profile of somebody who may look at one of two cities; how to run a line there; the two."""
    cities = [shop.world.agency() for _ in range(2)]
    for city in cities:
        shop.world.asset(city)
        shop.world.plan(city)
    viewer = shop.world.person(f"page-{cities[0].lower()}", [("viewer", cities[0])])
    place = tempfile.mkdtemp(prefix="radioshop-page-")
    os.chmod(place, 0o755)
    for name in ("etc", "var"):
        os.makedirs(f"{place}/{name}/ind")
    certificate, key = shop.world.certificates.person(viewer)
    for name, path in (("ca.pem", shop.world.certificates.ca), ("cert.pem", certificate), ("key.pem", key)):
        shutil.copy(path, f"{place}/etc/{name}")
    with open(f"{place}/etc/ind.conf", "w", encoding="utf-8") as profile:
        profile.write(f"server = localhost:{shop.world.daemon.port}\ncacert = ca.pem\ncert = cert.pem\nkey = key.pem\n")
    # Not by subprocess: it would fork, and gRPC does not outlive that.
    who = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []
    if who:
        for root, _, names in os.walk(place):
            for path in (root, *(f"{root}/{name}" for name in names)):
                os.chown(path, NOBODY, NOBODY)

    def run(line, **environment):
        """What a unit or cron would run, in places of the test's own: its exit status and what it says."""
        line = line.replace("/var/lib/radioshop-page", f"{place}/var").replace("/etc/radioshop/page", f"{place}/etc")
        done = subprocess.run([*who, "/bin/sh", "-c", f"umask 027; {line}"], capture_output=True, text=True, timeout=120, check=False,
                              env={"PATH": f"{COMMAND.parent}:/usr/bin:/bin", "RADIOSHOP_CONFIG_DIR": f"{place}/etc",
                                   "XDG_STATE_HOME": f"{place}/var", **environment})
        assert "Sanitizer" not in done.stderr, done.stderr
        return done
    yield place, run, cities
    shutil.rmtree(place)


def unit_lines():
    text = (BUILD / "deploy" / "radioshop-page@.service").read_text(encoding="utf-8").replace("%i", "ind")
    lines = [line.split("=", 1)[1] for line in text.splitlines() if line.startswith("ExecStart=")]
    environment = dict(word.split("=", 1) for line in text.splitlines() if line.startswith("Environment=") for word in shlex.split(line.split("=", 1)[1]))
    assert environment["RADIOSHOP_PROFILE"] == "ind" and environment["RADIOSHOP_CONFIG_DIR"] == "/etc/radioshop/page"
    return [re.sub(r"^\S*/radioshop ", "radioshop --profile ind ", line) for line in lines]


def cron_lines():
    text = (ROOT / "deploy" / "radioshop-page.cron").read_text(encoding="utf-8")
    found = [line.split("\t") for line in text.splitlines() if "\t" in line]
    for when, user, _ in found:
        assert user == "radioshop-page" and (when == "@reboot" or not 1 <= int(when.split()[1]) <= 3)
    return [re.sub(r"sleep \d+; ", "", command) for _, _, command in found]


@pytest.mark.parametrize("lines", [unit_lines, cron_lines])
def test_the_job_that_writes_the_page(host, lines):
    """Run as a user without rights: page and feed of its one city, for the group and not for the world; when it fails the old ones stay."""
    place, run, (mine, other) = host
    for line in lines():
        done = run(line)
        assert done.returncode == 0 and not done.stdout and not done.stderr, f"{line}: {done.stdout}{done.stderr}"
    with open(f"{place}/var/ind/index.html", encoding="utf-8") as file:
        text = file.read()
    assert text.startswith("<!DOCTYPE html>") and mine in text and other not in text
    with open(f"{place}/var/ind/due.ics", encoding="utf-8") as file:
        feed = file.read()
    assert feed.startswith("BEGIN:VCALENDAR") and mine in feed and other not in feed
    for name in ("index.html", "due.ics"):
        assert stat.S_IMODE(os.stat(f"{place}/var/ind/{name}").st_mode) == 0o640
    before = {name: os.stat(f"{place}/var/ind/{name}") for name in os.listdir(f"{place}/var/ind") if name in ("index.html", "due.ics")}
    for line in lines():
        assert run(line, RADIOSHOP_SERVER="localhost:1").returncode == 69
    left = os.listdir(f"{place}/var/ind")
    assert {name: os.stat(f"{place}/var/ind/{name}") for name in left if name in before} == before
    assert not [name for name in left if name.startswith((".", "index.html.", "due.ics."))], left
