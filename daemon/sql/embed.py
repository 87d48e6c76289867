#!/usr/bin/env python3
"""Writes the .sql files into one C file, with :named.parameters turned into $1, $2 ...

Usage: embed.py OUTPUT FILE...   (files that do not end in .sql are passed over)

A parameter is a colon and a dotted lower-case name: a field of the request. `::type`, comments, quoted
strings and names, and dollar quotes are left alone. The same name twice is the same $n.
"""
import os
import re
import sys

TOKEN = re.compile(
    r"""(?P<keep>
          --[^\n]*                              # comment to the end of the line
        | [eE]'(?:[^'\\]|''|\\.)*'              # string with backslash escapes
        | '(?:[^']|'')*'                        # string
        | "(?:[^"]|"")*"                        # quoted name
        | (?P<dollar>\$(?:[A-Za-z_]\w*)?\$).*?(?P=dollar)
        | ::
        | :=
        | [A-Za-z_]\w*                          # a word: its last letter is not the e of e'...'
        )
      | (?P<open>/\*)
      | (?<![:\w\]]):(?P<name>[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)*)
      | (?P<positional>\$[0-9]+)
      | (?P<other>.)
    """, re.VERBOSE | re.DOTALL)


class Fault(Exception):
    """What is wrong with a file, for its author."""


def comment_end(text, at):
    """The position after the block comment that begins at `at`; block comments nest in SQL."""
    depth = 0
    while at < len(text):
        if text.startswith("/*", at):
            depth, at = depth + 1, at + 2
        elif text.startswith("*/", at):
            depth, at = depth - 1, at + 2
            if depth == 0:
                return at
        else:
            at += 1
    raise Fault("a /* comment does not end")


def parse(text):
    """Returns the text with $n and the names in order."""
    names, out, at = [], [], 0
    while at < len(text):
        found = TOKEN.match(text, at)
        end = found.end()
        if found["open"]:
            end = comment_end(text, at)
            out.append(text[at:end])
        elif found["name"]:
            if found["name"] not in names:
                names.append(found["name"])
            out.append("$%d" % (names.index(found["name"]) + 1))
        elif found["positional"]:
            raise Fault("%s: parameters are written :name" % found["positional"])
        elif found["other"] in ("'", '"'):
            raise Fault("a quote is not closed")
        else:
            out.append(found.group())
        at = end
    return "".join(out), names


def literal(text):
    """A C string literal, a line of SQL a line of C; bytes outside printable ASCII in octal."""
    def escape(byte):
        if byte in b'"\\':
            return "\\" + chr(byte)
        if 32 <= byte < 127 and byte != ord("?"):
            return chr(byte)
        return {10: "\\n", 9: "\\t"}.get(byte, "\\%03o" % byte)

    lines = text.encode().splitlines(keepends=True) or [b""]
    return "\n".join('\t\t"%s"' % "".join(map(escape, line)) for line in lines)


def main(output, paths):
    rows, arrays = [], []
    for path in sorted(p for p in paths if p.endswith(".sql")):
        name = os.path.basename(path)[:-4]
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise Fault("%s: file names are lower case letters, digits and _" % path)
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
        if "\0" in text or "\r" in text:
            raise Fault("%s: holds NUL or carriage return" % path)
        try:
            text, names = parse(text.rstrip().rstrip(";") + "\n")
        except Fault as fault:
            raise Fault("%s: %s" % (path, fault)) from None
        arrays.append("static const char *const parameters_%s[] = {%sNULL};\n"
                      % (name, "".join('"%s", ' % n for n in names)))
        rows.append('\t{"%s",\n%s,\n\t\tparameters_%s},\n' % (name, literal(text), name))
    with open(output, "w", encoding="utf-8") as file:
        file.write("/* Made by sql/embed.py from the .sql files. */\n#include \"statement.h\"\n\n")
        file.write("".join(arrays))
        file.write("\nconst struct embedded_sql embedded_sql[] = {\n%s\t{NULL, NULL, NULL},\n};\n" % "".join(rows))
        file.write("const size_t embedded_sql_count = %d;\n" % len(rows))


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.argv[2:])
    except Fault as fault:
        sys.exit("embed.py: %s" % fault)
