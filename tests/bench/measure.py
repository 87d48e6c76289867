"""Runs of the two load generators, and figures made of several of them."""

import json
import re
import statistics
import subprocess

from place import LOAD, PGBENCH, cpu_seconds, settings


class Figure:
    """One number of several rounds: the median, and how far they lay apart."""

    def __init__(self, values, unit=""):
        self.values, self.unit = sorted(values), unit

    @property
    def median(self):
        return statistics.median(self.values)

    def __str__(self):
        low, high = self.values[0], self.values[-1]
        return f"{self.median:,.4g}{self.unit} ({low:,.4g}–{high:,.4g})"


def drive(server, client, method_path, requests, connections, in_flight, seconds, once=False):
    """One run of bench_load at a server, of which there is `port` and `process`: its report, with the CPU time of a call there."""
    before = cpu_seconds(server.process.pid)
    words = [LOAD, "--to", str(server.port), *client, "--path", method_path, "--requests", requests,
             "--connections", str(connections), "--in-flight", str(in_flight), "--seconds", str(seconds)]
    done = subprocess.run([*words, "--once"] if once else words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    wrong = {status: n for status, n in report["status"].items() if status != ("-1" if getattr(server, "plain", False) else "0")}
    assert not wrong, f"{method_path}: calls ended with {wrong}"
    report["per_s"] = report["calls"] / report["seconds"]
    report["daemon_us"] = (cpu_seconds(server.process.pid) - before) / report["calls"] * 1e6
    return report


def load(place, name, method_path, requests, connections, in_flight, seconds, peer=None, once=False):
    """The same at the daemon, or at a peer on its database, with the CPU time of PostgreSQL."""
    before = place.server_cpu()
    report = drive(peer or place.daemon, place.client(name), method_path, requests, connections, in_flight, seconds, once)
    report["server_us"] = (place.server_cpu() - before) / report["calls"] * 1e6
    return report


def pgbench(place, script, clients, seconds, agencies, url=None, transactions=None):
    """One run of pgbench -M prepared with a script's text: {per_s, p50_us, p99_us}."""
    path, log = place.directory / "script.sql", place.directory / "pgbench"
    path.write_text(script, encoding="utf-8")
    for old in place.directory.glob("pgbench.*"):
        old.unlink()
    length = ["-t", str(transactions // clients)] if transactions else ["-T", str(max(1, round(seconds)))]
    done = subprocess.run([PGBENCH, "-n", "-M", "prepared", "-c", str(clients), "-j", "1", *length, "-f", path, "-l",
                           "--log-prefix", log, url or place.cluster.url()], capture_output=True, text=True, check=False,
                          env=settings(agencies))
    assert done.returncode == 0, done.stderr
    times = sorted(int(line.split()[2]) for file in place.directory.glob("pgbench.*") for line in open(file, encoding="ascii"))
    return {"per_s": float(re.search(r"tps = ([0-9.]+)", done.stdout)[1]), "p50_us": times[len(times) // 2],
            "p99_us": times[len(times) * 99 // 100], "calls": len(times)}


def interleaved(rounds, progress, **runs):
    """Runs A B C A B C …: {name: [report, …]}; what disturbs the machine disturbs all of them."""
    reports = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            progress(name)
            reports[name].append(run())
    return reports


def figure(reports, key, unit=""):
    return Figure([report[key] for report in reports], unit)


def ratio(over, under, key):
    """Round by round, so that a slow moment is in both."""
    return Figure([a[key] / b[key] for a, b in zip(over, under)])
