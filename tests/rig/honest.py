"""An honest client in a process of its own: one warm connection, a read of one asset at a steady pace.

It is a process, so that neither the test's nor the attacker's work delays it. Latencies are counted from the moment
that a call was due, not from when it was sent: a daemon that stands still for a second then shows in a hundred of them.

Words on standard input: "begin" forgets what was measured, "end" answers with one line of JSON: milliseconds of each
call and the status of each that failed.
"""

import json
import select
import subprocess
import sys
import time

from rig import ROOT, contract
from rig.caller import Caller, Refused

PER_SECOND = 100


class Honest:
    """Starts the process; quiet and loud phases are told apart by begin() and end()."""

    def __init__(self, port, certificates, principal, request):
        certificate, key = certificates.person(principal)
        # Before other work of this machine, where we may: nice only warns when we may not.
        prefix = ["nice", "-n", "-10", "/usr/bin/python3", "-m", "rig.honest"]
        words = [str(port), str(certificates.ca), str(certificate), str(key), request.SerializeToString().hex()]
        self.process = subprocess.Popen([*prefix, *words], cwd=ROOT / "tests", text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.process.stdout.readline() == "ready\n", "the honest client gets no answer"

    def _say(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def begin(self):
        self._say("begin")

    def end(self):
        """Milliseconds of every call since begin(), sorted, and what went wrong."""
        self._say("end")
        measured = json.loads(self.process.stdout.readline())
        return sorted(measured["ms"]), measured["lost"]

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(30) == 0


def percentile(ordered, share):
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _listen():
    """The next word, None if there is none yet, "" at the end."""
    if not select.select([sys.stdin.buffer.raw], [], [], 0)[0]:
        return None
    return sys.stdin.buffer.raw.readline().decode().strip()


def main():
    port, ca, certificate, key, request = sys.argv[1:]
    with open(ca, "rb") as ca_file, open(certificate, "rb") as certificate_file, open(key, "rb") as key_file:
        caller = Caller(port, ca_file.read(), certificate_file.read(), key_file.read())
    path, request = contract.methods()["GetAsset"].path, bytes.fromhex(request)
    caller.raw(path, request)
    print("ready", flush=True)
    took, lost, due = [], [], time.monotonic()
    while (word := _listen()) != "":
        if word == "begin":
            took, lost, due = [], [], time.monotonic()
        elif word == "end":
            print(json.dumps({"ms": took, "lost": lost}), flush=True)
        time.sleep(max(0, due - time.monotonic()))
        try:
            caller.raw(path, request, timeout=15)
        except Refused as refusal:
            lost.append(str(refusal))
        took.append((time.monotonic() - due) * 1000)
        caller.received.clear()
        due += 1 / PER_SECOND
    caller.close()


if __name__ == "__main__":
    main()
