"""What the tests in Python stand on: a private cluster, certificates, the real daemon and a foreign gRPC client."""

import os
import pathlib
import random
import socket

# grpcio's channels reconnect when somebody polls them: by default only every 5 s while no call waits.
os.environ.setdefault("GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS", "100")

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("RADIOSHOP_BUILD", ROOT / "build"))
DAEMON = BUILD / "daemon" / "radioshopd"
COMMAND = BUILD / "client" / "radioshop"
UNDER_ASAN = "asan" in BUILD.name


_given = set()


def free_port():
    """
    A port that nobody listens on, never the same twice. Below those that the kernel gives to outgoing connections: one of
    these might take it before it is listened on.
    """
    while True:
        port = random.SystemRandom().randrange(10000, 32000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in _given:
            _given.add(port)
            return port
