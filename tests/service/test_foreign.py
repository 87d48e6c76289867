"""Clients that nobody wrote for radioshop: buf curl, grpcio with the stubs that protoc makes, grpc-js, libgrpc++,
nghttp and h2load."""

import fcntl
import json
import os
import re
import struct
import subprocess
import sys

import pytest

from rig import BUILD, ROOT
from rig.contract import PROTO, PACKAGE
from rig.world import new_id

FOREIGN = ROOT / "tests" / "service" / "foreign"
WHOAMI = f"{PACKAGE}.PrincipalService/GetCaller"

BUF = ROOT / "node_modules" / ".bin" / "buf"

SCRIPT = """
import sys, grpc
from radioshop.v1 import asset_pb2, asset_pb2_grpc
target, ca, cert, key, tag = sys.argv[1:6]
read = lambda path: open(path, "rb").read()
credentials = grpc.ssl_channel_credentials(read(ca), read(key) if key else None, read(cert) if cert else None)
stub = asset_pb2_grpc.AssetServiceStub(grpc.secure_channel(target, credentials))
try:
    for asset in stub.ListAssets(asset_pb2.ListAssetsRequest(page_size=5), timeout=10).assets:
        print(asset.agency, asset.tag)
    print("read", stub.GetAsset(asset_pb2.GetAssetRequest(asset=tag), timeout=10).asset.serial)
except grpc.RpcError as error:
    print(error.code().name)
"""


def curl(world, name, method, data, *words):
    certificate, key = world.certificates.person(name) if name else (None, None)
    mine = ["--cert", certificate, "--key", key] if name else []
    return subprocess.run([BUF, "curl", "--protocol", "grpc", "--cacert", world.certificates.ca, *mine, *words,
                           "-d", json.dumps(data), f"https://localhost:{world.daemon.port}/{PACKAGE}.{method}"],
                          capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)


@pytest.mark.parametrize("words", [(), ("--schema", str(PROTO))], ids=["reflection", "schema"])
def test_buf_curl(world, words):
    asset = world.asset("IND")
    listed = curl(world, "frank", "AssetService/ListAssets", {"pageSize": 3}, *words)
    assert listed.returncode == 0, listed.stderr
    assert all(a["agency"] == "IND" for a in json.loads(listed.stdout)["assets"])
    read = curl(world, "frank", "AssetService/GetAsset", {"asset": asset.tag}, *words)
    assert json.loads(read.stdout)["asset"]["serial"] == asset.serial
    missing = curl(world, "frank", "AssetService/GetAsset", {"asset": "nosuch"}, *words)
    assert missing.returncode != 0 and json.loads(missing.stderr)["code"] == "not_found"


def test_buf_curl_without_a_certificate(world):
    done = curl(world, None, "AssetService/ListAssets", {}, "--schema", str(PROTO))
    assert done.returncode != 0 and "assets" not in done.stdout
    assert json.loads(done.stderr[done.stderr.index("{"):])["code"] == "unavailable", done.stderr


