"""The dice of a run, by a seed that a failure names."""

import os
import secrets


def seed_of_run():
    """Any text: a new one each run; RADIOSHOP_SEED, unless it is empty, repeats what a run that failed did by its dice."""
    return os.environ.get("RADIOSHOP_SEED") or secrets.token_hex(4)
