"""The workloads: each runs ours beside its peer and gives {name: Figure}. The rows at the end are all that `run` knows."""

import random
import re
import subprocess
import time

from measure import Figure, drive, figure, interleaved, load, pgbench, ratio
from peers import grpcpp, grpcpp_echo, nghttpd, node
from place import BUILD, HERE, cpu_seconds, forget_peak, peak_kib, rss_kib, settings, statement
from rig import ROOT
from rig.interop import InteropServer, message, path
from rig.world import new_id

SEED = 20261123
SERVICE = "/radioshop.v1."
STATEMENTS = ROOT / "daemon" / "sql"
CITIES = (1, 2, 3)    # own the assets of even number; see register.sql


# Back to before the first night.
FORGET_ALERTS = ("""SET session_replication_role = replica; SET synchronous_commit = off; TRUNCATE radioshop.alert CASCADE;
UPDATE radioshop.schedule SET alerted_due = NULL, alerted_step = DEFAULT, alert_acked = DEFAULT WHERE alerted_due IS NOT NULL""",
                 "VACUUM radioshop.schedule")


def superuser(place, *texts):
    """What psql prints."""
    done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", *(word for text in texts for word in ("-c", text)),
                           place.cluster.url("postgres")], check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return done.stdout.strip()


def tags(place, count):
    dice = random.Random(SEED)
    return [f"T{2 * dice.randrange(place.assets // 2)}" for _ in range(count)]


def read_script(place):
    return (f"\\set i 2 * random(0, {place.assets // 2 - 1})\n" + statement("get_asset").replace(":asset::text", "('T' || :i)") + ";\n")


def read(bench):
    """GetAsset, 64 in flight over 8 connections, beside pgbench with the same statement at its best number of clients, and beside servers
    with gRPC C++ and on Node.js, of which the CPU time of the server itself is compared."""
    place = bench.place(bench.middle)
    requests = place.requests("GetAsset", [{"asset": tag} for tag in tags(place, 20000)])
    script = read_script(place)
    best = max((4, 8, 16, 32), key=lambda n: pgbench(place, script, n, bench.seconds / 2, CITIES)["per_s"])

    def ours(peer=None):
        return load(place, "bench-cities", f"{SERVICE}AssetService/GetAsset", requests, 8, 8, bench.seconds, peer)
    with grpcpp(place, CITIES) as cplusplus, node(place, CITIES) as javascript:
        runs = interleaved(bench.rounds, bench.progress, ours=ours, pgbench=lambda: pgbench(place, script, best, bench.seconds, CITIES),
                           grpcpp=lambda: ours(cplusplus), node=lambda: ours(javascript))
    peers = {}
    for name in ("grpcpp", "node"):
        peers[f"read_{name}_per_s"] = figure(runs[name], "per_s")
        peers[f"read_{name}_us"] = figure(runs[name], "daemon_us")
        peers[f"read_cpu_vs_{name}"] = ratio(runs[name], runs["ours"], "daemon_us")
        peers[f"read_vs_{name}"] = ratio(runs["ours"], runs[name], "per_s")
    return {**peers, "read_per_s": figure(runs["ours"], "per_s"), "read_pgbench_per_s": figure(runs["pgbench"], "per_s"),
            "read_pgbench_clients": Figure([best]), "read_vs_pgbench": ratio(runs["ours"], runs["pgbench"], "per_s"),
            "read_daemon_us": figure(runs["ours"], "daemon_us"), "read_server_us": figure(runs["ours"], "server_us"),
            "read_p99_us": figure(runs["ours"], "p99_us")}


def read1(bench):
    """GetAsset, one at a time on a warm connection, beside the same statement from one client of libpq, over TLS and over a socket."""
    place = bench.place(bench.middle)
    requests = place.requests("GetAsset", [{"asset": tag} for tag in tags(place, 20000)])
    script = read_script(place)
    runs = interleaved(bench.rounds, bench.progress,
                       ours=lambda: load(place, "bench-cities", f"{SERVICE}AssetService/GetAsset", requests, 1, 1, bench.seconds),
                       pgbench=lambda: pgbench(place, script, 1, bench.seconds, CITIES),
                       libpq=lambda: pgbench(place, script, 1, bench.seconds, CITIES, place.tls_url()))
    return {"read1_p50_us": figure(runs["ours"], "p50_us"), "read1_p99_us": figure(runs["ours"], "p99_us"),
            "read1_pgbench_p50_us": figure(runs["pgbench"], "p50_us"), "read1_libpq_p50_us": figure(runs["libpq"], "p50_us"),
            "read1_p50_vs_libpq": ratio(runs["ours"], runs["libpq"], "p50_us"),
            "read1_p50_vs_pgbench": ratio(runs["ours"], runs["pgbench"], "p50_us")}


