"""interop_server, and the messages of grpc.testing as Debian's protobuf has them."""

import functools
import re
import signal
import subprocess

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from rig import BUILD

SERVER = BUILD / "tests" / "interop_server"


@functools.lru_cache(maxsize=None)
def _pool():
    files = descriptor_pb2.FileDescriptorSet.FromString((BUILD / "tests" / "interop_set.bin").read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return pool


@functools.lru_cache(maxsize=None)
def message(name):
    """The class of a message of grpc.testing."""
    return message_factory.MessageFactory(_pool()).GetPrototype(_pool().FindMessageTypeByName(f"grpc.testing.{name}"))


def path(method, service="TestService"):
    return f"/grpc.testing.{service}/{method}"


class InteropServer:
    def __init__(self, directory, certificates):
        self.certificates = certificates
        directory.mkdir(parents=True, exist_ok=True)
        self.log = directory / "interop_server.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [SERVER, "--ca", certificates.ca, "--certificate", certificates.server_certificate, "--key",
                 certificates.server_key], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.process.stdout.readline()
        assert "listening on 127.0.0.1:" in line, line + self.text()
        self.port = int(line.rsplit(":", 1)[1])

    def text(self):
        return self.log.read_text(encoding="utf-8", errors="replace")

    def rss_kib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1])

    def stop(self):
        """It must drain and end well, without a report of the sanitizers."""
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(40)
        finally:
            self.process.kill()
            self.process.stdout.close()
        assert not re.search(r"Sanitizer|runtime error:", self.text()) and status == 0, self.text()[-6000:]
