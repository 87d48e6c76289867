"""Builds a daemon that is broken on purpose: a patch in broken/, applied to copies of its sources, in place of their objects.

Only what the patch touches is compiled, with the words that ninja has for it, and linked in front of the library that holds
the good ones. The tree itself is not touched. A patch that does not apply, or a source that does not compile, is a failure.
"""

import functools
import json
import pathlib
import re
import shlex
import shutil

from fault.command import command
from rig import BUILD, ROOT

BROKEN = pathlib.Path(__file__).parent / "broken"


def build(name, directory):
    """The path of the broken daemon; directory is to be made."""
    patch = BROKEN / f"{name}.patch"
    sources = re.findall(r"^\+\+\+ b/(\S+)", patch.read_text(encoding="utf-8"), re.MULTILINE)
    for source in sources:
        (directory / source).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / source, directory / source)
    command("patch", "--strip=1", "--fuzz=0", "--forward", "--directory", directory, "--input", patch)
    objects = [_compile(source, directory) for source in sources if source.endswith(".c")]
    link = shlex.split(command("ninja", "-C", BUILD, "-t", "commands", "daemon/radioshopd").splitlines()[-1])
    main = next(place for place, word in enumerate(link) if word.endswith("main.c.o"))
    link[main + 1:main + 1] = objects
    program = directory / "radioshopd"
    link[link.index("-o") + 1] = program
    command(*link, cwd=BUILD)
    return program


@functools.lru_cache(maxsize=None)
def _commands():
    return {str((BUILD / row["file"]).resolve()): row["command"]
            for row in json.loads((BUILD / "compile_commands.json").read_text(encoding="utf-8"))}


def _compile(source, directory):
    """With the headers beside the patched source first, then those beside the real one."""
    words, made = shlex.split(_commands()[str(ROOT / source)]), directory / f"{source}.o"
    words[words.index("-o") + 1] = str(made)
    words[words.index("-MF") + 1] = f"{made}.d"
    words[words.index("-c") + 1] = str(directory / source)
    command(*words, f"-I{(ROOT / source).parent}", cwd=BUILD)
    return made
