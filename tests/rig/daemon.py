"""The real daemon, started with a configuration of its own, watched for sanitizer reports."""

import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

from rig import DAEMON, UNDER_ASAN, free_port


class Daemon:
    def __init__(self, directory, cluster_url, certificates, address="127.0.0.1", through=(), **settings):
        """through: the words of a command that runs the daemon elsewhere, as in a network namespace, by exec."""
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.address, self.port, self.metrics_port = address, free_port(), free_port()
        self.through = through
        self.certificates = certificates
        self.settings = {
            "listen": f"{address}:{self.port}",
            "metrics_listen": f"{address}:{self.metrics_port}",
            "tls_certificate": certificates.server_certificate,
            "tls_key": certificates.server_key,
            "tls_client_ca": certificates.ca,
            "tls_client_crl": certificates.crl,
            "database": cluster_url,
            **settings,
        }
        self.config = directory / "radioshopd.conf"
        self.log = directory / "radioshopd.log"
        self.process = None
        self.program, self.environment = DAEMON, {}    # a test may run another build, or give it variables
        self.write_config()

    def write_config(self, **changes):
        self.settings.update(changes)
        self.config.write_text("".join(f"{key} = {value}\n" for key, value in self.settings.items()), encoding="utf-8")

    def start(self, wait=True):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*self.through, self.program, "--config", self.config], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, env={**os.environ, **self.environment})
        if wait:
            self.wait_until(lambda: self.ready() or self.process.poll() is not None, 30, "ready")
            assert self.process.poll() is None, self.text()[-4000:]
        return self

    def run(self, *words, timeout=30):
        """Runs the daemon to its end, as for --check or a start that must fail."""
        return subprocess.run([DAEMON, "--config", self.config, *words], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=timeout, check=False)

    def reload(self):
        """SIGHUP; returns when it is done. True when it was taken, False when the old settings stayed in force."""
        def count():
            return [self.metric("radioshop_reloads_total", outcome=outcome) for outcome in ("taken", "refused")]
        before = count()
        self.process.send_signal(signal.SIGHUP)
        self.wait_until(lambda: sum(count()) > sum(before), 10 * SLOWER, "reloaded")
        return count()[0] > before[0]

    def stop(self):
        """SIGTERM; it must drain and end with 0, without a leak or another report of the sanitizers."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("the daemon did not end 40 s after SIGTERM\n" + self.text()[-4000:]) from None
        self.process = None
        self.check_log()
        assert status == 0, f"the daemon ended with {status}\n" + self.text()[-4000:]

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def text(self):
        return self.log.read_text(encoding="utf-8", errors="replace")

    def check_log(self):
        found = re.search(r"(ERROR: (Address|Leak)Sanitizer|runtime error:|SUMMARY: )", self.text())
        assert not found, self.text()[found.start():found.start() + 6000]

    def http(self, path):
        """Status and body of the plain listener."""
        try:
            with urllib.request.urlopen(f"http://{self.address}:{self.metrics_port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def ready(self):
        return self.http("/readyz")[0] == 200

    def metric(self, name, **labels):
        """Sum of the samples of a metric that carry all of the labels."""
        total = 0.0
        for line in self.http("/metrics")[1].splitlines():
            found = re.fullmatch(r"([a-z_]+)(?:\{(.*)\})? ([-+0-9.eE]+)", line)
            if found and found[1] == name and all(f'{k}="{v}"' in (found[2] or "") for k, v in labels.items()):
                total += float(found[3])
        return total

    def rss_kib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1])

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100

    @staticmethod
    def wait_until(condition, seconds, what):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not {what} within {seconds} s"
            time.sleep(0.05)


# Sanitizers slow the daemon down several times and keep freed memory: limits of time and size are scaled by this.
SLOWER = 4 if UNDER_ASAN else 1