def due_script(agency):
    """The statement of ListDue with the parameters of a first page."""
    text = statement("list_due")
    for name, value in ((":page_key::text[]", "NULL::text[]"), (":page_limit::int4", "51"), (":until::date", "NULL::date"),
                        (":from::date", "NULL::date"), (":overdue::bool", "false"), (":overdue", "false"),
                        (":agency::text", f"'{agency}'::text"), (":agency", f"'{agency}'"), (":plan::text", "''::text"),
                        (":plan", "''"), (":asset::text", "''::text"), (":asset", "''")):
        text = text.replace(name, value)
    return text + ";\n"


def scale(size):
    """1e4 of 10,000."""
    return f"1e{len(str(size)) - 1}"


def due(bench):
    """A page of 50 due items, of one agency and of three, at each size, beside the bare statement in pgbench. And the figure that a fleet
    manager feels: the slowest hundredth of the pages, due and overdue, of one agency."""
    figures, flat = {}, {}
    for size in bench.sizes:
        place = bench.place(size)
        for label, name, agency, agencies in (("one", "bench-city", "C01", (1,)), ("three", "bench-cities", "", CITIES)):
            requests = place.requests("ListDue", [{"page_size": 50, "agency": agency}])
            runs = interleaved(bench.rounds, bench.progress,
                               ours=lambda: load(place, name, f"{SERVICE}ScheduleService/ListDue", requests, 4, 2, bench.seconds),
                               pgbench=lambda: pgbench(place, due_script(agency), 8, bench.seconds, agencies))
            figures[f"due_{label}_per_s_{size:.0e}"] = figure(runs["ours"], "per_s")
            figures[f"due_{label}_p99_ms_{size:.0e}"] = Figure([r["p99_us"] / 1000 for r in runs["ours"]])
            figures[f"due_{label}_vs_sql_{size:.0e}"] = ratio(runs["ours"], runs["pgbench"], "per_s")
            flat.setdefault(label, []).append(figure(runs["ours"], "p50_us").median)
        figures[f"due_page_p99_ms_{scale(size)}"] = figures[f"due_one_p99_ms_{size:.0e}"]
        late = place.requests("ListDue", [{"page_size": 50, "agency": "C01", "overdue": True}])
        pages = [load(place, "bench-city", f"{SERVICE}ScheduleService/ListDue", late, 4, 2, bench.seconds) for _ in range(bench.rounds)]
        figures[f"overdue_page_p99_ms_{scale(size)}"] = Figure([page["p99_us"] / 1000 for page in pages])
    for label, medians in flat.items():
        figures[f"due_{label}_flat"] = Figure([medians[-1] / medians[0]])
    return figures


def write(bench):
    """LogRepair, 32 in flight, beside pgbench that calls the same function in one round trip and keeps no answer."""
    place = bench.place(bench.middle)
    count = 20000 if not bench.quick else 3000
    script = (f"\\set i 2 * random(0, {place.assets // 2 - 1})\n"
              "SELECT t.refusal, t.number FROM radioshop.log_repair('T' || :i, 'no audio', 'broken speaker', 'replaced', 10, '', 0) t;\n")

    def ours():
        requests = place.requests("LogRepair", [{"request_id": new_id(), "asset": tag, "problem": "no audio", "cause": "broken speaker",
                                                 "action": "replaced", "minutes": 10} for tag in tags(place, count)])
        return load(place, "bench-cities", f"{SERVICE}TicketService/LogRepair", requests, 8, 4, 0, once=True)
    runs = interleaved(bench.rounds, bench.progress, ours=ours,
                       pgbench=lambda: pgbench(place, script, 32, 0, CITIES, transactions=count))
    return {"write_per_s": figure(runs["ours"], "per_s"), "write_pgbench_per_s": figure(runs["pgbench"], "per_s"),
            "write_vs_pgbench": ratio(runs["ours"], runs["pgbench"], "per_s"), "write_p99_us": figure(runs["ours"], "p99_us"),
            "write_daemon_us": figure(runs["ours"], "daemon_us"), "write_server_us": figure(runs["ours"], "server_us")}


