"""The stream of all assets: complete, in order, and paced by its reader."""

import time

import pytest

from rig import contract
from rig.daemon import SLOWER

COUNT = 5000


@pytest.fixture(scope="module")
def full(world):
    """An agency with 5,000 assets of about one KiB each."""
    agency = world.agency()
    notes = "x" * 900
    for start in range(0, COUNT, 250):
        rows = [{"line": i, "tag": f"X{i:05d}", "class": "portable", "notes": f"{i} {notes}"} for i in range(start, start + 250)]
        assert len(world.tina.ImportAssets(agency=agency, rows=rows, timeout=60).results) == 250
    return agency


def test_all_rows_once_and_in_order(world, full):
    tags = [reply.asset.tag for reply in world.vera.ExportAssets(agency=full, timeout=60)]
    assert tags == [f"X{i:05d}" for i in range(COUNT)]


def test_all_agencies(world, full):
    rows = [(r.asset.agency, r.asset.tag) for r in world.vera.ExportAssets(timeout=120)]
    assert rows == sorted(rows) and len(set(rows)) == len(rows) and len({agency for agency, _ in rows}) > 1


def test_empty(world, agency):
    assert world.vera.ExportAssets(agency=agency) == []


def test_a_slow_reader_costs_nothing(world, daemon, full):
    """Readers that stop reading hold pages back in the database: the daemon does not gather them."""
    method = contract.methods()["ExportAssets"]
    request = contract.fill(method.request(), {"agency": full})
    # Warm up, so that what stays allocated is counted before.
    for _ in range(2):
        list(world.vera.stream(method, request))
    before, cpu = daemon.rss_kib(), daemon.cpu_seconds()
    callers = [world.fresh_caller("vera", options=[("grpc.http2.lookahead_bytes", 65536),
                                                   ("grpc.http2.bdp_probe", 0)]) for _ in range(16)]
    streams = [caller.stream(method, request) for caller in callers]
    tags = [[next(stream).asset.tag] for stream in streams]
    time.sleep(3)
    grown = daemon.rss_kib() - before
    idle_cpu = daemon.cpu_seconds() - cpu
    # All rows of 16 streams would be more than 80 MiB.
    assert grown < 32 * 1024 * (3 if SLOWER > 1 else 1), f"the daemon grew by {grown} KiB with 16 slow readers"
    assert idle_cpu < 1.5 * SLOWER, f"the daemon used {idle_cpu} s of CPU while nobody read"
    assert world.frank.GetCaller().principal.name == "frank", "others are served meanwhile"
    for got, stream in zip(tags, streams):
        got += [reply.asset.tag for reply in stream]
        assert got == [f"X{i:05d}" for i in range(COUNT)]
    for caller in callers:
        caller.close()


def test_a_reader_that_leaves(world, daemon, full):
    """Cancelled in the middle: the daemon forgets the stream at once, and its connection serves on."""
    method = contract.methods()["ExportAssets"]
    request = contract.fill(method.request(), {"agency": full})
    for _ in range(20):
        stream = world.vera.stream(method, request)
        next(stream)
        stream.close()
    assert len(world.vera.ExportAssets(agency=full, timeout=60)) == COUNT
    daemon.wait_until(lambda: daemon.ready(), 5, "ready")


def test_rows_added_meanwhile(world, agency):
    """Keyset pages: an export that began before a row was added behind it brings it, and never a row twice."""
    for start in range(0, 1000, 500):
        world.tina.ImportAssets(agency=agency, rows=[{"line": i, "tag": f"K{i:05d}", "class": "portable",
                                                      "notes": "y" * 500} for i in range(start, start + 500)])
    method = contract.methods()["ExportAssets"]
    stream = world.vera.stream(method, contract.fill(method.request(), {"agency": agency}))
    tags = [next(stream).asset.tag]
    world.tina.CreateAsset(asset={"agency": agency, "tag": "A-before", "class": "portable"})
    tags += [reply.asset.tag for reply in stream]
    assert tags == sorted(tags) and len(set(tags)) == len(tags) and set(tags) >= {f"K{i:05d}" for i in range(1000)}
