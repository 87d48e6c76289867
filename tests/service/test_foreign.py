"""Clients that nobody wrote for radioshop: buf curl, and a Python script with the stubs that protoc makes."""

import json
import subprocess
import sys

import pytest

from rig import ROOT
from rig.contract import PROTO, PACKAGE

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
