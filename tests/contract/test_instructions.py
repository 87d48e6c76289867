"""What a call costs the daemon in instructions, counted by callgrind: repeatable where time is not. A fifth more than what
tests/bench/instructions.json says is a failure; README.md beside it says how a figure there is renewed."""

import json
import re
import subprocess

import pytest

from rig import ROOT, figures
from rig.daemon import Daemon
from rig.world import day

CALLS, WARM = 60, 20
KEPT = json.loads((ROOT / "tests" / "bench" / "instructions.json").read_text(encoding="utf-8"))


class Counted:
    """The daemon under callgrind, and a technician who calls it: one call at a time, on one warm connection."""

    def __init__(self, scratch, migrated, certificates, world):
        self.directory = scratch / "callgrind"
        self.daemon = Daemon(self.directory, migrated.url(), certificates,
                             through=["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={self.directory}/out"])
        self.daemon.start()
        self.caller = world.fresh_caller("tina", port=self.daemon.port)
        self.dumps = 0

    def close(self):
        self.caller.close()
        self.daemon.stop()

    def control(self, *words):
        subprocess.run(["callgrind_control", *words, str(self.daemon.process.pid)], check=True, capture_output=True, stdin=subprocess.DEVNULL)

    def instructions(self, call):
        """Of one call, as the mean of many: the daemon's own work, and a little of its clock."""
        for _ in range(WARM):
            call(self.caller)
        self.control("--zero")
        for _ in range(CALLS):
            call(self.caller)
        self.dumps += 1
        self.control("--dump")
        text = (self.directory / f"out.{self.dumps}").read_text(encoding="utf-8")
        return round(sum(map(int, re.findall(r"^(?:summary|totals): (\d+)$", text, re.MULTILINE)[:1])) / CALLS)


@pytest.fixture(scope="module")
def counted(scratch, migrated, certificates, world):
    counted = Counted(scratch, migrated, certificates, world)
    yield counted
    counted.close()


def test_the_cost_of_calls(counted, world, agency):
    tags = [f"I{i:03d}" for i in range(60)]
    world.tina.ImportAssets(agency=agency, rows=[{"line": i, "tag": tag, "class": "portable"} for i, tag in enumerate(tags)])
    world.plan(agency, first_due_on=day(3))
    assert len(world.tina.ListDue(agency=agency, page_size=50).items) == 50
    calls = {
        "read": lambda who: who.GetAsset(asset=f"{agency}:I001"),
        "due": lambda who: who.ListDue(agency=agency, page_size=50),
        "write": lambda who: who.LogRepair(asset=f"{agency}:I002", problem="no audio", cause="broken speaker", action="replaced", minutes=10),
    }
    assert calls.keys() == KEPT.keys()
    now = {name: counted.instructions(call) for name, call in calls.items()}
    figures.show("instructions of the daemon a call: " + ", ".join(f"{name} {n:,} ({n / KEPT[name]:.2f} of what is kept)" for name, n in now.items()))
    for name, n in now.items():
        assert n <= 1.2 * KEPT[name], f"{name}: {n} instructions a call, {KEPT[name]} before"
        assert n >= 0.5 * KEPT[name], f"{name}: {n} instructions a call: half of what is kept is no measurement, or a feat to be written down"
