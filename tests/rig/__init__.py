"""What the tests in Python stand on: a private cluster, certificates, the real daemon and a foreign gRPC client."""

import os
import pathlib
import socket

# grpcio's channels reconnect when somebody polls them: by default only every 5 s while no call waits.
os.environ.setdefault("GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS", "100")

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("RADIOSHOP_BUILD", ROOT / "build"))
DAEMON = BUILD / "daemon" / "radioshopd"
COMMAND = BUILD / "client" / "radioshop"
UNDER_ASAN = "asan" in BUILD.name


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
