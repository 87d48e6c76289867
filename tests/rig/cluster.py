"""A private PostgreSQL cluster, through deploy/private-postgres, as the quickstart has it."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import time

from rig import ROOT

SCRIPT = ROOT / "deploy" / "private-postgres"
# psql itself: the one on the path is a program in Perl that looks for it, and takes longer than the question.
PSQL = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin/psql"), key=lambda path: int(path.parts[4]))


class Cluster:
    """One cluster in one directory. It keeps fsync on: the daemon refuses a database that may forget."""

    def __init__(self, directory):
        self.directory, self._urls = directory, {}
        directory.mkdir(parents=True, exist_ok=True)

    def _script(self, *words, check=True):
        # stdin and the group are not the test's: the server must not get its signals.
        return subprocess.run([SCRIPT, *words], check=check, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL).stdout.strip()

    def start(self):
        # Not captured through a pipe: the server would keep the pipe open.
        with open(self.directory / "start.log", "wb") as log:
            subprocess.run([SCRIPT, "start", self.directory], check=True, stdout=log, stderr=log,
                           stdin=subprocess.DEVNULL)
        return self

    def stop(self):
        self._script("stop", self.directory, check=False)

    def kill(self):
        """As a crash would: SIGKILL to the postmaster and all of its children."""
        pids = [self.pid(), *self._children(self.pid())]
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        deadline = time.monotonic() + 20
        while any(os.path.exists(f"/proc/{pid}") and not _zombie(pid) for pid in pids):
            assert time.monotonic() < deadline, "the killed servers do not go away"
            time.sleep(0.02)
        # In a container whose first process reaps nobody, the dead server keeps its number and seems to live.
        if os.path.exists(f"/proc/{pids[0]}"):
            (self.directory / "data" / "postmaster.pid").unlink()
            socket_directory = re.search(r"host=(\S+)", self.url())[1]
            os.unlink(f"{socket_directory}/.s.PGSQL.5432.lock")

    def restart(self):
        """Starts again after kill(); the first try may meet what the dead one left."""
        for attempt in range(10):
            try:
                return self.start()
            except subprocess.CalledProcessError:
                if attempt == 9:
                    raise
                time.sleep(0.5)

    def pid(self):
        return int((self.directory / "data" / "postmaster.pid").read_text(encoding="ascii").split()[0])

    @staticmethod
    def _children(pid):
        path = f"/proc/{pid}/task/{pid}/children"
        with open(path, encoding="ascii") as children:
            return [int(word) for word in children.read().split()]

    def url(self, role="radioshop_app"):
        if role not in self._urls:
            self._urls[role] = self._script("url", self.directory, role)
        return self._urls[role]

    def sql(self, text, role="postgres", check=True, **variables):
        """Runs SQL and gives the rows as lists of texts."""
        words = [PSQL, "-XqAt", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", self.url(role)]
        for name, value in variables.items():
            words += ["-v", f"{name}={value}"]
        done = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, done.stderr
        return [line.split("\x1f") for line in done.stdout.splitlines()]

    def value(self, text, **variables):
        return self.sql(text, **variables)[0][0]

    @contextlib.contextmanager
    def locked(self, table):
        """Nobody else can so much as read the table meanwhile."""
        with self.held(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"):
            yield

    @contextlib.contextmanager
    def held(self, statement):
        """Somebody else has done this, and commits it at the end; what it returns is not looked at."""
        with subprocess.Popen([PSQL, "-XqAt", "-o", "/dev/null", self.url("postgres")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True) as holder:
            holder.stdin.write(f"BEGIN; {statement};\n\\o\nSELECT 'held';\n")
            holder.stdin.flush()
            assert holder.stdout.readline() == "held\n"
            yield
            holder.stdin.write("COMMIT;\n")
            holder.stdin.close()

    def wait_for_waiting(self, count, role="radioshop_app"):
        """Until so many statements wait for a lock: of daemons, or of another role."""
        deadline = time.monotonic() + 20
        while int(self.value(f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{role}' AND wait_event_type = 'Lock'")) < count:
            assert time.monotonic() < deadline, f"no {count} statements wait for a lock"
            time.sleep(0.01)

    def sqitch(self, *words, check=True):
        environment = dict(os.environ, SQITCH_FULLNAME="tests", SQITCH_EMAIL="tests@example.org", TZ="UTC",
                           PATH=f"{PSQL.parent}:{os.environ['PATH']}")
        done = subprocess.run(["sqitch", *words, self._script("sqitch", self.directory)], cwd=ROOT / "migrations",
                              env=environment, capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done


def _zombie(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True
