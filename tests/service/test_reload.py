"""Certificates in motion: what a reload takes and refuses, and what becomes of the connections that are open."""

import datetime
import os
import shutil
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from rig import contract
from rig.daemon import SLOWER
from rig.frames import Connection, PREFACE, frame, tls_context

FILES = ("tls_certificate", "tls_key", "tls_client_ca", "tls_client_crl")


class Served:
    """A daemon with copies of all four files, which a test may damage and mend."""

    def __init__(self, own_daemon, certificates, scratch, name, **settings):
        home = scratch / f"files-{name}"
        home.mkdir()
        self.sources = dict(zip(FILES, (certificates.server_certificate, certificates.server_key, certificates.ca,
                                        certificates.crl)))
        self.path = {key: home / f"{key}.pem" for key in FILES}
        self.mend()
        self.daemon = own_daemon(name, **self.path, **settings).start()

    def mend(self):
        for key in FILES:
            shutil.copy(self.sources[key], self.path[key])
            self.path[key].chmod(0o600)

    def refused(self, *words):
        """The reload is refused, the log says so with these words, and so do the metrics; then all is mended."""
        size = len(self.daemon.text())
        try:
            assert not self.daemon.reload()
            line = next(line for line in self.daemon.text()[size:].splitlines() if "event=reload_refused" in line)
            assert all(str(word) in line for word in words), line
            assert self.daemon.metric("radioshop_reload_failed") == 1
        finally:
            self.mend()
        assert self.daemon.reload() and self.daemon.metric("radioshop_reload_failed") == 0


@pytest.fixture(scope="module")
def served(own_daemon, certificates, scratch):
    made = Served(own_daemon, certificates, scratch, "reloading")
    yield made
    made.daemon.stop()


@pytest.fixture
def watcher(served, world):
    """Watches health, and calls now and then, on one connection that must live on whatever a reload finds."""
    caller = world.fresh_caller("vera", served.daemon.port)
    call = caller.channel.unary_unary(contract.methods()["GetCaller"].path)
    assert call(b"", timeout=20 * SLOWER)
    watch = caller.channel.unary_stream("/grpc.health.v1.Health/Watch")(b"", timeout=120)
    assert next(watch) == b"\x08\x01"
    accepted = served.daemon.metric("radioshop_connections_accepted_total")
    yield watch
    assert watch.is_active(), "a reload ended an open stream"
    assert call(b"", timeout=20 * SLOWER)
    assert served.daemon.metric("radioshop_connections_accepted_total") == accepted, "a reload ended a connection"
    watch.cancel()
    caller.close()


@pytest.mark.parametrize("key", FILES)
def test_a_file_that_is_half_written(served, watcher, key):
    text = served.sources[key].read_bytes()
    served.path[key].write_bytes(text[:len(text) * 2 // 3])
    served.refused(served.path[key])


@pytest.mark.parametrize("key", ["tls_certificate", "tls_client_ca", "tls_client_crl"])
def test_a_file_whose_second_part_is_half_written(served, watcher, key):
    """The first part alone would do, but would be another policy than the one that was meant."""
    text = served.sources[key].read_bytes()
    served.path[key].write_bytes(text + text[:len(text) * 2 // 3])
    served.refused(served.path[key], "in part")


@pytest.mark.parametrize("key", FILES)
@pytest.mark.parametrize("how", ["gone", "empty", "directory", "pipe"])
def test_no_file(served, watcher, key, how):
    path = served.path[key]
    path.unlink()
    if how == "empty":
        path.touch(mode=0o600)
    elif how == "directory":
        path.mkdir(mode=0o700)
    elif how == "pipe":
        os.mkfifo(path, 0o600)
    try:
        size = len(served.daemon.text())
        assert not served.daemon.reload()
        assert str(path) in served.daemon.text()[size:]
    finally:
        if path.exists():
            path.rmdir() if how == "directory" else path.unlink()
        served.mend()
    assert served.daemon.reload()


def test_a_key_that_does_not_fit(served, watcher, certificates):
    shutil.copy(certificates.person("ada")[1], served.path["tls_key"])
    served.refused(served.path["tls_key"], served.path["tls_certificate"], "does not belong")


@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL"])
def test_a_key_with_a_pass_phrase(served, watcher, form):
    """Nobody is there to type it."""
    key = serialization.load_pem_private_key(served.sources["tls_key"].read_bytes(), None)
    served.path["tls_key"].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat[form],
                                                         serialization.BestAvailableEncryption(b"secret")))
    served.refused(served.path["tls_key"], "without pass phrase")
    # Both forms without one are taken.
    served.path["tls_key"].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat[form],
                                                         serialization.NoEncryption()))
    assert served.daemon.reload()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o620, 0o604, 0o660, 0o666])