ASSET_COLUMNS = ("a.asset_id, g.code, a.tag, a.serial, m.number, a.class, a.status, a.assigned_to, a.location, a.system, a.unit_id, a.alias, a.firmware, "
                 "a.codeplug, a.purchased_on, a.warranty_until, a.cost_cents, a.quantity, a.description, a.notes, a.revision, a.created_at, a.updated_at")


def largest(figures, size):
    """Figures of one size, and the same without it in their names: the last, largest register gives those."""
    return {**{f"{name}_{scale(size)}": value for name, value in figures.items()}, **figures}


def export(bench):
    """Every asset streamed out of the daemon, beside COPY of the same columns, at each size; and the most memory that the daemon took
    meanwhile."""
    figures = {}
    for size in bench.sizes:
        place, memory = bench.place(size), []
        requests = place.requests("ExportAssets", [{}])
        copy = f"COPY (SELECT {ASSET_COLUMNS} FROM radioshop.asset a JOIN radioshop.agency g USING (agency_id) LEFT JOIN radioshop.model m USING (model_id)) TO STDOUT"

        def ours():
            forget_peak(place.daemon.process.pid)
            report = load(place, "bench-shop", f"{SERVICE}AssetService/ExportAssets", requests, 1, 1, 0, once=True)
            memory.append(peak_kib(place.daemon.process.pid) / 1024)
            return {**report, "rows_per_s": place.assets / report["seconds"]}

        def peer():
            begun = time.monotonic()
            subprocess.run(["psql", "-Xq", "-c", copy, place.cluster.url()], check=True, stdout=subprocess.DEVNULL,
                           env=settings(range(1, 21)), stdin=subprocess.DEVNULL)
            return {"rows_per_s": place.assets / (time.monotonic() - begun)}
        runs = interleaved(max(1, bench.rounds // 2), bench.progress, ours=ours, copy=peer)
        figures.update(largest({"export_rows_per_s": figure(runs["ours"], "rows_per_s"), "export_copy_rows_per_s": figure(runs["copy"], "rows_per_s"),
                                "export_vs_copy": ratio(runs["ours"], runs["copy"], "rows_per_s"), "export_rss_mib": Figure(memory)}, size))
    return figures


def new_assets(first, count):
    """Rows of an import, none of them in the register."""
    return [{"line": i, "tag": f"N{i}", "serial": f"427C{i:06X}", "model": f"H98UCF9PW{i % 10}BN", "status": "in_service", "assigned_to": f"Officer {i % 5000}",
             "location": f"Station {i % 40}", "system": "MARRS", "unit_id": str(8000000 + i), "alias": f"NEW{i}", "firmware": "R1.00.00",
             "codeplug": "CP-1", "purchased_on": "2024-03-01", "cost": "4500"} for i in range(first, first + count)]


def copy_in(place, rows):
    """COPY of such rows into an empty table like that of the assets: its constraints, indices and foreign keys, none of its triggers."""
    columns = "agency_id, tag, serial, model_id, class, status, assigned_to, location, system, unit_id, alias, firmware, codeplug, purchased_on, cost_cents"
    superuser(place, "DROP TABLE IF EXISTS radioshop.bench_copy; CREATE TABLE radioshop.bench_copy (LIKE radioshop.asset INCLUDING ALL); "
              "ALTER TABLE radioshop.bench_copy ADD FOREIGN KEY (agency_id) REFERENCES radioshop.agency, ADD FOREIGN KEY (model_id) REFERENCES radioshop.model")
    models = dict(line.split("|") for line in superuser(place, "SELECT number, model_id FROM radioshop.model").splitlines())
    text = "".join("\t".join(["20", r["tag"], r["serial"], models[r["model"]], "portable", r["status"], r["assigned_to"], r["location"], r["system"], r["unit_id"],
                              r["alias"], r["firmware"], r["codeplug"], r["purchased_on"], "450000"]) + "\n" for r in rows)
    begun = time.monotonic()
    subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-c", f"COPY radioshop.bench_copy ({columns}) FROM STDIN", place.cluster.url("postgres")], check=True,
                   input=text, text=True)
    seconds = time.monotonic() - begun
    superuser(place, "DROP TABLE radioshop.bench_copy")
    return {"rows_per_s": len(rows) / seconds}


# What the new assets have left in the register's tables.
FORGET_NEW = """SET session_replication_role = replica; SET synchronous_commit = off;
CREATE TEMP TABLE gone AS SELECT a.asset_id FROM radioshop.asset a WHERE a.agency_id = 20 AND a.tag LIKE 'N%';
DELETE FROM radioshop.asset_word w USING gone WHERE w.agency_id = 20 AND w.asset_id = gone.asset_id;
DELETE FROM radioshop.issued_unit_id i USING gone WHERE i.agency_id = 20 AND i.asset_id = gone.asset_id;
DELETE FROM radioshop.schedule s USING gone WHERE s.agency_id = 20 AND s.asset_id = gone.asset_id;
DELETE FROM radioshop.asset a USING gone WHERE a.agency_id = 20 AND a.asset_id = gone.asset_id"""


def import_rows(bench):
    """New assets brought in by ImportAssets, 500 rows a call, one call after the other, as `radioshop asset import` does; beside COPY of as
    many rows into an empty table with the same constraints and indices, and without triggers: no events, no due dates, no words."""
    figures = {}
    for size in bench.sizes:
        place, count, firsts = bench.place(size), 2000 if bench.quick else 20000, iter(range(0, 8000000, 20000))

        def ours():
            rows = new_assets(next(firsts), count)
            requests = place.requests("ImportAssets", [{"request_id": new_id(), "agency": "C20", "rows": rows[at:at + 500]} for at in range(0, count, 500)])
            before = int(superuser(place, "SELECT count(*) FROM radioshop.asset"))
            report = load(place, "bench-shop", f"{SERVICE}AssetService/ImportAssets", requests, 1, 1, 0, once=True)
            assert int(superuser(place, "SELECT count(*) FROM radioshop.asset")) - before == count, "rows were refused"
            return {**report, "rows_per_s": count / report["seconds"]}
        runs = interleaved(1 if bench.quick else 3, bench.progress, ours=ours, copy=lambda: copy_in(place, new_assets(0, count)))
        superuser(place, FORGET_NEW)
        superuser(place, "VACUUM radioshop.asset, radioshop.asset_word, radioshop.issued_unit_id, radioshop.schedule")
        figures.update(largest({"import_rows_per_s": figure(runs["ours"], "rows_per_s"), "import_copy_rows_per_s": figure(runs["copy"], "rows_per_s"),
                                "import_vs_copy": ratio(runs["ours"], runs["copy"], "rows_per_s"),
                                "import_row_server_us": Figure([r["server_us"] / 500 for r in runs["ours"]])}, size))
    return figures


def questions(place, count):
    """What people type into the box, of each kind as much: {kind: [query, …]}."""
    dice = random.Random(SEED)
    def swapped(word, at):
        return word[:at] + word[at + 1] + word[at] + word[at + 2:]

    def ask(kind):
        i = 2 * dice.randrange(place.assets // 2)
        serial, holder = f"426C{i:06X}", f"{i % 5000}"
        return {"tag": f"T{i}", "serial": serial, "unit": str(i + 1), "beginning": serial[:8], "alias": f"unit{i}", "words": f"officer {holder}",
                "swapped": swapped(serial, 8), "wrong": f"T{i}"[:-1] + "X", "misspelt": f"{swapped('officer', dice.randrange(1, 6))} {holder}",
                "common": "officer", "nobody": f"nobody{i}", "two": f"nobody{i} officer", "short": f"T{i}"[:2]}[kind]
    return {kind: [ask(kind) for _ in range(count)] for kind in
            ("tag", "serial", "unit", "beginning", "alias", "words", "swapped", "wrong", "misspelt", "common", "nobody", "two", "short")}


def search(bench):
    """LookupMatches of thirteen kinds of question, one at a time, as one city and as the shop with all of the register, at each size: in the
    database (the function of the statement, from one pgbench client; the slowest hundredth of the slowest kind) and through the daemon."""
    figures = {}
    for size in bench.sizes:
        place, found, kinds = bench.place(size), {}, {}
        asked = questions(place, 50 if bench.quick else 200)
        for who, agencies in (("city", (1,)), ("shop", range(21))):
            for kind, texts in asked.items():
                bench.progress(f"{kind} as the {who}")
                cases = " ".join(f"WHEN {at} THEN '{text}'" for at, text in enumerate(texts))
                script = (f"\\set i random(0, {len(texts) - 1})\n"
                          f"SELECT p.agency_id, p.asset_id FROM radioshop.search_assets(CASE (:i)::int {cases} END, '', NULL, NULL, '', NULL, 51) p;\n")
                run = pgbench(place, script, 1, 0, agencies, transactions=400 if bench.quick else 2000)
                kinds.setdefault(kind, []).append(run["p99_us"] / 1000)
            mixed = place.requests("LookupMatches", [{"query": text} for texts in zip(*asked.values()) for text in texts])
            runs = [load(place, f"bench-{who}", f"{SERVICE}AssetService/LookupMatches", mixed, 1, 1, 0, once=True) for _ in range(1 if bench.quick else 3)]
            for part in ("p50", "p99"):
                found[f"search_{who}_daemon_{part}_ms"] = Figure([run[f"{part}_us"] / 1000 for run in runs])
        found["search_p99_ms"] = Figure([max(max(values) for values in kinds.values())])
        found.update({f"search_{kind}_p99_ms": Figure(values) for kind, values in kinds.items()})
        figures.update(largest(found, size))
    return figures


def worst_page(bench, place, name, wanted):
    """Pages of 50 of ListAssets, one at a time, of one city and of the whole shop: {name_page_p50_ms, name_page_p99_ms} of the slowest of the
    kinds that are wanted, as the median of the rounds."""
    p50, p99 = [], []
    for who in ("bench-city", "bench-shop"):
        for what in wanted:
            bench.progress(f"{what} as {who}")
            requests = place.requests("ListAssets", [{"page_size": 50, **what}])
            runs = [load(place, who, f"{SERVICE}AssetService/ListAssets", requests, 1, 1, bench.seconds / 3) for _ in range(bench.rounds)]
            p50.append(figure(runs, "p50_us"))
            p99.append(figure(runs, "p99_us"))

    def slowest(of):
        return Figure([us / 1000 for us in max(of, key=lambda f: f.median).values])
    return {f"{name}_page_p50_ms": slowest(p50), f"{name}_page_p99_ms": slowest(p99)}


def list_assets(bench):
    """A page of 50 of ListAssets, at each size: the first, and the one behind the first thousand assets."""
    figures = {}
    for size in bench.sizes:
        place = bench.place(size)
        with place.caller("bench-city") as city:
            further = city.ListAssets(page_size=1000).next_page_token
        figures.update(largest(worst_page(bench, place, "list", [{}, {"page_token": further}]), size))
    return figures


def filter_assets(bench):
    """A page of 50 of ListAssets by model, status and class, at each size: of what all assets have, a part of them, and none."""
    wanted = [{"model": "H98UCF9PW1BN"}, {"status": "in_service"}, {"status": "missing"}, {"class": "portable"}, {"class": "console"},
              {"model": "H98UCF9PW1BN", "status": "missing"}, {"status": "in_service", "class": "console"}, {"status": "in_service", "model": "H98UCF9PW1BN", "class": "portable"}]
    figures = {}
    for size in bench.sizes:
        figures.update(largest(worst_page(bench, bench.place(size), "filter", wanted), size))
    return figures


def echo(bench):
    """The transport alone, without a database: 300 bytes there and back, one and 100 in flight over 8 connections, beside nghttpd, which
    answers with a file as long, and gRPC C++; by the CPU time of the server."""
    place, figures = bench.place(bench.sizes[0]), {}
    client = place.client("bench-city")
    empty = place.packed([message("SimpleRequest")(response_size=300, payload={"body": bytes(300)}).SerializeToString()])
    answer = bench.scratch / "htdocs" / path("UnaryCall").lstrip("/")
    answer.parent.mkdir(parents=True)
    answer.write_bytes(bytes(305))
    ours = InteropServer(bench.scratch / "interop", place.certificates)
    try:
        with nghttpd(place.certificates, bench.scratch / "htdocs") as plain, grpcpp_echo(place.certificates) as cplusplus:
            for in_flight in (1, 100):
                def at(server, in_flight=in_flight):
                    return drive(server, client, path("UnaryCall"), empty, 8, in_flight, bench.seconds)
                runs = interleaved(bench.rounds, bench.progress, ours=lambda at=at: at(ours), nghttpd=lambda at=at: at(plain),
                                   grpcpp=lambda at=at: at(cplusplus))
                for name, reports in runs.items():
                    figures[f"echo_{name}_us_8x{in_flight}"] = figure(reports, "daemon_us")
                figures[f"echo_vs_nghttpd_8x{in_flight}"] = ratio(runs["ours"], runs["nghttpd"], "daemon_us")
                figures[f"echo_grpcpp_vs_ours_8x{in_flight}"] = ratio(runs["grpcpp"], runs["ours"], "daemon_us")
    finally:
        ours.stop()
    return figures


def idle(bench):
    """Idle mutual-TLS connections, each after a call that needs no database: memory of each, and the CPU time of a handshake with that call,
    beside nghttpd and gRPC C++. Each server is started anew for it."""
    place = bench.place(bench.sizes[0])
    count = 200 if bench.quick else 2000
    requests = place.packed([b""])

    def held(server):
        pid = server.process.pid
        before, cpu = rss_kib(pid), cpu_seconds(pid)
        words = [BUILD / "tests" / "bench_load", "--to", str(server.port), *place.client("bench-city"), "--path", "/grpc.health.v1.Health/Check",
                 "--requests", requests, "--connections", str(count), "--idle"]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holding:
            while holding.stdout.readline().strip() != "held":
                assert holding.poll() is None
            report = {"kib": (rss_kib(pid) - before) / count, "ms": (cpu_seconds(pid) - cpu) / count * 1000}
            holding.communicate("\n")
        return report

    def ours():
        place.daemon.stop()
        place.daemon.start()
        return held(place.daemon)

    def peer(made):
        with made as server:
            return held(server)
    runs = interleaved(1 if bench.quick else 3, bench.progress, ours=ours, nghttpd=lambda: peer(nghttpd(place.certificates, bench.scratch)),
                       grpcpp=lambda: peer(grpcpp_echo(place.certificates)))
    figures = {}
    for name, reports in runs.items():
        own = "" if name == "ours" else f"{name}_"
        figures[f"idle_{own}kib_per_connection"], figures[f"{own}handshake_ms"] = figure(reports, "kib"), figure(reports, "ms")
    for name in ("nghttpd", "grpcpp"):
        figures[f"idle_vs_{name}"] = ratio(runs["ours"], runs[name], "kib")
        figures[f"handshake_vs_{name}"] = ratio(runs["ours"], runs[name], "ms")
    return figures


def start(bench):
    """From exec to ready, all statements prepared on each of its connections, beside psql that opens one over TLS and prepares the same."""
    place = bench.place(bench.sizes[0])
    text = place.directory / "prepare.sql"
    text.write_text("".join(f"PREPARE s{n} AS {numbered(name)};\n" for n, name in enumerate(sorted(f.stem for f in STATEMENTS.glob("*.sql")))),
                    encoding="utf-8")

    def timed(run):
        begun = time.monotonic()
        run()
        return {"ms": (time.monotonic() - begun) * 1000}

    def ours():
        place.daemon.stop()
        return timed(place.daemon.start)
    words = ["/usr/lib/postgresql/15/bin/psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-f", text, place.tls_url()]
    runs = interleaved(bench.rounds, bench.progress, ours=ours, psql=lambda: timed(
        lambda: subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)))
    return {"start_ms": figure(runs["ours"], "ms"), "start_psql_ms": figure(runs["psql"], "ms"), "start_vs_psql": ratio(runs["ours"], runs["psql"], "ms")}


def numbered(name):
    """A statement of the daemon with its parameters as PREPARE wants them."""
    seen = []

    def number(found):
        if found[1] not in seen:
            seen.append(found[1])
        return f"${seen.index(found[1]) + 1}"
    return re.sub(r"(?<!:):([a-z_][a-z_0-9.]*)", number, statement(name))


def command(bench):
    """`radioshop asset show TAG` as a process, beside psql doing the same look-up."""
    place = bench.place(bench.middle)
    certificate, key = place.certificates.person("bench-cities")
    ours = [BUILD / "client" / "radioshop", "--server", f"localhost:{place.daemon.port}", "--cacert", place.certificates.ca,
            "--cert", certificate, "--key", key, "asset", "show", "T42"]
    text = statement("get_asset").replace(":asset::text", "'T42'")
    count = 20 if bench.quick else 100

    def timed(words, environment=None):
        begun = time.monotonic()
        for _ in range(count):
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=environment)
        return {"ms": (time.monotonic() - begun) / count * 1000}
    runs = interleaved(bench.rounds, bench.progress, ours=lambda: timed(ours),
                       psql=lambda: timed(["/usr/lib/postgresql/15/bin/psql", "-Xqc", text, place.cluster.url()], settings(CITIES)))
    return {"cli_ms": figure(runs["ours"], "ms"), "cli_psql_ms": figure(runs["psql"], "ms"),
            "cli_vs_psql": ratio(runs["ours"], runs["psql"], "ms")}


