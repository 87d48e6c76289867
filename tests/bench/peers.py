"""Servers that others would write, with gRPC C++ and with Node.js, or have written, to run beside ours: see peers/."""

import contextlib
import socket
import subprocess
import time

from place import BUILD, HERE, cpu_seconds, rss_kib, statement
from rig import ROOT, free_port

PEERS, PROTO = HERE / "peers", ROOT / "proto"
CONNECTIONS = 8


def asset_statement():
    """The statement of GetAsset; times as microseconds, which are easier to read for a peer than PostgreSQL's text."""
    text = statement("get_asset").replace(":asset::text", "$1::text")
    for name in ("created_at", "updated_at"):
        text = text.replace(f"a.{name}", f"(extract(epoch FROM a.{name}) * 1000000)::bigint AS {name}")
    return text


def compiled(name, protos=()):
    """A peer in C++, compiled when it is not there or older than its sources."""
    made, source = BUILD / "peers", PEERS / f"{name}.cc"
    program, protos = made / name, [PROTO / "radioshop" / "v1" / proto for proto in protos]
    if not program.exists() or program.stat().st_mtime < max(path.stat().st_mtime for path in (source, *protos)):
        made.mkdir(exist_ok=True)
        names = [str(path.relative_to(PROTO)) for path in protos]
        if names:
            subprocess.run(["protoc", f"-I{PROTO}", "-I/usr/include", f"--cpp_out={made}", f"--grpc_out={made}",
                            "--plugin=protoc-gen-grpc=/usr/bin/grpc_cpp_plugin", *names], check=True)
        libraries = subprocess.run(["pkg-config", "--cflags", "--libs", "grpc++", "protobuf", "libpq"], check=True, capture_output=True,
                                   text=True).stdout.split()
        code = [made / name.replace(".proto", end) for name in names for end in (".pb.cc", ".grpc.pb.cc")]
        subprocess.run(["g++", "-O2", "-w", "-std=c++17", f"-I{made}", source, *code, "-o", program, *libraries, "-lpthread"], check=True)
    return program


class Peer:
    """A server that runs; plain: it speaks HTTP/2 and knows nothing of a grpc-status."""

    def __init__(self, process, port, plain=False):
        self.process, self.port, self.plain = process, port, plain

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def rss_kib(self):
        return rss_kib(self.process.pid)


@contextlib.contextmanager
def running(words, port, text="", plain=False):
    """The peer runs inside the `with`. It is ready when it says so, or, plain, when it takes a connection."""
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL if plain else subprocess.PIPE, text=True) as process:
        try:
            process.stdin.write(text)
            process.stdin.close()
            if plain:
                until_open(port)
            else:
                assert process.stdout.readline().strip() == "ready", "the peer does not start"
            yield Peer(process, port, plain)
        finally:
            process.kill()


def until_open(port):
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise AssertionError("the peer does not start")


def identity(port, certificates):
    return [str(port), certificates.ca, certificates.server_certificate, certificates.server_key]


def grpcpp(place, agencies):
    """GetAsset with gRPC C++ and libpq."""
    port = free_port()
    words = [compiled("grpcpp", ("asset.proto", "field.proto", "model.proto")), *identity(port, place.certificates), place.cluster.url(), array(agencies),
             str(CONNECTIONS)]
    return running(words, port, asset_statement())


def node(place, agencies):
    """GetAsset with grpc-js and pg, the packages fetched when they are not there."""
    if not (ROOT / "node_modules" / "pg").exists():
        subprocess.run(["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"], cwd=ROOT, check=True,
                       stdout=subprocess.DEVNULL)
    port = free_port()
    words = ["node", PEERS / "node.js", *identity(port, place.certificates), place.cluster.url(), array(agencies), str(CONNECTIONS), PROTO]
    return running(words, port, asset_statement())


def grpcpp_echo(certificates):
    port = free_port()
    return running([compiled("grpcpp_echo"), *identity(port, certificates)], port)


def nghttpd(certificates, directory):
    """nghttp2's own server, one thread of it, with the files of a directory: to what is posted it answers with the file of the path."""
    port = free_port()
    words = ["nghttpd", "--verify-client", "--workers=1", "--address=127.0.0.1", f"--htdocs={directory}", str(port), certificates.server_key,
             certificates.server_certificate]
    return running(words, port, plain=True)


def array(agencies):
    return "{" + ",".join(map(str, agencies)) + "}"