def test_permissions_of_the_key(served, watcher, mode):
    """Nobody else may read or write it; but a group may read it when root gave it to that group."""
    served.path["tls_key"].chmod(mode)
    if mode == 0o640 and os.stat(served.path["tls_key"]).st_uid == 0:
        assert served.daemon.reload()
        served.path["tls_key"].chmod(0o600)
    else:
        served.refused(served.path["tls_key"], f"mode {mode:03o}")


def test_a_key_of_somebody_else(served, watcher):
    """Who owns a file can write to it, whatever its mode says."""
    if os.geteuid() != 0:
        pytest.fail("only root can give a file away: run the tests as root")
    os.chown(served.path["tls_key"], 65534, -1)
    try:
        assert not served.daemon.reload()
        assert "belongs to another user" in served.daemon.text()
    finally:
        os.chown(served.path["tls_key"], 0, -1)
    assert served.daemon.reload()


def test_a_link_to_the_key(served, watcher):
    """As ACME clients and systemd make them: what counts are the rights of the file that it leads to."""
    behind = served.path["tls_key"].with_name("behind.key")
    served.path["tls_key"].rename(behind)
    served.path["tls_key"].symlink_to(behind)
    assert served.daemon.reload()
    behind.chmod(0o644)
    assert not served.daemon.reload()
    served.path["tls_key"].unlink()
    served.mend()
    assert served.daemon.reload()


def list_of(certificates, issuer_key=None, days=(-2, 30), revoked=()):
    """A CRL in PEM, signed by our CA or by another key."""
    ca = x509.load_pem_x509_certificate(certificates.ca_pem())
    key = issuer_key or serialization.load_pem_private_key((certificates.directory / "ca.key").read_bytes(), None)
    now = datetime.datetime.utcnow()
    builder = x509.CertificateRevocationListBuilder().issuer_name(ca.subject).last_update(
        now + datetime.timedelta(days=days[0])).next_update(now + datetime.timedelta(days=days[1]))
    for serial in revoked:
        builder = builder.add_revoked_certificate(x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(
            now).build())
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.public_key()), False).add_extension(
        x509.CRLNumber(1000), False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def test_a_list_that_is_out_of_date(served, watcher, certificates):
    served.path["tls_client_crl"].write_bytes(list_of(certificates, days=(-30, -1)))
    served.refused(served.path["tls_client_crl"], "stale")


def test_a_list_that_somebody_else_signed(served, watcher, certificates):
    """In the name of our CA, by another key."""
    other = serialization.load_pem_private_key(certificates.odd("x")[1], None)
    served.path["tls_client_crl"].write_bytes(list_of(certificates, issuer_key=other))
    served.refused(served.path["tls_client_crl"], "signed")


def test_a_ca_without_a_list(served, watcher, certificates):
    """The whole chain is checked, so each CA needs one: without, its people would be locked out."""
    served.path["tls_client_ca"].write_bytes(certificates.ca_pem() + certificates.other_ca_pem())
    served.refused(served.path["tls_client_crl"], "no list for one of the CAs")


def test_what_runs_out_is_told(served, own_daemon, certificates, scratch):
    """Seconds left in the metrics; in the log a warning, 30 days ahead for a certificate, a quarter of its life for a list."""
    left = {name: served.daemon.metric(f"radioshop_tls_{name}_seconds_left")
            for name in ("certificate", "client_ca", "client_crl")}
    day = 86400
    assert 397 * day < left["certificate"] < 399 * day and 29 * day < left["client_crl"] < 31 * day
    assert left["client_ca"] > 3640 * day
    assert "ends_soon" not in served.daemon.text()
    for name, days, warned in (("ends-soon", 29, True), ("ends-later", 31, False)):
        other = Served(own_daemon, certificates, scratch, name)
        pem, key = certificates.odd("localhost", server=True, days=(-1, days))
        other.path["tls_certificate"].write_bytes(pem)
        other.path["tls_key"].write_bytes(key)
        other.path["tls_client_crl"].write_bytes(list_of(certificates, days=(-30, 9 if warned else 11)))
        assert other.daemon.reload()
        for event, file in (("certificate_ends_soon", "tls_certificate"), ("crl_ends_soon", "tls_client_crl")):
            lines = [line for line in other.daemon.text().splitlines() if f"event={event}" in line]
            assert bool(lines) == warned and all(str(other.path[file]) in line for line in lines), (event, lines)
        assert abs(other.daemon.metric("radioshop_tls_certificate_seconds_left") - days * day) < 3600
        other.daemon.stop()


def stalled_stream(world, name, port, files=None):
    """A connection with an export that stands still in the middle, since its client takes no more bytes."""
    connection = Connection(world, name, acknowledge=False, port=port, window=40, files=files)
    stream = connection.call("ExportAssets", b"")
    deadline = time.monotonic() + 20 * SLOWER
    while not stream.data:
        assert time.monotonic() < deadline, "the export does not begin"
        connection.pump(1)
    assert not stream.ended and stream.reset is None
    return connection, stream


def ends_within(connection, seconds):
    deadline = time.monotonic() + seconds
    while not connection.closed and time.monotonic() < deadline:
        connection.pump(0.2)
    return connection.closed


@pytest.fixture
def exporter(world):
    """A new principal who may see something to export."""
    name = world.person(f"exporter-{world.number()}", [("viewer", "IND")])
    for _ in range(3):
        world.asset("IND")
    return name


def test_revoked_in_the_middle_of_a_stream(served, world, certificates, exporter):
    """Within seconds of the reload, with a GOAWAY and nothing else of the stream; others go on."""
    daemon = served.daemon
    other, others_stream = stalled_stream(world, "vera", daemon.port)
    connection, stream = stalled_stream(world, exporter, daemon.port)
    had = len(stream.data)
    before = daemon.metric("radioshop_connections_cut_total", why="revoked")
    certificates.revoke(exporter)
    served.mend()
    assert daemon.reload()
    assert ends_within(connection, 5 * SLOWER), "the connection of a revoked certificate lives on"
    assert connection.goaway == 0 and not stream.ended and len(stream.data) == had
    assert daemon.metric("radioshop_connections_cut_total", why="revoked") == before + 1
    assert "event=connection_cut" in daemon.text() and f"principal={exporter}" in daemon.text()
    other.pump(0.2)
    assert not other.closed and others_stream.reset is None
    for c in (connection, other):
        c.socket.close()


def test_revoked_while_it_shakes_hands(served, world, certificates):
    """The handshake began on the old list and ends after the reload: the new one counts."""
    import ssl
    daemon = served.daemon
    name = f"slow-hands-{world.number()}"
    context = tls_context(certificates, name)
    context.check_hostname = False
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")

    import socket
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=20 * SLOWER) as plain:
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                if outgoing.pending:
                    plain.sendall(outgoing.read())
                incoming.write(plain.recv(65536))
        # Our last flight, with the certificate, is still here.
        assert outgoing.pending
        certificates.revoke(name)
        served.mend()
        assert daemon.reload()
        before = daemon.metric("radioshop_connections_cut_total", why="revoked")
        tls.write(PREFACE + frame(4, 0, 0))
        plain.sendall(outgoing.read())
        end = time.monotonic() + 10 * SLOWER
        while time.monotonic() < end:
            if not plain.recv(65536):
                break
        assert daemon.metric("radioshop_connections_cut_total", why="revoked") == before + 1


