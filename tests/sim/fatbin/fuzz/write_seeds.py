#!/usr/bin/python3
"""write_seeds.py FOLDER: small fat binaries in FOLDER/seeds, and FOLDER/words.txt."""

import struct
import sys
from pathlib import Path

PTX, MACHINE_CODE, OTHER = 1, 2, 9


def entry(kind, architecture, payload, compressed=False, header=80):
    fields = struct.pack("<HHIQIQIQQ", kind, 0x101, header, len(payload), len(payload) if compressed else 0, 0,
                         architecture, 0, 0x8011 if compressed else 0x11)
    return fields.ljust(header, b"\0") + payload


def container(*entries):
    body = b"".join(entries)
    return struct.pack("<IHHQ", 0xBA55ED50, 1, 16, len(body)) + body


def main():
    folder = Path(sys.argv[1])
    seeds = (container(),
             container(entry(PTX, 80, b".version 8.0\0\0")),
             container(entry(PTX, 80, b"(.", compressed=True)),
             container(entry(MACHINE_CODE, 80, b"\x7fELF", header=64)),
             container(entry(PTX, 75, b"a\0"), entry(OTHER, 0, b""), entry(PTX, 90, b"b"), entry(MACHINE_CODE, 86, b"")))
    for i, seed in enumerate(seeds):
        (folder / "seeds" / f"seed-{i}.fatbin").write_bytes(seed)
    (folder / "words.txt").write_text('"\\x50\\xED\\x55\\xBA\\x01\\x00\\x10\\x00"\n"\\x01\\x00\\x01\\x01\\x50\\x00"\n')


if __name__ == "__main__":
    main()
