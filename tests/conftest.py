"""One private cluster, one set of certificates and one daemon for all tests of a run."""

import os
import pathlib
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from rig.caller import Caller  # noqa: E402 (the path comes first)
from rig.certificates import Certificates  # noqa: E402
from rig.cluster import Cluster  # noqa: E402
from rig.daemon import Daemon  # noqa: E402
from rig.world import World  # noqa: E402


@pytest.fixture(scope="session")
def scratch():
    """A directory that is gone after the run; others may pass through it, since the server may be another user."""
    given = os.environ.get("RADIOSHOP_TEST_SCRATCH")
    if given:
        yield pathlib.Path(given)
        return
    with tempfile.TemporaryDirectory(prefix="radioshop-tests.") as made:
        os.chmod(made, 0o755)
        yield pathlib.Path(made)


@pytest.fixture(scope="session")
def cluster(scratch):
    cluster = Cluster(scratch / "pg").start()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def migrated(cluster):
    """The cluster with the schema in it."""
    cluster.sqitch("deploy", "--verify")
    return cluster


@pytest.fixture(scope="session")
def certificates(scratch):
    return Certificates(scratch / "pki")


@pytest.fixture(scope="session")
def daemon(scratch, migrated, certificates):
    # Generous limits: many tests share this daemon from one address.
    daemon = Daemon(scratch / "daemon", migrated.url(), certificates, max_connections_per_address=500, max_handshakes_per_s=10000).start()
    yield daemon
    daemon.stop()


@pytest.fixture(scope="session")
def world(daemon, migrated, certificates):
    migrated.sql("SELECT radioshop.bootstrap_admin('ada', 'Ada Admin')", role="radioshop_owner")
    world = World(daemon, certificates)
    world.settle()
    yield world
    world.close()


@pytest.fixture
def agency(world):
    """The code of an agency of this test's own."""
    return world.agency()


@pytest.fixture(scope="session")
def own_daemon(scratch, migrated, certificates):
    """Makes daemons that one test may break: own_daemon(name, setting=value) is not started yet."""
    made = []

    def make(name, cluster=migrated, certificates=certificates, **settings):
        daemon = Daemon(scratch / name, cluster.url(), certificates, **settings)
        made.append(daemon)
        return daemon

    yield make
    for daemon in made:
        if daemon.process is not None:
            daemon.kill()


@pytest.fixture
def stranger(daemon, certificates):
    """Makes callers with odd certificates: stranger(certificate, key)."""
    made = []

    def make(certificate=None, key=None, port=None):
        caller = Caller(port or daemon.port, certificates.ca_pem(), certificate, key)
        made.append(caller)
        return caller

    yield make
    for caller in made:
        caller.close()
