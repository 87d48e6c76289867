"""What the people who run it see: the plain listener, reload, drain, the configuration and its mistakes."""

import itertools
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import grpc
import pytest

from rig import DAEMON
from rig import contract
from rig.caller import Caller, Refused, refused
from rig.world import day


def test_health_pages(daemon):
    assert daemon.http("/healthz")[0] == 200
    assert daemon.http("/readyz")[0] == 200
    assert daemon.http("/nothing")[0] == 404


def test_metrics(world, daemon):
    """Prometheus text, each metric with its help and type, calls counted by method and status."""
    status, text = daemon.http("/metrics")
    assert status == 200
    names = {line.split("{")[0].split(" ")[0] for line in text.splitlines() if line and not line.startswith("#")}
    helped = {line.split()[2] for line in text.splitlines() if line.startswith("# HELP")}
    typed = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    for name in names:
        base = name
        for suffix in ("_bucket", "_sum", "_count"):
            if name.endswith(suffix) and name[:-len(suffix)] in typed:
                base = name[:-len(suffix)]
        assert base in helped and base in typed, f"{name} has no HELP or TYPE"
    before = sum_of_calls(daemon, "GetCaller")
    for _ in range(5):
        world.ada.GetCaller()
    assert sum_of_calls(daemon, "GetCaller") == before + 5


def sum_of_calls(daemon, method):
    total = 0
    for line in daemon.http("/metrics")[1].splitlines():
        if method in line and "calls_total" in line:
            total += float(line.rsplit(" ", 1)[1])
    return total


def test_print_config_and_check(own_daemon):
    daemon = own_daemon("printed", read_connections=2)
    printed = daemon.run("--print-config")
    assert printed.returncode == 0
    for key in daemon.settings:
        assert f"\n{key} = " in printed.stdout, key
    assert "read_connections = 2" in printed.stdout and printed.stdout.count("# ") > 20
    checked = daemon.run("--check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    again = daemon.directory / "again.conf"
    again.write_text(printed.stdout, encoding="utf-8")
    daemon.config = again
    assert daemon.run("--check").returncode == 0, "what --print-config prints is a configuration"


@pytest.mark.parametrize("line, word", [
    ("listne = 127.0.0.1:1", "listne"), ("read_connections = many", "read_connections"),
    ("read_connections = 0", "read_connections"), ("read_connections = 99999999999999999999", "read_connections"),
    ("log_level = loud", "log_level"), ("just words", "="), ("listen = nowhere", "listen"),
    ("max_streams = 10\nmax_streams = 20", "max_streams"), ("default_deadline_ms = 500000\nmax_deadline_ms = 1000", "deadline")])
def test_a_wrong_key_is_told_with_file_and_line(own_daemon, line, word):
    daemon = own_daemon("wrong-key")
    lines = daemon.config.read_text(encoding="utf-8").count("\n")
    with open(daemon.config, "a", encoding="utf-8") as config:
        config.write(line + "\n")
    for words in ((), ("--check",)):
        done = daemon.run(*words)
        assert done.returncode == 2, done.stderr
        assert word in done.stderr and str(daemon.config) in done.stderr, done.stderr
        if "deadline" not in word:
            assert f":{lines + line.count(chr(10)) + 1}" in done.stderr, done.stderr
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_no_configuration(own_daemon):
    daemon = own_daemon("none")
    daemon.config.unlink()
    done = daemon.run()
    assert done.returncode == 2 and str(daemon.config) in done.stderr


def test_arguments():
    def run(*words):
        return subprocess.run([DAEMON, *words], capture_output=True, text=True, timeout=20, check=False)
    assert run("--version").stdout.strip().endswith("0.1.0") and run("--version").returncode == 0
    assert run("--help").returncode == 0 and "--config" in run("--help").stdout
    wrong = run("--no-such-option")
    assert wrong.returncode in (2, 64) and "no-such-option" in wrong.stderr


def refuses(daemon, *words):
    """It says why in one line, and ends; further faults of a database are in the log. Gives the line."""
    done = daemon.run()
    assert done.returncode > 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("radioshopd: ")]
    assert len(lines) == 1 and all(word in lines[0] for word in words), done.stderr
    others = [line for line in done.stderr.splitlines() if not re.search("^radioshopd: |level=info|event=fault", line)]
    assert not others, done.stderr
    return lines[0]


def test_a_key_that_others_can_read(own_daemon, certificates, scratch):
    key = scratch / "open.key"
    shutil.copy(certificates.server_key, key)
    key.chmod(0o644)
    refuses(own_daemon("open-key", tls_key=key), "open.key")


def test_a_key_of_another_certificate(own_daemon, certificates):
    _, key = certificates.person("somebody-else")
    refuses(own_daemon("other-key", tls_key=key), "key")


def test_missing_files(own_daemon, scratch):
    for setting in ("tls_certificate", "tls_key", "tls_client_ca", "tls_client_crl"):
        refuses(own_daemon("missing-" + setting, **{setting: scratch / "not-there.pem"}), "not-there.pem")


