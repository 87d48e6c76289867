"""Commands of the system that faults are made with."""

import os
import subprocess


def command(*words, text=None, **options):
    """Runs a command to its end and gives what it printed; if it fails, what it said is the failure."""
    given = {"input": text} if text is not None else {"stdin": subprocess.DEVNULL}
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, **given, **options)
    assert done.returncode == 0, f"{' '.join(map(str, words))}: {done.stderr}{done.stdout}"
    return done.stdout


def need_root():
    """Namespaces, mounts and loop devices are root's. A run without it is a failure, and not a test left out."""
    assert os.geteuid() == 0, "the fault tests make network namespaces and mounts: run them as root, or give sudo -n"
