"""A clock that a test sets: Debian's libfaketime, preloaded into the daemon or into PostgreSQL.

Only plain builds of gcc run under it: a clang build with ASan hangs, and one of gcc wants its library loaded first. So the
tests of the clock are made for the plain build alone.
"""

import glob
import os
import re


class Clock:
    """One clock, of all processes that are started with its environment."""

    def __init__(self, file, seconds=0):
        self.file = file
        self.set(seconds)
        self.environment = {
            "LD_PRELOAD": glob.glob("/usr/lib/*/faketime/libfaketime.so.1")[0],
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",    # the file is read again at every look at the clock
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
        }

    def set(self, seconds):
        """So many seconds ahead of the true time. At once: a half-written file is never read."""
        new = self.file.with_suffix(".new")
        new.write_text(f"{seconds:+d}", encoding="ascii")
        new.chmod(0o644)
        os.replace(new, self.file)


def forget_clocks():
    """Takes away what the library left in shared memory for processes that were killed."""
    for path in glob.glob("/dev/shm/*faketime_s*"):
        pid = re.search(r"faketime_s(?:em|hm)_(\d+)$", path)
        if pid and not os.path.exists(f"/proc/{pid[1]}"):
            os.unlink(path)
