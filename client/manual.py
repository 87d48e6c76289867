#!/usr/bin/env python3
"""Puts what `radioshop help --manual` prints, from the tables of the command, into the page: manual.py PAGE RADIOSHOP."""
import subprocess
import sys

page, radioshop = sys.argv[1:]
tables = subprocess.run([radioshop, "help", "--manual"], check=True, capture_output=True, text=True).stdout
text = open(page, encoding="utf-8").read()
if text.count("@TABLES@") != 1:
    sys.exit(f"{page}: expected one line @TABLES@")
sys.stdout.write(text.replace("@TABLES@", tables.strip()))
