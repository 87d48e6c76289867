"""A whole private installation that faults are done to: the daemon in its own network, one or two PostgreSQL servers.

    with Site(template, storage=Disk, standby="sync") as site:
        site.caller("tina").OpenTicket(…)

Everything of a site lies in one directory: files, mounts, images of loop devices, and the working directories of its
processes. So release() of that directory is the end of it, and a keeper process does that too when the test is killed.
"""

import contextlib
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from fault.clock import Clock, forget_clocks
from fault.command import command, need_root
from fault.network import CALLS_PORT, DATABASE_PORT, METRICS_PORT, Network
from fault.server import Server
from fault.storage import Directory, SmallDisk, release
from rig import ROOT
from rig.daemon import Daemon
from rig.world import World

DAY = 86400


class Template:
    """The data of a server with the schema, the agencies and the people in it, to be copied: made once a run."""

    def __init__(self, directory, certificates):
        need_root()
        directory.mkdir(parents=True)
        self.certificates = certificates
        server = Server("template", directory, Directory(directory / "server"))
        os.chmod(directory, 0o777)
        server.init()
        server.start()
        server.sql((ROOT / "migrations" / "roles.sql").read_text(encoding="utf-8"), database="postgres")
        server.sql("CREATE DATABASE radioshop OWNER radioshop_owner", database="postgres")
        command("sqitch", "deploy", f"db:pg://radioshop_owner@/radioshop?host={directory}&port={DATABASE_PORT}",
                cwd=ROOT / "migrations", env={**os.environ, "SQITCH_FULLNAME": "tests", "TZ": "UTC",
                                              "SQITCH_EMAIL": "tests@example.org"})
        server.sql("SELECT radioshop.bootstrap_admin('ada', 'Ada Admin')", role="radioshop_owner")
        daemon = Daemon(directory / "daemon", server.url(), certificates).start()
        world = World(daemon, certificates)
        world.settle()
        world.close()
        daemon.stop()
        server.stop()
        self.data = server.data


class Site:
    """daemon, world, network, servers; primary and standby are the servers in their parts of now."""

    def __init__(self, template, storage=Directory, standby=None, clocks=False, **settings):
        """
        storage: what the first server stands on. standby: None, "async" or "sync". clocks: the daemon and the server
        each have a clock that can be set, a day ahead at first, so that it can go back too. settings: the daemon's.
        """
        need_root()
        assert standby in (None, "async", "sync")
        self.confirmed = standby == "sync"	# an acknowledged commit is on two disks
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="radioshop-fault."))
        self.directory.chmod(0o755)
        name = f"radioshop-fault-{secrets.token_hex(6)}"
        self._keeper = subprocess.Popen([sys.executable, __file__, self.directory, name], stdin=subprocess.PIPE,
                                        start_new_session=True, env={**os.environ, "PYTHONPATH": str(ROOT / "tests")})
        try:
            self.network = Network(name)
            self.daemon_clock, self.database_clock = (
                Clock(self.directory / name, DAY) if clocks else None for name in ("daemon.clock", "database.clock"))
            self._make_servers(template, storage, standby)
            self._make_daemon(template, settings)
        except BaseException:
            self.close()
            raise

    def _make_servers(self, template, storage, standby):
        first, second = self.network.database_addresses
        self.primary = self._server("one", storage, first)
        self.primary.copy_template(template.data)
        self.primary.environment = self.database_clock.environment if self.database_clock else {}
        self.standby = None
        self.primary.start()
        if standby:
            self.standby = self._server("two", Directory, second)
            for server in (self.primary, self.standby):
                server.settings["synchronous_standby_names"] = "'*'" if self.confirmed else "''"
            self.standby.follow(self.primary)
            self.standby.start()
            self.primary.reload()
            self.wait_for_standby()

    def _server(self, name, storage, address):
        directory = self.directory / name
        directory.mkdir()
        directory.chmod(0o777)
        return Server(name, directory, storage(directory / "storage"), address)

    def _make_daemon(self, template, settings):
        addresses = self.network.database_addresses if self.standby else self.network.database_addresses[:1]
        url = (f"host={','.join(addresses)} port={DATABASE_PORT} dbname=radioshop user=radioshop_app "
               "target_session_attrs=read-write")
        self.certificates = template.certificates
        self.logs = SmallDisk(self.directory / "daemon", "64m")
        self.daemon = Daemon(self.logs.mountpoint, url, self.certificates, address=self.network.daemon_address,
                             through=self.network.through(self.logs.mountpoint),
                             **{"max_connections_per_address": 500, **settings})
        self.daemon.port, self.daemon.metrics_port = CALLS_PORT, METRICS_PORT
        self.daemon.write_config(listen=f"{self.daemon.address}:{CALLS_PORT}",
                                 metrics_listen=f"{self.daemon.address}:{METRICS_PORT}")
        self.daemon.environment = self.daemon_clock.environment if self.daemon_clock else {}
        self.daemon.start()
        self.world = World(self.daemon, self.certificates)

    def caller(self, principal):
        """A fresh caller of that principal; whoever asks closes it."""
        return self.world.fresh_caller(principal)

    def rows(self, text):
        """Rows as lists of texts, asked of the server that is primary now."""
        return self.primary.sql(text)

    def value(self, text):
        return self.rows(text)[0][0]

    def wait_for_standby(self, seconds=60):
        """Until the standby follows, and confirms if it is to."""
        wanted = "sync" if self.confirmed else "async"
        deadline = time.monotonic() + seconds
        while [[wanted]] != self.primary.sql(
                "SELECT sync_state FROM pg_stat_replication WHERE state = 'streaming'", check=False):
            assert time.monotonic() < deadline, "the standby does not follow\n" + self.standby.log()
            time.sleep(0.05)

    def fail_over(self):
        """The standby takes over; whatever became of the primary, it is the standby's part from now on."""
        self.standby.promote()
        self.primary, self.standby = self.standby, self.primary

    def rebuild_standby(self):
        """The one that is not primary becomes a true standby, whatever it was."""
        self.standby.kill()
        self.standby.follow(self.primary)
        self.standby.start()
        self.wait_for_standby()

    def cut_power(self, disturb=None):
        """
        The power of the first server's disk goes: it is started again from what the disk held at one moment. Between
        that moment and the end nothing it did counts. disturb: called while everything stands still.
        """
        disk = self.primary.storage
        self.primary.signal(signal.SIGSTOP)
        if disturb:
            disturb()
        disk.copy()
        self.primary.kill()
        disk.become_copy()
        (disk.data / "postmaster.pid").unlink(missing_ok=True)

    def close(self):
        with contextlib.suppress(AttributeError):
            self.world.close()
            for server in filter(None, (self.primary, self.standby)):
                server.end()
        self._keeper.stdin.close()
        assert self._keeper.wait(60) == 0, f"something of {self.directory} was left behind"

    def stop(self):
        """The end of a test that went well: the daemon ends by itself, and without a complaint of the sanitizers."""
        self.daemon.stop()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.stop()
        finally:
            self.close()


def keep(directory, network):
    """Waits until the test has ended, however it did, and takes away what is left of its site."""
    sys.stdin.buffer.read()
    release(directory)
    forget_clocks()
    subprocess.run(["ip", "netns", "del", network], stderr=subprocess.DEVNULL, check=False)
    shutil.rmtree(directory)


if __name__ == "__main__":
    keep(pathlib.Path(sys.argv[1]), sys.argv[2])