def statement_months(bench):
    """CloseMonth of a month with one repair for every hundred assets, at each size, month after month; beside the function that
    reckons it, called by psql. Nothing else runs; a closing holds up whoever logs work meanwhile."""
    figures, rounds = {}, 1 if bench.quick else 3
    for size in bench.sizes:
        place = bench.place(size)
        for month in range(1, rounds + 1):
            subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-v", f"month={month}", "-f", HERE / "work.sql", place.cluster.url("postgres")],
                           check=True, capture_output=True, stdin=subprocess.DEVNULL)
        months = iter(range(1, rounds + 1))
        at = [0]

        def call(method, more, once):
            requests = place.requests(method, [{"month": f"2026-{at[0]:02d}", **more}])
            return load(place, "bench-shop", f"{SERVICE}StatementService/{method}", requests, 1, 1, 0, once=once)

        def preview():
            at[0] = next(months)
            return call("PreviewMonth", {}, True)

        def bare():
            begun = time.monotonic()
            subprocess.run(["psql", "-Xqc", f"SELECT m.refusal, m.total_cents FROM radioshop.preview_month('2026-{at[0]:02d}') m", place.cluster.url()],
                           check=True, stdout=subprocess.DEVNULL, env=settings(range(21)), stdin=subprocess.DEVNULL)
            return {"seconds": time.monotonic() - begun}
        runs = interleaved(rounds, bench.progress, preview=preview, psql=bare,
                           ours=lambda: call("CloseMonth", {"request_id": new_id()}, True))
        label = scale(size)
        figures[f"statement_s_{label}"] = Figure([r["p50_us"] / 1e6 for r in runs["ours"]])
        figures[f"statement_preview_s_{label}"] = Figure([r["p50_us"] / 1e6 for r in runs["preview"]])
        figures[f"statement_preview_psql_s_{label}"] = figure(runs["psql"], "seconds")
    return figures


