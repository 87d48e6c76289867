"""The faults that are done to a site, one row each: how it strikes, and how it is healed.

A fault is written as one story: what is before the yield strikes and returns when it has taken effect, what is behind it
brings all back. `faults(site)` gives those that this site is made for.
"""

import contextlib
import dataclasses
import os
import signal
import socket
import subprocess
import threading
import typing

from fault.command import command
from fault.far import Far
from fault.network import CALLS_PORT, CLIENTS, DATABASE, DROP, LOSE, RESET
from fault.storage import Disk, SmallWal, lighten

DAY = 86400
OURS = "FROM pg_stat_activity WHERE usename = 'radioshop_app'"

# What a client may meet while it lasts, besides OK: all of these say that nothing is promised. ABORTED: a write that the
# fault has caught still holds the record.
AWAY = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "ABORTED"})
SHORT = AWAY | {"RESOURCE_EXHAUSTED"}


@dataclasses.dataclass
class Fault:
    """One kind of fault of one site. strike and heal by turns, again and again."""

    kind: str
    site: typing.Any
    story: typing.Callable
    codes: frozenset    # the statuses other than OK that a call may end with
    felt: bool          # whether some call must fail while it lasts
    _told: typing.Any = None

    def strike(self, dice):
        self._told = self.story(self.site, dice)
        next(self._told)

    def heal(self):
        next(self._told, None)


@dataclasses.dataclass(frozen=True)
class Row:
    kind: str
    story: typing.Callable
    fits: typing.Callable
    codes: frozenset
    felt: bool


ROWS = []


def anywhere(_):
    return True


def with_standby(site):
    return site.standby is not None


def with_sync_standby(site):
    return site.confirmed


def on(storage):
    return lambda site: site.standby is None and isinstance(site.primary.storage, storage)


def with_clocks(site):
    return site.daemon_clock is not None


def row(fits=anywhere, codes=AWAY, felt=True):
    """Makes a story a row of the table; its kind is its name."""
    def enter(story):
        ROWS.append(Row(story.__name__, story, fits, codes, felt))
        return story
    return enter


def faults(site):
    """{kind: Fault} of all that this site is made for."""
    return {row.kind: Fault(row.kind, site, row.story, row.codes, row.felt) for row in ROWS if row.fits(site)}


# The server

@row()
def postgresql_killed(site, _):
    """SIGKILL to the postmaster and all its children."""
    site.primary.kill()
    yield
    site.primary.start()


@row()
def postgresql_killed_in_recovery(site, dice):
    """Killed, started, and killed again while it recovers."""
    site.primary.kill()
    site.primary.start(wait=False)
    with contextlib.suppress(subprocess.TimeoutExpired):
        site.primary.process.wait(dice.uniform(0.01, 0.15))
    site.primary.kill()
    yield
    site.primary.start()


@row()
def backend_killed(site, _):
    """SIGKILL to one backend: the postmaster ends all the others and recovers by itself."""
    pid = int(site.value(f"SELECT pid {OURS} LIMIT 1"))
    os.kill(pid, signal.SIGKILL)
    yield
    wait_until_served(site)


@row()
def postgresql_restarted_at_once(site, _):
    site.primary.stop("immediate")
    yield
    site.primary.start()


@row()
def postgresql_restarted(site, _):
    site.primary.stop("fast")
    yield
    site.primary.start()


@row(felt=False)
def backends_ended(site, _):
    """pg_terminate_backend of every session of the daemon."""
    site.rows(f"SELECT pg_terminate_backend(pid) {OURS}")
    yield


@row(felt=False)
def backends_cancelled(site, _):
    """pg_cancel_backend of every session of the daemon: what runs ends with an error."""
    site.rows(f"SELECT pg_cancel_backend(pid) {OURS}")
    yield


@row()
def postgresql_frozen(site, _):
    site.primary.signal(signal.SIGSTOP)
    yield
    site.primary.signal(signal.SIGCONT)


@row(felt=False)
def postmaster_frozen(site, _):
    """Sessions go on; nobody new gets in, and nobody is told why."""
    os.kill(site.primary.process.pid, signal.SIGSTOP)
    yield
    os.kill(site.primary.process.pid, signal.SIGCONT)


