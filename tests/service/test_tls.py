"""The TLS policy, as two scanners that nobody wrote for radioshop report it, and what no scanner tries."""

import json
import os
import pathlib
import pwd
import re
import shutil
import ssl
import subprocess
import time
import xml.etree.ElementTree as ElementTree

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from rig import DAEMON
from rig.daemon import SLOWER
from rig.frames import PREFACE, frame, tls_connect, tls_context

SUITES_1_3 = ["TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"]
SUITES_1_2 = ["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256"]
GROUPS = {"secp256r1 (NIST P-256)", "secp384r1 (NIST P-384)", "x25519"}


@pytest.fixture(scope="module")
def daemons(own_daemon):
    """By version: one as it comes, and one that speaks TLS 1.2 too. Scanners connect more often than people."""
    made = {version: own_daemon(f"tls-{version}", max_handshakes_per_s=100000, **settings).start()
            for version, settings in (("1.3", {}), ("1.2", {"tls_minimum": "1.2"}))}
    yield made
    for daemon in made.values():
        daemon.stop()


@pytest.fixture(scope="module")
def reports(daemons, certificates, tmp_path_factory):
    """testssl's findings by version and id; both scans run at once, since each takes most of a minute."""
    directory = tmp_path_factory.mktemp("testssl")
    words = {"1.3": ["-p", "-f", "-E", "-P", "-S", "-U"], "1.2": ["-p", "-E", "-P", "-S"]}
    scans = {version: subprocess.Popen(
        ["testssl", "--quiet", "--color", "0", "--warnings", "off", "--add-ca", certificates.ca, "--jsonfile",
         directory / f"{version}.json", *words[version], f"127.0.0.1:{daemons[version].port}"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for version in words}
    found = {}
    for version, scan in scans.items():
        scan.wait(300 * SLOWER)
        with open(directory / f"{version}.json", encoding="utf-8") as report:
            found[version] = {row["id"]: row for row in json.load(report)}
    return found


def sslscan(daemon, certificates, path):
    certificate, key = certificates.person("ada")
    subprocess.run(["sslscan", "--no-colour", f"--certs={certificate}", f"--pk={key}", f"--xml={path}",
                    f"127.0.0.1:{daemon.port}"], check=True, capture_output=True, timeout=120 * SLOWER)
    return ElementTree.parse(path).getroot().find("ssltest")


def enabled(report):
    return {row.get("type") + row.get("version") for row in report.iter("protocol") if row.get("enabled") == "1"}


def suites(report, version):
    return [row.get("cipher") for row in report.iter("cipher") if row.get("sslversion") == f"TLSv{version}"]


def groups(report):
    return {row.get("name") for row in report.iter("group")}


def test_sslscan(daemons, certificates, tmp_path):
    report = sslscan(daemons["1.3"], certificates, tmp_path / "report.xml")
    assert enabled(report) == {"tls1.3"}
    assert suites(report, "1.3") == SUITES_1_3 and len(list(report.iter("cipher"))) == len(SUITES_1_3)
    assert groups(report) == GROUPS
    assert all(row.get("vulnerable") == "0" for row in report.iter("heartbleed"))
    assert report.find("renegotiation").get("supported") == "0"


def test_sslscan_with_1_2(daemons, certificates, tmp_path):
    """The option adds TLS 1.2 with two suites, and nothing else."""
    report = sslscan(daemons["1.2"], certificates, tmp_path / "report.xml")
    assert enabled(report) == {"tls1.2", "tls1.3"}
    assert suites(report, "1.3") == SUITES_1_3 and suites(report, "1.2") == SUITES_1_2
    assert len(list(report.iter("cipher"))) == len(SUITES_1_3 + SUITES_1_2)
    assert groups(report) <= GROUPS
    assert report.find("renegotiation").get("supported") == "0"


# What testssl finds that is as it must be: its own OpenSSL speaks no 1.3, the CA is private and publishes no address of
# its list, nobody asks the DNS about loopback, and a client certificate is needed to try renegotiation (we do, below).
EXPECTED = {"optimal_proto", "cert_revocation", "DNS_CAArecord", "secure_client_renego", "scanProblem"}


@pytest.mark.parametrize("version", ["1.3", "1.2"])
def test_testssl_finds_nothing(reports, version):
    bad = {name: row for name, row in reports[version].items() if row["severity"] not in ("OK", "INFO", "DEBUG")}
    assert set(bad) <= EXPECTED - ({"secure_client_renego"} if version == "1.3" else set()), bad
    assert len(reports[version]) > 40, "the scan did not come to its end"
    assert reports[version]["scanTime"]["severity"] == "INFO", "the scan did not come to its end"


@pytest.mark.parametrize("version", ["1.3", "1.2"])
def test_testssl_sees_the_policy(reports, version):
    report = {name: row["finding"] for name, row in reports[version].items()}
    for old in ("SSLv2", "SSLv3", "TLS1", "TLS1_1", *(["TLS1_2"] if version == "1.3" else [])):
        assert report[old] == "not offered", old
    assert report["TLS1_3"].startswith("offered")
    if version == "1.2":
        assert report["TLS1_2"] == "offered" and report["cipherorder_TLSv1_2"].split() == SUITES_1_2
    else:
        assert set(report["PFS_ECDHE_curves"].split()) == {"prime256v1", "secp384r1", "X25519"}
        assert report["secure_client_renego"].startswith("not vulnerable")
    offered = {text.split()[3] for name, text in report.items() if name.startswith("cipher-")}
    assert report["cipherorder_TLSv1_3"].split() == SUITES_1_3
    assert len([name for name in report if name.startswith("cipher-")]) == 2 + 2 * (version == "1.2"), offered
    assert report["TLS_session_ticket"].startswith("no "), report["TLS_session_ticket"]
    assert report["SSL_sessionID_support"] == "no"
    assert report["sessionresumption_ticket"] == "not supported"
    assert report["sessionresumption_ID"].startswith("No Session ID")
    assert report["ALPN_HTTP2"] == "h2" and "CRIME_TLS" in (report if version == "1.3" else ["CRIME_TLS"])
    assert report["certs_countServer"] == "1", "the CA of the clients is not shown to everybody"


def settings_come(connection):
    """Whether the daemon speaks HTTP/2 on it: it answers the preface with SETTINGS."""
    connection.sendall(PREFACE + frame(4, 0, 0))
    connection.settimeout(20)
    try:
        return connection.recv(9)[3:4] == b"\x04"
    except (OSError, ssl.SSLError):
        return False


def test_versions(daemons, certificates):
    with pytest.raises(OSError):
        tls_connect(tls_context(certificates, "ada", version="1.2"), daemons["1.3"].port)
    for version in ("1.2", "1.3"):
        with tls_connect(tls_context(certificates, "ada", version=version), daemons["1.2"].port) as connection:
            assert connection.version() == f"TLSv{version}" and settings_come(connection)


@pytest.mark.parametrize("version", ["1.3", "1.2"])
def test_no_session_is_resumed(daemons, certificates, version):
    """A resumed session would skip the check of the certificate: there is nothing to resume one by."""
    context = tls_context(certificates, "ada", version=version)
    with tls_connect(context, daemons["1.2"].port) as first:
        assert settings_come(first)
        first.settimeout(1)
        try:
            while first.recv(4096):
                pass
        except TimeoutError:
            pass
        session = first.session
        assert session is None or not session.has_ticket
        assert session is None or version == "1.3" or session.id == b""
    with tls_connect(context, daemons["1.2"].port, session) as second:
        assert settings_come(second) and not second.session_reused


@pytest.mark.parametrize("version", ["1.3", "1.2"])
def test_a_revoked_certificate_cannot_resume(own_daemon, certificates, scratch, version):
    crl = scratch / f"crl-resume-{version}.pem"
    crl.write_bytes(certificates.crl.read_bytes())
    daemon = own_daemon(f"resume-{version}", tls_client_crl=crl, tls_minimum="1.2").start()
    name = f"resumer-{version}"
    context = tls_context(certificates, name, version=version)
    with tls_connect(context, daemon.port) as first:
        assert settings_come(first)
        session = first.session
        certificates.revoke(name)
        crl.write_bytes(certificates.crl.read_bytes())
        daemon.reload()
        try:
            with tls_connect(context, daemon.port, session) as second:
                assert not settings_come(second), "a revoked certificate came in on its old session"
        except OSError:
            pass
    daemon.stop()


@pytest.mark.parametrize("version", ["1.3", "1.2"])
@pytest.mark.parametrize("alpn", [(), ("http/1.1",), ("h2c", "spdy/3")], ids=["none", "http1", "others"])
def test_without_alpn_h2_it_is_closed(daemons, certificates, version, alpn):
    try:
        with tls_connect(tls_context(certificates, "ada", alpn=alpn, version=version), daemons["1.2"].port) as connection:
            assert not settings_come(connection)
    except OSError:
        pass
    with tls_connect(tls_context(certificates, "ada", alpn=("http/1.1", "h2")), daemons["1.2"].port) as connection:
        assert connection.selected_alpn_protocol() == "h2" and settings_come(connection)


def test_renegotiation_is_refused(daemons, certificates):
    """Under 1.2, by a client that may come in; 1.3 has none."""
    certificate, key = certificates.person("ada")
    client = subprocess.Popen(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{daemons['1.2'].port}", "-tls1_2", "-alpn", "h2", "-cert", certificate,
         "-key", key, "-CAfile", certificates.ca], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    time.sleep(1 * SLOWER)
    client.stdin.write(b"R\n")
    client.stdin.flush()
    time.sleep(1 * SLOWER)
    try:
        text = client.communicate(b"Q\n", timeout=20)[0].decode(errors="replace")
    except BrokenPipeError:
        text = client.stdout.read().decode(errors="replace")
    assert "Verify return code: 0" in text and "RENEGOTIATING" in text, text[-2000:]
    assert "no renegotiation" in text, text[-2000:]


@pytest.mark.parametrize("odd", [
    {"usage": False}, {"key": "rsa1024"}, {"key": "p521"}, {"extra": "second uri, other case"}],
    ids=["no_usage", "weak_key", "foreign_curve", "two_names"])
def test_certificates_that_are_not_taken(daemons, certificates, tmp_path, odd):
    """No word on what it is for, a key or a curve that the policy does not have, two names that differ in case only."""
    keys = {"rsa1024": lambda: rsa.generate_private_key(65537, 1024), "p521": lambda: ec.generate_private_key(ec.SECP521R1())}
    words = {k: v for k, v in odd.items() if k == "usage"}
    if "key" in odd:
        words["key"] = keys[odd["key"]]()
    if "extra" in odd:
        words["extra"] = [x509.UniformResourceIdentifier("RADIOSHOP://principal/ada")]
    files = tmp_path / "odd.pem", tmp_path / "odd.key"
    for path, text in zip(files, certificates.odd("ada", **words)):
        path.write_bytes(text)
    try:
        context = tls_context(certificates, "ada", files=files)
        with tls_connect(context, daemons["1.2"].port) as connection:
            assert not settings_come(connection)
    except ssl.SSLError:
        pass    # the client's own OpenSSL finds it too weak to send
    except OSError:
        pass


def test_the_key_is_not_left_in_memory(daemons):
    """No line of the key file: what was read of it is wiped. Root may look, others may not. The last line is left out: it is
    the end of the public half, and OpenSSL's base64 reader does not wipe it. With sanitizers freed memory is kept, so
    that whatever was not wiped is found."""
    daemon = daemons["1.3"]
    text = daemon.certificates.server_key.read_bytes()
    lines = [line for line in text.splitlines() if not line.startswith(b"-----")][:-1]
    assert len(lines) >= 2 and all(len(line) > 20 for line in lines)
    try:
        memory = open(f"/proc/{daemon.process.pid}/mem", "rb", buffering=0)
    except PermissionError:
        assert os.geteuid() != 0
        return
    found, seen = [], 0
    with memory, open(f"/proc/{daemon.process.pid}/maps", encoding="ascii") as maps:
        for line in maps:
            start, end, rights = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+)", line).groups()
            if not rights.startswith("rw") or "[vvar" in line or int(end, 16) - int(start, 16) > 1 << 30:
                continue
            try:
                memory.seek(int(start, 16))
                part = memory.read(int(end, 16) - int(start, 16))
            except OSError:
                continue
            seen += len(part)
            found += [part for text in lines if text in part]
    assert seen > 100000 and not found


def test_nobody_else_looks_into_it(own_daemon, certificates, scratch):
    """Its files in /proc belong to root although it runs as another user: it is not dumpable, so no process of the same
    user reads its keys, and no core file holds them."""
    daemon = own_daemon("undumpable", database="host=/nonexistent")
    user = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        home = scratch / "undumpable"
        for setting in ("tls_certificate", "tls_key", "tls_client_ca", "tls_client_crl"):
            copy = home / pathlib.Path(daemon.settings[setting]).name
            shutil.copy(daemon.settings[setting], copy)
            os.chown(copy, nobody.pw_uid, -1)
            daemon.settings[setting] = copy
        daemon.write_config()
        os.chown(daemon.config, nobody.pw_uid, -1)
        user = {"user": "nobody", "group": nobody.pw_gid, "extra_groups": []}
    program = scratch / "undumpable" / "radioshopd"
    shutil.copy(DAEMON, program)
    process = subprocess.Popen([program, "--config", daemon.config], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, **user)
    try:
        daemon.wait_until(lambda: daemon.http("/healthz")[0] == 200, 20 * SLOWER, "up")
        assert os.stat(f"/proc/{process.pid}").st_uid == 0 or os.stat(f"/proc/{process.pid}/mem").st_uid == 0
        with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
            assert re.search(r"Uid:\s+(\d+)", status.read())[1] != "0"
    finally:
        process.terminate()
        process.wait(30)
