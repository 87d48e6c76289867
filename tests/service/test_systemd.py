"""What the daemon tells systemd: ready, alive, reloading, stopping."""

import signal
import socket

import pytest


class Notices:
    """A socket in systemd's place."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))

    def wait_for(self, line, seconds=20):
        """The first message that holds the line; TimeoutError when none comes."""
        self.socket.settimeout(seconds)
        while True:
            message = self.socket.recv(4096).decode()
            if line in message.splitlines():
                return message


@pytest.fixture
def notices(tmp_path, monkeypatch):
    notices = Notices(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    yield notices
    notices.socket.close()


def test_ready_reloading_stopping(own_daemon, notices, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "400000")
    daemon = own_daemon("notifying").start(wait=False)
    notices.wait_for("READY=1")
    assert daemon.ready(), "ready was not told too early"
    notices.wait_for("WATCHDOG=1")
    daemon.process.send_signal(signal.SIGHUP)
    assert "MONOTONIC_USEC=" in notices.wait_for("RELOADING=1")
    notices.wait_for("READY=1")
    daemon.process.send_signal(signal.SIGTERM)
    notices.wait_for("STOPPING=1")
    assert daemon.process.wait(20) == 0
    daemon.process = None
    daemon.check_log()


def test_the_watchdog_of_another_process(own_daemon, notices, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "100000")
    monkeypatch.setenv("WATCHDOG_PID", "1")
    daemon = own_daemon("unwatched").start(wait=False)
    notices.wait_for("READY=1")
    with pytest.raises(TimeoutError):
        notices.wait_for("WATCHDOG=1", seconds=1)
    daemon.stop()
