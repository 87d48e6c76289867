"""Figures that a run of the tests shows: tests/run names a file in RADIOSHOP_FIGURES and prints it after the suite."""

import os


def show(line):
    print(line)
    path = os.environ.get("RADIOSHOP_FIGURES")
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(line + "\n")