def test_generated_python_stubs(world, scratch):
    stubs = scratch / "stubs"
    stubs.mkdir(exist_ok=True)
    files = sorted(str(p.relative_to(PROTO)) for p in (PROTO / "radioshop").rglob("*.proto"))
    subprocess.run(["protoc", f"-I{PROTO}", "-I/usr/include", f"--python_out={stubs}", f"--grpc_out={stubs}",
                    "--plugin=protoc-gen-grpc=/usr/bin/grpc_python_plugin", *files], check=True)
    script = stubs / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    asset = [world.asset("IND") for _ in range(5)][-1]
    certificate, key = world.certificates.person("frank")

    def run(*words):
        done = subprocess.run([sys.executable, script, f"localhost:{world.daemon.port}", world.certificates.ca, *words],
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()
    lines = run(certificate, key, asset.tag)
    assert len(lines) == 6 and all(line.startswith("IND ") for line in lines[:5]) and lines[5] == f"read {asset.serial}"
    assert run("", "", asset.tag) == ["UNAVAILABLE"]
    stranger, stranger_key = world.certificates.person("nobody-knows-me")
    assert run(stranger, stranger_key, asset.tag) == ["UNAUTHENTICATED"]


@pytest.fixture(scope="session")
def cplusplus():
    """The script on libgrpc++, kept beside the build since it takes half a minute to compile."""
    made = BUILD.parent / "build-foreign"
    made.mkdir(exist_ok=True)
    program, source = made / "client", FOREIGN / "client.cc"
    protos = [PROTO / name for name in ("radioshop/v1/asset.proto", "radioshop/v1/field.proto", "radioshop/v1/model.proto", "grpc/health/v1/health.proto",
                                        "google/rpc/status.proto", "google/rpc/error_details.proto")]
    with open(made / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if program.exists() and program.stat().st_mtime > max(p.stat().st_mtime for p in [source, *protos]):
            return program
        names = [str(p.relative_to(PROTO)) for p in protos]
        subprocess.run(["protoc", f"-I{PROTO}", "-I/usr/include", f"--cpp_out={made}", f"--grpc_out={made}",
                        "--plugin=protoc-gen-grpc=/usr/bin/grpc_cpp_plugin", *names], check=True)
        libraries = subprocess.run(["pkg-config", "--cflags", "--libs", "grpc++", "protobuf"], check=True,
                                   capture_output=True, text=True).stdout.split()
        code = [made / name.replace(".proto", end) for name in names for end in (".pb.cc", ".grpc.pb.cc")]
        # Our own google.rpc files stand for those that Debian does not ship.
        subprocess.run(["g++", "-O0", "-w", "-std=c++17", f"-I{made}", source, *code, "-o", program, *libraries], check=True)
    return program


def in_cplusplus(request, *words):
    return [request.getfixturevalue("cplusplus"), *words, new_id()]


def in_javascript(_, target, *words):
    return ["node", FOREIGN / "client.js", target, PROTO, *words]


@pytest.mark.parametrize("client", [in_cplusplus, in_javascript])
def test_a_client_of_another_language(world, request, client):
    """Unary, refused with details, idempotent, streamed, past its deadline, cancelled: each as its library tells it."""
    agency = world.agency()
    assets = [world.asset(agency) for _ in range(3)]

    def run(name):
        certificate, key = world.certificates.person(name) if name else ("", "")
        done = subprocess.run(client(request, f"localhost:{world.daemon.port}", world.certificates.ca, certificate, key,
                                     agency, assets[0].tag), capture_output=True, text=True, timeout=60, check=False,
                              env={**os.environ, "NODE_PATH": str(ROOT / "node_modules")})
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()
    assert run("tina") == [
        f"read {assets[0].serial}", "missing NOT_FOUND asset", "created once",
        " ".join(["exported", *sorted([*(a.tag for a in assets), "FOREIGN"])]), "late DEADLINE_EXCEEDED",
        "watched SERVING", "cancelled CANCELLED"]
    assert run("frank") == ["refused NOT_FOUND"]
    assert run("nobody-knows-me") == ["refused UNAUTHENTICATED"]
    assert run(None) == ["refused UNAVAILABLE"]


@pytest.fixture
def whoami(scratch):
    """The request of GetCaller as it goes over the wire: an empty message."""
    path = scratch / "get-caller"
    path.write_bytes(struct.pack(">BI", 0, 0))
    return path


def test_nghttp(world, whoami):
    """The frames, printed by nghttp2's own client: headers, a message, trailers, no RST_STREAM."""
    certificate, key = world.certificates.person("frank")
    done = subprocess.run(["nghttp", "-v", "--no-dep", f"--cert={certificate}", f"--key={key}", f"--data={whoami}",
                           "-H:method: POST", "-Hcontent-type: application/grpc", "-Hte: trailers",
                           f"https://localhost:{world.daemon.port}/{WHOAMI}"],
                          capture_output=True, timeout=60, check=False)
    text = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout.decode(errors="replace"))
    assert done.returncode == 0, text + done.stderr.decode()
    frames = re.findall(r"(send|recv) ([A-Z_]+) frame <length=\d+, flags=0x[0-9a-f]+, stream_id=(\d+)>", text)
    stream = max(int(number) for _, _, number in frames)
    assert [kind for way, kind, number in frames if way == "recv" and int(number) == stream] == ["HEADERS", "DATA", "HEADERS"]
    assert "The negotiated protocol: h2" in text
    answer = text[text.index(":status: 200"):]
    assert answer.index("content-type: application/grpc") < answer.index("grpc-status: 0")
    assert "frank" in text and "RST_STREAM" not in text


def test_h2load(world, whoami):
    """Some thousand calls over a few connections, all answered."""
    certificate, key = world.certificates.person("frank")
    shim = BUILD / "tests" / "libh2load_certificate.so"
    calls = 4000
    before = world.daemon.metric("radioshop_calls_total", method="PrincipalService.GetCaller", status="OK")
    done = subprocess.run(["h2load", "-n", str(calls), "-c", "4", "-m", "20", "-d", str(whoami), "-Hcontent-type: application/grpc",
                           "-Hte: trailers", f"https://localhost:{world.daemon.port}/{WHOAMI}"],
                          capture_output=True, text=True, timeout=120, check=False,
                          env={**os.environ, "LD_PRELOAD": str(shim), "CLIENT_CERTIFICATE": str(certificate),
                               "CLIENT_KEY": str(key)})
    assert done.returncode == 0, done.stderr
    assert f"{calls} total, {calls} started, {calls} done, {calls} succeeded, 0 failed, 0 errored, 0 timeout" in done.stdout
    # h2load looks at :status only: what the calls came to, the daemon tells.
    assert world.daemon.metric("radioshop_calls_total", method="PrincipalService.GetCaller", status="OK") - before == calls
