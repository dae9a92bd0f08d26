#!/usr/bin/python3
"""write_seeds.py FOLDER: small .npy and .npz files as numpy writes them, in FOLDER/seeds, and FOLDER/words.txt."""

import struct
import sys
import zipfile
from pathlib import Path

TYPES = {"|b1": 1, "|i1": 1, "|u1": 1, "<i2": 2, "<u2": 2, "<i4": 4, "<u4": 4, "<i8": 8, "<u8": 8, "<f2": 2, "<f4": 4,
         "<f8": 8, ">f4": 4, "|O": 8, "<U3": 12, "<c8": 8}
SHAPES = ((), (0,), (3,), (2, 3), (1, 2, 2), (4, 0, 2))
WORDS = ("descr", "fortran_order", "shape", "True", "False", "None", "'", '"', "(", ")", "[", "]", "{", "}", ",", ":",
         "18446744073709551615", "4294967296", "9223372036854775807", "\\x93NUMPY\\x01\\x00", "\\x93NUMPY\\x02\\x00",
         "PK\\x01\\x02", "PK\\x03\\x04", "PK\\x05\\x06", *TYPES)


def file_bytes(version, descr, fortran, shape):
    header = f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}"
    preamble = 10 if version == 1 else 12
    header += " " * (-(preamble + len(header) + 1) % 64) + "\n"
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    elements = 1
    for size in shape:
        elements *= size
    data = bytes(i % 251 for i in range(elements * TYPES[descr]))
    return b"\x93NUMPY" + bytes((version, 0)) + length + header.encode() + data


def write_seeds(folder):
    folder.mkdir(parents=True, exist_ok=True)
    seeds = [file_bytes(1, descr, False, (2, 3)) for descr in TYPES]
    seeds += [file_bytes(version, "<u2", fortran, shape) for version in (1, 2, 3) for fortran in (False, True)
              for shape in SHAPES]
    for i, seed in enumerate(seeds):
        (folder / f"seed-{i:02}.npy").write_bytes(seed)
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        with zipfile.ZipFile(folder / f"seed-{method}.npz", "w", method) as archive:
            archive.writestr("A.npy", file_bytes(1, "<u2", False, (2, 3)))
            archive.writestr("B.npy", file_bytes(1, "<f4", True, (2,)))


def main():
    folder = Path(sys.argv[1])
    write_seeds(folder / "seeds")
    (folder / "words.txt").write_text("".join('"' + word.replace('"', '\\"') + '"\n' for word in WORDS))


if __name__ == "__main__":
    main()
