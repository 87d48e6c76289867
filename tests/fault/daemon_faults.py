"""Faults of the daemon's own process, and those that take several parts at once: more rows of the table in faults.py."""

import signal
import subprocess
import time

from fault.faults import OURS, row, with_sync_standby
from fault.server import BIN


@row()
def daemon_killed(site, _):
    site.daemon.kill()
    yield
    site.daemon.start(wait=False)


@row()
def daemon_killed_at_its_start(site, dice):
    """Killed, started, and killed again while it comes up."""
    site.daemon.kill()
    site.daemon.start(wait=False)
    time.sleep(dice.uniform(0.0, 0.4))
    site.daemon.kill()
    yield
    site.daemon.start(wait=False)


@row()
def daemon_restarted(site, _):
    """SIGTERM: what is under way is finished, what comes is told to go elsewhere, and it ends with 0."""
    site.daemon.stop()
    yield
    site.daemon.start(wait=False)


@row(felt=False)
def reload_storm(site, dice):
    for _ in range(dice.randrange(20, 200)):
        site.daemon.process.send_signal(signal.SIGHUP)
        time.sleep(dice.random() * 0.002)
    yield


@row()
def machine_fell_over(site, _):
    """The daemon and the server at one moment."""
    site.primary.kill()
    site.daemon.kill()
    yield
    site.daemon.start(wait=False)
    site.primary.start()


@row(with_sync_standby)
def failover_over_doubtful_commits(site, dice):
    """Commits stop waiting for a standby that stands still, clients ask again, and then that standby takes over."""
    site.standby.signal(signal.SIGSTOP)
    with subprocess.Popen([f"{BIN}/psql", "-Xq", site.primary.url("postgres")], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, text=True) as canceller:
        canceller.stdin.write(f"SELECT pg_cancel_backend(pid) {OURS} AND wait_event = 'SyncRep' \\watch 0.02\n")
        canceller.stdin.flush()
        time.sleep(dice.uniform(0.5, 1.5))
        yield
        site.primary.kill()
        canceller.kill()
    site.standby.signal(signal.SIGCONT)
    site.fail_over()
    site.rebuild_standby()
