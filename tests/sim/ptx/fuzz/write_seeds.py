#!/usr/bin/python3
"""write_seeds.py FOLDER: the modules of the parser's tests, whole and by statement, in FOLDER/seeds, and their words in
FOLDER/words.txt."""

import re
import sys
from pathlib import Path

MODULES = Path(__file__).parent.parent / "modules"
BEGINNING = ".version 8.0\n.target sm_80\n"
MORE_WORDS = ("branchtargets", "callprototype", "function_name", "inlined_at", "generic(", ".v2", "4294967295",
              "18446744073709551615", "0x", "0f", "0d", "0b1", "<", ">", "?", ":", "<<", ">>", "||", "/*", "*/", "//",
              "\\x00", "\\x0A", "%r<", "WARP_SZ", "%clock64", ".attribute(", ".alias", ".section .x {", "(.u64)")


def quoted(word):
    return '"' + word.replace('"', '\\"') + '"'


def main():
    folder = Path(sys.argv[1])
    words = set(MORE_WORDS)
    for module in sorted(MODULES.glob("*.ptx")):
        text = module.read_text()
        (folder / "seeds" / module.name).write_text(text)
        words.update(re.findall(r"[.%$]?\w+", text))
        for i, line in enumerate(text.splitlines()):
            whole = BEGINNING + line if line.startswith(".") else f"{BEGINNING}.entry k(){{.reg .b32 %r<40>;\n{line}\n}}"
            (folder / "seeds" / f"{module.stem}-{i:03}.ptx").write_text(whole)
    (folder / "words.txt").write_text("".join(quoted(word) + "\n" for word in sorted(words)))


if __name__ == "__main__":
    main()
