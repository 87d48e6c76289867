"""What the daemon tells systemd: ready, alive, reloading, stopping; and how little its unit lets it do."""

import signal
import socket
import subprocess

import pytest

from rig import BUILD, COMMAND, ROOT


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
    for unit in ("radioshopd.service", "radioshop-alert.service", "radioshop-alert.timer", "radioshop-alert-send.service",
                 "radioshop-alert-send.timer", "radioshop-alert-urgent.service", "radioshop-alert-urgent.timer", "radioshop-page@.service",
                 "radioshop-page@.timer"):
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", BUILD / "deploy" / unit], capture_output=True, text=True,
                              timeout=60, check=False)
        faults = [line for line in (done.stdout + done.stderr).splitlines() if unit in line and "not executable" not in line]
        assert not faults, faults


def test_no_job_falls_into_the_hour_that_is_skipped():
    """systemd reckons with the local time: what stands between 01:00 and 03:59 is left out on the night that clocks go forward."""
    for name, times in (("radioshop-alert", 1), ("radioshop-alert-send", 288), ("radioshop-alert-urgent", 144), ("radioshop-page@", 1)):
        timer = (BUILD / "deploy" / f"{name}.timer").read_text(encoding="utf-8")
        assert "Persistent=true" in timer and "OnBootSec=" in timer
        (calendar,) = [line.split("=", 1)[1] for line in timer.splitlines() if line.startswith("OnCalendar=")]
        for zone, night in (("America/Chicago", "2027-03-14"), ("Europe/Berlin", "2027-03-28"), ("America/Chicago", "2027-11-07")):
            done = subprocess.run(["systemd-analyze", "calendar", "--iterations=400", f"--base-time={night} 00:00:00", calendar], capture_output=True,
                                  text=True, timeout=60, check=False, env={"TZ": zone, "PATH": "/usr/bin:/bin"})
            assert done.returncode == 0, done.stderr
            fires = [line for line in done.stdout.splitlines() if f" {night} " in line and "UTC" not in line]
            assert len(fires) >= (times if times == 1 else times * 15 // 16), f"{name} fires {len(fires)} times on {night} in {zone}"


def test_the_cron_lines():
    """What is typed there is what the command knows, and five fields or @reboot, a user and a command."""
    lines = [line for line in (ROOT / "deploy" / "radioshop-alert.cron").read_text(encoding="utf-8").splitlines()
             if line and not line.startswith("#") and "=" not in line.split()[0]]
    assert len(lines) == 5
    for line in lines:
        when, user, command = line.split("\t")
        assert when == "@reboot" or len(when.split()) == 5 and (when.split()[0].endswith(("*/5", "3-59/10")) or not 1 <= int(when.split()[1]) <= 3)
        assert user == "radioshop-alert"
        verb = command.split("radioshop alert ")[1].split()[0]
        assert subprocess.run([COMMAND, "help", "alert", verb], capture_output=True, timeout=60, check=False).returncode == 0


def test_jobs_of_one_user_have_one_sandbox():
    """What hardens the nightly job hardens the others: from the line on where it begins, the units are the same."""
    parts = [(BUILD / "deploy" / f"{name}.service").read_text(encoding="utf-8").partition("CapabilityBoundingSet=")[2]
             for name in ("radioshop-alert", "radioshop-alert-send", "radioshop-alert-urgent", "radioshop-page@")]
    assert len(set(parts)) == 1 and "ProtectSystem=strict" in parts[0]


def test_the_example_of_the_settings_is_what_the_command_reads(tmp_path):
    text = (ROOT / "deploy" / "send.conf.example").read_text(encoding="utf-8")
    keys = [line[1:] for line in text.splitlines() if line.startswith("#") and not line.startswith("# ") and "=" in line]
    assert len(keys) == 11
    (tmp_path / "send.conf").write_text("\n".join(keys) + "\n", encoding="utf-8")
    (tmp_path / "default.conf").write_text("server = localhost:1\ncacert = a\ncert = b\nkey = key\n", encoding="utf-8")
    (tmp_path / "key").touch(mode=0o600)
    done = subprocess.run([COMMAND, "alert", "send"], capture_output=True, text=True, timeout=60, check=False,
                          env={"RADIOSHOP_CONFIG_DIR": str(tmp_path), "XDG_STATE_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    # The journal is opened when the settings have been read.
    assert (tmp_path / "radioshop" / "send-default.journal").exists(), done.stderr


def test_the_watchdog_of_another_process(own_daemon, notices, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "100000")
    monkeypatch.setenv("WATCHDOG_PID", "1")
    daemon = own_daemon("unwatched").start(wait=False)
    notices.wait_for("READY=1")
    with pytest.raises(TimeoutError):
        notices.wait_for("WATCHDOG=1", seconds=1)
    daemon.stop()
