"""What the daemon tells systemd: ready, alive, reloading, stopping; and how little its unit lets it do."""

import signal
import socket
import subprocess

import pytest

from rig import BUILD


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


def test_a_refused_reload_is_in_the_status(own_daemon, notices):
    """`systemctl status` tells that older settings are in force, and why, until a reload is taken."""
    daemon = own_daemon("status").start(wait=False)
    notices.wait_for("READY=1")
    config = daemon.config.read_text(encoding="utf-8")
    daemon.config.write_text(config + "nonsense = 1\n", encoding="utf-8")
    daemon.process.send_signal(signal.SIGHUP)
    notices.wait_for("READY=1")
    message = notices.socket.recv(4096).decode()
    assert message.startswith("STATUS=Reload refused") and "nonsense" in message
    daemon.config.write_text(config, encoding="utf-8")
    daemon.process.send_signal(signal.SIGHUP)
    notices.wait_for("STATUS=Serving.")
    daemon.stop()


def unit_settings():
    """KEY: values of the unit as it is installed, in the order in which they stand there."""
    settings = {}
    for line in (BUILD / "deploy" / "radioshopd.service").read_text(encoding="utf-8").splitlines():
        key, found, value = line.partition("=")
        if found and not line.startswith("#"):
            settings.setdefault(key, []).append(value)
    return settings


def test_the_unit_is_a_sandbox():
    """systemd's own judgement: 0 is nothing allowed, 10 everything. Each part that it marks as open is known."""
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager",
                           BUILD / "deploy" / "radioshopd.service"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr
    level = done.stdout.split("Overall exposure level for radioshopd.service: ")[1].split()[0]
    assert 0 < float(level) <= 1.5, level


def test_the_unit_has_a_user_of_its_own_and_no_rights():
    settings = unit_settings()
    assert settings["User"] == ["radioshop"] and settings["Group"] == ["radioshop"]
    # An empty value takes everything away; a second line could give some back.
    assert settings["CapabilityBoundingSet"] == [""] and settings["AmbientCapabilities"] == [""]
    assert settings["NoNewPrivileges"] == ["yes"] and settings["LimitCORE"] == ["0"] and settings["UMask"] == ["0077"]
    assert "SupplementaryGroups" not in settings and "PermissionsStartOnly" not in settings
    assert not any(value.startswith(("+", "!", "-")) for key in settings if key.startswith("Exec") for value in settings[key])
    assert settings["Restart"] == ["on-failure"] and settings["StartLimitIntervalSec"] == ["0"]


def test_the_unit_is_well_formed():
    for unit in ("radioshopd.service", "radioshop-alert.service"):
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", BUILD / "deploy" / unit], capture_output=True, text=True,
                              timeout=60, check=False)
        faults = [line for line in (done.stdout + done.stderr).splitlines() if unit in line and "not executable" not in line]
        assert not faults, faults


def test_the_watchdog_of_another_process(own_daemon, notices, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "100000")
    monkeypatch.setenv("WATCHDOG_PID", "1")
    daemon = own_daemon("unwatched").start(wait=False)
    notices.wait_for("READY=1")
    with pytest.raises(TimeoutError):
        notices.wait_for("WATCHDOG=1", seconds=1)
    daemon.stop()
