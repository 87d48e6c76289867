"""One PostgreSQL server that is made to be harmed: killed, frozen, copied, promoted, started elsewhere."""

import glob
import os
import shutil
import signal
import subprocess
import time

from fault.command import command
from fault.network import DATABASE_PORT
from fault.storage import OWNER

BIN = max(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
AS_OWNER = ["setpriv", f"--reuid={OWNER.pw_uid}", f"--regid={OWNER.pw_gid}", "--init-groups", "--"]

# fsync stays on: the daemon refuses a server that may forget. A lost peer is noticed in seconds, as in a real shop.
SETTINGS = {
    "listen_addresses": "''", "port": DATABASE_PORT, "max_connections": 120, "shared_buffers": "32MB",
    "min_wal_size": "16MB", "max_wal_size": "64MB", "wal_keep_size": "64MB", "wal_level": "replica", "jit": "off",
    "wal_retrieve_retry_interval": "100ms", "wal_receiver_timeout": "5s", "wal_sender_timeout": "5s",
    "log_line_prefix": "'%m %p '", "max_wal_senders": 8,
    # In the data directory: what a killed server leaves in /dev/shm nobody would take away.
    "dynamic_shared_memory_type": "mmap",
}


class Server:
    def __init__(self, name, directory, storage, address=""):
        """directory holds the socket and the log; storage the data. address "" is the socket only."""
        self.name, self.directory, self.storage, self.address = name, directory, storage, address
        self.settings = dict(SETTINGS, unix_socket_directories=f"'{directory}'", cluster_name=f"'{name}'")
        if address:
            self.settings["listen_addresses"] = f"'{address}'"
        self.environment = {}
        self.process = None

    @property
    def data(self):
        return self.storage.data

    def _run(self, program, *words, **options):
        return command(*AS_OWNER, f"{BIN}/{program}", *words, cwd=self.directory, **options)

    def init(self):
        self._run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "--data-checksums", "--no-sync",
                  "--locale=C.UTF-8", "-E", "UTF8", "--wal-segsize=4")
        with open(self.data / "pg_hba.conf", "a", encoding="utf-8") as rules:
            rules.write("host all all samenet trust\nhost replication all samenet trust\n")
        self.configure()

    def copy_template(self, template):
        """The data of a server that was stopped, the log on its own disk if the storage has one."""
        command("cp", "-a", "--reflink=auto", template, self.data)
        if self.storage.wal:
            command("cp", "-a", self.data / "pg_wal", self.storage.wal)
            shutil.rmtree(self.data / "pg_wal")
            (self.data / "pg_wal").symlink_to(self.storage.wal)
        self.configure()
        command("sync", "-f", self.data)

    def follow(self, primary):
        """Becomes the standby of another server, from a fresh copy of it."""
        self.empty()
        words = ["--waldir", self.storage.wal] if self.storage.wal else []
        self._run("pg_basebackup", "-d", f"{primary.url('postgres')} application_name={self.name}", "-D", self.data,
                  "--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync", *words)
        self.configure()
        command("sync", "-f", self.data)

    def empty(self):
        for directory in (self.data, self.storage.wal):
            if directory and directory.exists():
                shutil.rmtree(directory)

    def configure(self, **settings):
        self.settings.update(settings)
        (self.data / "postgresql.conf").write_text(
            "".join(f"{name} = {value}\n" for name, value in self.settings.items()), encoding="utf-8")

    def reload(self, **settings):
        self.configure(**settings)
        os.kill(self.process.pid, signal.SIGHUP)

    def start(self, wait=True, seconds=60):
        """As a child of ours, so that its end is seen. The first tries may meet what a killed one left behind."""
        begun = time.monotonic()
        while True:
            with open(self.directory / "server.log", "ab") as log:
                self.process = subprocess.Popen(
                    [*AS_OWNER, "env", *(f"{name}={value}" for name, value in self.environment.items()),
                     f"{BIN}/postgres", "-D", self.data], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    cwd=self.directory, start_new_session=True)
            if not wait:
                return self
            while self.process.poll() is None:
                if self.state() in ("ready", "standby"):
                    return self
                assert time.monotonic() - begun < seconds, f"{self.name} does not come up\n{self.log()}"
                time.sleep(0.02)
            assert time.monotonic() - begun < seconds, f"{self.name} does not start\n{self.log()}"
            time.sleep(0.1)

    def log(self):
        return (self.directory / "server.log").read_text(encoding="utf-8", errors="replace")[-3000:]

    def state(self):
        """What the running server says of itself in its pid file: starting, ready, standby, stopping."""
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="ascii").splitlines()
        except OSError:
            return ""
        return lines[7].strip() if len(lines) > 7 and int(lines[0]) == self.process.pid else ""

    def running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, how="fast"):
        """fast ends the sessions, immediate is a crash that is told."""
        if self.running():
            self.process.send_signal({"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}[how])
            self.process.wait(60)

    def pids(self):
        """The postmaster and its children."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as children:
            return [self.process.pid, *map(int, children.read().split())]

    def signal(self, number):
        """To all of it. The postmaster first, so that it starts nothing new meanwhile."""
        for pid in self.pids():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def kill(self):
        """SIGKILL to everything at once, and the end of it."""
        if not self.running():
            return
        pids = self.pids()
        self.signal(signal.SIGKILL)
        self.process.wait(20)
        deadline = time.monotonic() + 20
        while any(_alive(pid) for pid in pids[1:]):
            assert time.monotonic() < deadline, "the killed servers do not go away"
            time.sleep(0.01)

    def end(self):
        """For good, whatever state it is in; a server that is told gives its shared memory back."""
        if self.running():
            self.signal(signal.SIGCONT)
            try:
                self.stop("immediate")
            except subprocess.TimeoutExpired:
                self.kill()

    def promote(self):
        os.kill(self.process.pid, 0)
        # Owned before it has its name: the server looks now and then by itself, and takes it away.
        asked = self.data / "promote.new"
        asked.touch()
        os.chown(asked, OWNER.pw_uid, OWNER.pw_gid)
        asked.rename(self.data / "promote")
        os.kill(self.process.pid, signal.SIGUSR1)
        deadline = time.monotonic() + 60
        while self.state() != "ready":
            assert time.monotonic() < deadline, f"{self.name} is not promoted\n{self.log()}"
            time.sleep(0.01)

    def url(self, role="radioshop_app"):
        """By the socket: no fault of the network is in the way of the test's own questions."""
        return f"host={self.directory} port={DATABASE_PORT} dbname=radioshop user={role}"

    def sql(self, text, role="postgres", database="radioshop", check=True, seconds=60):
        """Rows as lists of texts; where check is False, [] if it failed."""
        done = subprocess.run([f"{BIN}/psql", "-XqAt", "-F", "\x1f", "-v", "ON_ERROR_STOP=1",
                               self.url(role).replace("dbname=radioshop", f"dbname={database}")],
                              input=text, capture_output=True, text=True, check=False, timeout=seconds)
        assert not check or done.returncode == 0, done.stderr
        return [line.split("\x1f") for line in done.stdout.splitlines()] if done.returncode == 0 else []


def _alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False