def emit(bench):
    """A night's alert job: EmitAlerts, a thousand at a time, until all that is overdue is in the ledger, beside psql that calls its
    function as often; and the run after it, which finds nothing new."""
    figures = {}
    for size in bench.sizes:
        place = bench.place(size)
        overdue = int(superuser(place, "SELECT count(*) FROM radioshop.schedule WHERE overdue_from <= current_date"))
        calls = overdue // 1000 + 1

        def call(times):
            requests = place.requests("EmitAlerts", [{"request_id": new_id()} for _ in range(times)])
            return load(place, "bench-shop", f"{SERVICE}AlertService/EmitAlerts", requests, 1, 1, 0, once=True)

        def all_emitted(run):
            superuser(place, *FORGET_ALERTS)
            report = run()
            assert int(superuser(place, "SELECT count(*) FROM radioshop.alert")) == overdue
            return report

        def bare():
            begun = time.monotonic()
            subprocess.run(["psql", "-Xq", *["-c", "SELECT count(*) FROM radioshop.emit_alerts('', 0)"] * calls, place.cluster.url()],
                           check=True, stdout=subprocess.DEVNULL, env=settings(range(21)), stdin=subprocess.DEVNULL)
            return {"seconds": time.monotonic() - begun}
        runs = interleaved(1 if bench.quick else 3, bench.progress, psql=lambda: all_emitted(bare), ours=lambda: all_emitted(lambda: call(calls)),
                           again=lambda: call(1))
        label = scale(size)
        figures[f"emit_s_{label}"] = figure(runs["ours"], "seconds")
        figures[f"emit_alerts_{label}"] = Figure([overdue])
        figures[f"emit_vs_psql_{label}"] = ratio(runs["ours"], runs["psql"], "seconds")
        figures[f"emit_nothing_ms_{label}"] = Figure([r["p50_us"] / 1000 for r in runs["again"]])
    return figures


WORKLOADS = {"read": read, "read1": read1, "due": due, "write": write, "import": import_rows, "export": export, "search": search, "list": list_assets,
             "filter": filter_assets, "echo": echo, "idle": idle, "start": start, "cli": command,
             "statement": statement_months, "emit": emit}