def test_an_expired_certificate(own_daemon, certificates, scratch):
    certificate, key = certificates.odd("localhost", server=True, days=(-30, -2))
    (scratch / "old.pem").write_bytes(certificate)
    (scratch / "old.key").write_bytes(key)
    (scratch / "old.key").chmod(0o600)
    refuses(own_daemon("expired", tls_certificate=scratch / "old.pem", tls_key=scratch / "old.key"), "old.pem")


def test_an_address_in_use(own_daemon):
    """By another program; for two of our own see test_connections."""
    daemon = own_daemon("in-use")
    with socket.create_server(("127.0.0.1", daemon.port)):
        refuses(daemon, str(daemon.port))


def test_the_role_that_owns_the_tables(own_daemon, migrated):
    """The owner and a superuser are not bound by row level security: refused."""
    for role in ("radioshop_owner", "postgres"):
        line = refuses(own_daemon("as-" + role, database=migrated.url(role)))
        assert role in line or "role" in line, line


def test_a_reload_takes_a_new_certificate(own_daemon, certificates, scratch):
    """New connections get the new one, those that are open go on; a bad new file leaves the old one in force."""
    daemon = own_daemon("reloaded")
    live = {"certificate": scratch / "live.pem", "key": scratch / "live.key"}

    def install(certificate, key):
        for path, source in ((live["certificate"], certificate), (live["key"], key)):
            shutil.copy(source, path)
            path.chmod(0o600)
    install(certificates.server_certificate, certificates.server_key)
    daemon.write_config(tls_certificate=live["certificate"], tls_key=live["key"])
    daemon.start()
    old = serial(daemon)
    certificate, key = certificates.person("ada")
    caller = Caller(daemon.port, certificates.ca_pem(), certificate.read_bytes(), key.read_bytes())
    assert caller.GetCaller().principal.name == "ada"
    # half a file, and a key that does not fit: refused, and said in the log
    live["certificate"].write_bytes(certificates.server_certificate.read_bytes()[:300])
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_until(lambda: "live.pem" in daemon.text(), 10, "told that the file is bad")
    assert serial(daemon) == old and caller.GetCaller().principal.name == "ada"
    new_certificate, new_key = certificates.server("other-name.example", "localhost", "127.0.0.1")
    install(new_certificate, new_key)
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_until(lambda: serial(daemon) != old, 10, "using the new certificate")
    assert caller.GetCaller().principal.name == "ada", "an open connection goes on"
    caller.close()
    daemon.stop()


def serial(daemon):
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{daemon.port}", "-alpn", "h2"], input="",
                          capture_output=True, text=True, timeout=20, check=False)
    return subprocess.run(["openssl", "x509", "-noout", "-serial"], input=done.stdout, capture_output=True, text=True,
                          check=True).stdout


def test_revoked_at_the_reload(own_daemon, certificates, world, scratch):
    """A certificate that was taken back: its open connection is closed by the reload, and it cannot come again."""
    name = world.person(f"revoked-{world.number()}", [("viewer", "IND")])
    crl = scratch / "crl-live.pem"
    shutil.copy(certificates.crl, crl)
    daemon = own_daemon("revoking", tls_client_crl=crl).start()
    caller, other = world.fresh_caller(name, daemon.port), world.fresh_caller("ada", daemon.port)
    assert caller.GetCaller().principal.name == name and other.GetCaller().principal.name == "ada"
    certificates.revoke(name)
    shutil.copy(certificates.crl, crl)
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_until(lambda: code_of(caller) == "UNAVAILABLE", 10, "closing the connection")
    time.sleep(0.5)
    assert code_of(caller) == "UNAVAILABLE"
    assert other.GetCaller().principal.name == "ada"
    caller.close(), other.close()
    daemon.stop()


def code_of(caller):
    try:
        caller.GetCaller(timeout=5)
        return "OK"
    except Refused as refusal:
        return refusal.code


def test_reload_takes_limits_and_level(own_daemon, world):
    daemon = own_daemon("limits", max_request_bytes=4096).start()
    caller = world.fresh_caller("ada", daemon.port)
    with refused("RESOURCE_EXHAUSTED"):
        caller.LookupAssets(code="x" * 5000)
    daemon.write_config(max_request_bytes=65536, log_level="error")
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_until(lambda: code_with(caller, "x" * 5000) != "RESOURCE_EXHAUSTED", 10, "reloaded")
    size = len(daemon.text())
    caller.GetCaller()
    assert "GetCaller" not in daemon.text()[size:]
    # A configuration with a mistake changes nothing.
    with open(daemon.config, "a", encoding="utf-8") as config:
        config.write("nonsense = 1\n")
    daemon.process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert caller.GetCaller().principal.name == "ada" and "nonsense" in daemon.text()
    caller.close()
    daemon.stop()


def code_with(caller, code):
    try:
        caller.LookupAssets(code=code)
        return "OK"
    except Refused as refusal:
        return refusal.code