def test_expired_in_the_middle_of_a_stream(served, world, certificates, exporter, tmp_path):
    """No reload is needed for that: the connection ends with the certificate."""
    lives = 6 * SLOWER
    files = tmp_path / "brief.pem", tmp_path / "brief.key"
    for path, text in zip(files, certificates.odd(exporter, days=(-1, lives / 86400))):
        path.write_bytes(text)
    before = served.daemon.metric("radioshop_connections_cut_total", why="expired")
    begun = time.monotonic()
    connection, stream = stalled_stream(world, exporter, served.daemon.port, files)
    assert ends_within(connection, lives + 5 * SLOWER), "an expired certificate keeps its connection"
    assert time.monotonic() - begun > lives / 3, "it was cut before its end"
    assert not stream.ended
    assert served.daemon.metric("radioshop_connections_cut_total", why="expired") == before + 1
    connection.socket.close()


def test_many_connections_at_a_reload(served, world, certificates):
    """All certificates are checked anew, a few a turn: calls go on meanwhile, and no connection is lost but the revoked."""
    name = world.person(f"one-of-many-{world.number()}", [("viewer", "IND")])
    honest = [Connection(world, "vera", port=served.daemon.port) for _ in range(60)]
    revoked = [Connection(world, name, port=served.daemon.port) for _ in range(10)]
    certificates.revoke(name)
    served.mend()
    assert served.daemon.reload()
    for connection in revoked:
        assert ends_within(connection, 10 * SLOWER)
    for connection in honest:
        assert connection.call("GetCaller", b"").grpc_status() == 0
    for connection in honest + revoked:
        connection.socket.close()
