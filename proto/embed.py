"""Turns a file into a C array: embed.py INPUT OUTPUT SYMBOL gives SYMBOL[] and SYMBOL_len."""

import sys


def main(source, target, symbol):
    with open(source, "rb") as f:
        data = f.read()
    with open(target, "w", encoding="ascii") as out:
        out.write("#include <stddef.h>\n")
        out.write(f"extern const unsigned char {symbol}[];\nextern const size_t {symbol}_len;\n")
        out.write(f"const unsigned char {symbol}[] = {{\n")
        for at in range(0, len(data), 24):
            out.write(",".join(str(b) for b in data[at : at + 24]) + ",\n")
        out.write(f"}};\nconst size_t {symbol}_len = {len(data)};\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