def test_a_storm_of_reloads(own_daemon, world):
    """Many signals at once ask for one reload, and calls are served between two."""
    daemon = own_daemon("storm").start()
    caller = world.fresh_caller("ada", daemon.port)
    stop, failures, done = threading.Event(), [], [0]

    def calling():
        while not stop.is_set():
            try:
                caller.GetCaller()
                done[0] += 1
            except Refused as refusal:
                failures.append(str(refusal))
    thread = threading.Thread(target=calling)
    thread.start()
    for _ in range(300):
        daemon.process.send_signal(signal.SIGHUP)
        time.sleep(0.0001)
    stop.set()
    thread.join()
    assert not failures and done[0] > 0
    caller.close()
    daemon.stop()
    reloads = daemon.text().count("event=reloaded")
    assert 0 < reloads < 150, f"{reloads} reloads: signals that come together are one"


def test_drain(own_daemon, world, migrated):
    """SIGTERM: what runs is finished, what is new is refused, and it ends by itself."""
    daemon = own_daemon("drained").start()
    asset = world.asset("IND")
    caller = world.fresh_caller("tina", daemon.port)
    caller.GetCaller()
    holder = threading.Thread(target=migrated.sql, args=(
        "BEGIN; LOCK TABLE radioshop.asset IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(1.5); ROLLBACK;",))
    holder.start()
    time.sleep(0.5)
    method = contract.methods()["GetAsset"]
    running = caller.channel.unary_unary(method.path).future(
        caller.request(method, {"asset": asset.id}).SerializeToString(), timeout=15)
    time.sleep(0.3)
    daemon.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    assert daemon.http("/readyz")[0] in (0, 503)
    late = world.fresh_caller("ada", daemon.port)
    assert code_of(late) == "UNAVAILABLE"
    assert method.reply.FromString(running.result()).asset.id == asset.id
    holder.join()
    assert daemon.process.wait(20) == 0
    daemon.process = None
    daemon.check_log()
    caller.close(), late.close()


def test_drain_is_bounded(own_daemon, world, migrated):
    """A call that does not end is cut off after drain_timeout_ms; a second SIGTERM ends at once."""
    for second, most in ((False, 8), (True, 4)):
        daemon = own_daemon(f"bounded-{second}", drain_timeout_ms=1000 if not second else 60000).start()
        caller = world.fresh_caller("vera", daemon.port)
        # A question to reflection whose client never ends; its list_services (field 7) is answered.
        silence = threading.Event()
        call = caller.channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")(
            itertools.chain([b"\x3a\x00"], iter(silence.wait, True)), timeout=60)
        next(call)
        begun = time.monotonic()
        daemon.process.send_signal(signal.SIGTERM)
        if second:
            time.sleep(0.5)
            daemon.process.send_signal(signal.SIGTERM)
        daemon.process.wait(30)
        taken = time.monotonic() - begun
        assert taken < most and (second or taken > 0.5), "the call was given time, and no more than that"
        daemon.process = None
        silence.set()
        call.cancel()
        caller.close()
        daemon.check_log()


def test_a_watch_does_not_hold_up_the_drain(own_daemon, world):
    """Who watches health is told that it ends, and then the call ends too."""
    daemon = own_daemon("watched", drain_timeout_ms=60000).start()
    caller = world.fresh_caller("vera", daemon.port)
    call = caller.channel.unary_stream("/grpc.health.v1.Health/Watch")(b"", timeout=60)
    assert next(call) == b"\x08\x01", "SERVING"
    daemon.process.send_signal(signal.SIGTERM)
    assert next(call) == b"\x08\x02", "NOT_SERVING"
    with pytest.raises(grpc.RpcError) as ended:
        next(call)
    assert ended.value.code() == grpc.StatusCode.UNAVAILABLE
    assert daemon.process.wait(10) == 0
    daemon.process = None
    caller.close()
    daemon.check_log()


def test_when_alerts_were_last_decided_and_sent(world, daemon, agency, migrated):
    """Read from the database, so that whoever watches the daemon sees that the job is dead, wherever it runs."""
    def times():
        return {name: daemon.metric(f"radioshop_alert_last_{name}_timestamp_seconds") for name in ("decided", "claimed", "sent")}
    world.asset(agency)
    world.plan(agency, first_due_on=day(-3))
    world.ada.CreateAlertRoute(route={"agency": agency, "code": "OUT", "channel": "output"})
    world.nightly.EmitAlerts()
    given = [d for d in world.nightly.ClaimDeliveries(host="x", limit=20).deliveries if d.agency == agency]
    while not given:
        given = [d for d in world.nightly.ClaimDeliveries(host="x", limit=20).deliveries if d.agency == agency]
    world.nightly.ConfirmDelivery(delivery=given[0].id, generation=1, outcome="delivered")
    migrated.sql(f"""UPDATE radioshop.alert_run SET decided_at = 'epoch'::timestamptz + interval '1000000000 s', claimed_at = 'epoch'::timestamptz + interval '1000000001 s'
        WHERE agency_id = (SELECT agency_id FROM radioshop.agency WHERE code = '{agency}')""")
    now = time.time()
    daemon.wait_until(lambda: times()["decided"] == 1000000000, 25, "the times of the agency that is worst off")
    assert times()["claimed"] == 1000000001 and now - 120 < times()["sent"] < now + 120