@row(felt=False)
def backend_frozen(site, dice):
    pid = int(dice.choice(site.rows(f"SELECT pid {OURS}"))[0])
    os.kill(pid, signal.SIGSTOP)
    yield
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


@row()
def tables_locked(site, _):
    """Somebody holds the tickets and thinks."""
    with session(site, "LOCK TABLE radioshop.ticket, radioshop.ticket_entry IN ACCESS EXCLUSIVE MODE"):
        yield


@row(felt=False)
def connections_limited(site, _):
    """PostgreSQL lets the daemon have two connections of the 13 it wants."""
    site.rows("ALTER ROLE radioshop_app CONNECTION LIMIT 2")
    site.rows(f"SELECT pg_terminate_backend(pid) {OURS}")
    yield
    site.rows("ALTER ROLE radioshop_app CONNECTION LIMIT -1")


# The standby

@row(with_standby)
def failover(site, _):
    """The primary dies and the standby takes over."""
    site.primary.kill()
    site.fail_over()
    yield
    site.rebuild_standby()


@row(with_standby)
def failover_of_a_lost_machine(site, _):
    """As failover, but the machine of the old one does not answer at all: no connection to it is ever refused."""
    site.network.cut(DATABASE, DROP, site.primary.address)
    site.primary.kill()
    site.fail_over()
    yield
    site.network.mend()
    site.rebuild_standby()


@row(with_standby)
def old_primary_returns(site, _):
    """Two servers take writes: the old one was started again after the standby took its place."""
    site.primary.kill()
    site.fail_over()
    site.standby.start()
    yield
    site.rebuild_standby()


@row(with_sync_standby)
def standby_frozen(site, _):
    """No commit is confirmed."""
    site.standby.signal(signal.SIGSTOP)
    yield
    site.standby.signal(signal.SIGCONT)
    site.wait_for_standby()


@row(with_sync_standby)
def commits_cancelled_while_they_wait(site, _):
    """Commits that wait for the standby are told to wait no more: they are on one disk only."""
    over = threading.Event()

    def cancelling():
        while not over.wait(0.1):
            site.primary.sql(f"SELECT pg_cancel_backend(pid) {OURS} AND wait_event = 'SyncRep'", check=False)
    site.standby.signal(signal.SIGSTOP)
    canceller = threading.Thread(target=cancelling)
    canceller.start()
    yield
    over.set()
    canceller.join()
    site.standby.signal(signal.SIGCONT)
    site.wait_for_standby()


# The network

@row()
def database_unreachable(site, _):
    site.network.cut(DATABASE, DROP)
    yield
    site.network.mend()


@row()
def database_resets(site, _):
    site.network.cut(DATABASE, RESET)
    yield
    site.network.mend()


@row()
def clients_unreachable(site, _):
    site.network.cut(CLIENTS, DROP)
    yield
    site.network.mend()


@row()
def clients_reset(site, _):
    site.network.cut(CLIENTS, RESET)
    yield
    site.network.mend()


@row()
def link_down(site, _):
    site.network.down()
    yield
    site.network.up()


@row(felt=False)
def packets_lost(site, _):
    """One in ten, both ways, to the database and to the clients."""
    site.network.cut(DATABASE, LOSE)
    site.network.cut(CLIENTS, LOSE)
    yield
    site.network.mend()


@row(felt=False)
def database_far(site, _):
    """50 ms each way, as if it were on another continent. The connections that are there are cut."""
    with Far(site.directory, site.network.proxy_address, site.network.database_addresses, 0.05) as far:
        site.network.send_by(far.ports)
        site.rows(f"SELECT pg_terminate_backend(pid) {OURS}")
        yield
        site.network.mend()
        site.rows(f"SELECT pg_terminate_backend(pid) {OURS}")


@row(felt=False)
def link_slow(site, _):
    site.network.slow("256kbit")
    yield
    site.network.swift()


# Disks and power

@row(on(SmallWal), codes=SHORT)
def log_disk_full(site, _):
    """No room for the write-ahead log: the server panics, and cannot recover until there is room."""
    disk = site.primary.storage
    disk.fill()
    while site.primary.running() and site.primary.sql(
            "SELECT pg_logical_emit_message(true, 'fault', repeat('x', 1000000)); SELECT pg_switch_wal()", check=False):
        pass
    yield
    lighten(disk.mountpoint)
    recover(site)


@row(on(Disk), codes=SHORT, felt=False)
def data_disk_full(site, _):
    disk = site.primary.storage
    disk.fill()
    while site.primary.running() and site.primary.sql(
            "CREATE TABLE IF NOT EXISTS public.ballast (t text); "
            "INSERT INTO public.ballast SELECT repeat(md5(g::text), 30) FROM generate_series(1, 3000) g; SELECT 1",
            check=False):
        pass
    yield
    lighten(disk.mountpoint)
    recover(site)
    site.rows("DROP TABLE IF EXISTS public.ballast")


@row(on(Disk))
def power_cut(site, _):
    """What the disk did not hold is gone, the files of the server included."""
    site.cut_power()
    yield
    site.primary.start()


@row(felt=False)
def daemon_log_full(site, _):
    """No line of the daemon's log can be written."""
    site.logs.fill()
    yield
    lighten(site.logs.mountpoint)


# The daemon's process

@row()
def daemon_frozen(site, _):
    site.daemon.process.send_signal(signal.SIGSTOP)
    yield
    site.daemon.process.send_signal(signal.SIGCONT)


@row(felt=False)
def descriptors_used_up(site, _):
    """Strangers connect until the daemon has no descriptor left. Who is connected goes on."""
    pid = site.daemon.process.pid
    used = len(os.listdir(f"/proc/{pid}/fd"))
    before = command("prlimit", "--pid", pid, "--nofile", "--output=SOFT", "--noheadings").strip()
    command("prlimit", "--pid", pid, f"--nofile={used + 3}:")
    strangers = []
    for _ in range(12):
        stranger = socket.socket()
        stranger.setblocking(False)
        stranger.connect_ex((site.daemon.address, CALLS_PORT))
        strangers.append(stranger)
    yield
    command("prlimit", "--pid", pid, f"--nofile={before}:")
    for stranger in strangers:
        stranger.close()


@row(felt=False)
def memory_capped(site, _):
    """The daemon may map little more than it has."""
    pid = site.daemon.process.pid
    with open(f"/proc/{pid}/statm", encoding="ascii") as statm:
        mapped = int(statm.read().split()[0]) * os.sysconf("SC_PAGESIZE")
    command("prlimit", "--pid", pid, f"--as={mapped + (16 << 20)}:")
    yield
    command("prlimit", "--pid", pid, "--as=unlimited:")


# Clocks

@row(with_clocks, felt=False)
def daemon_clock_ahead(site, dice):
    site.daemon_clock.set(DAY + dice.randrange(60, 7200))
    yield
    site.daemon_clock.set(DAY)


@row(with_clocks, felt=False)
def daemon_clock_back(site, dice):
    site.daemon_clock.set(DAY - dice.randrange(60, 7200))
    yield
    site.daemon_clock.set(DAY)


@row(with_clocks, felt=False)
def database_clock_ahead(site, dice):
    site.database_clock.set(DAY + dice.randrange(60, 7200))
    yield
    site.database_clock.set(DAY)


@row(with_clocks, felt=False)
def database_clock_back(site, dice):
    site.database_clock.set(DAY - dice.randrange(60, 7200))
    yield
    site.database_clock.set(DAY)


def wait_until_served(site):
    """Until the server takes sessions again."""
    site.daemon.wait_until(lambda: site.primary.sql("SELECT 1", check=False) == [["1"]], 60, "up again")


def recover(site):
    """After a panic the server may be down, on its way down, or have recovered by itself."""
    if not site.primary.running():
        site.primary.start()
        return
    with contextlib.suppress(subprocess.TimeoutExpired):
        site.primary.process.wait(1)
        site.primary.start()
    wait_until_served(site)


@contextlib.contextmanager
def session(site, text):
    """A session of somebody else that has done text and keeps its transaction open."""
    psql = subprocess.Popen(["psql", "-XqAt", site.primary.url("postgres")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)
    try:
        psql.stdin.write(f"BEGIN; {text}; SELECT 'done';\n")
        psql.stdin.flush()
        assert psql.stdout.readline() == "done\n"
        yield
    finally:
        psql.stdin.close()
        psql.wait(20)
