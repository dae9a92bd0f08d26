"""What the tests of `stcsim sparsify` share: running it in a folder of its own, and a plain reference in numpy."""

import itertools
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import numpy as np

EXECUTABLE = os.environ["STCSIM_EXECUTABLE"]

# Of each group, how many units stay, and elements of a unit.
PATTERNS = {"2:4": (4, 2, 1), "1:2": (2, 1, 1), "4:8": (8, 2, 2)}

# Element types: array type, pattern of the hardware, options that say so.
TYPES = {
    "f16": (np.float16, "2:4"), "bf16": (np.uint16, "2:4"), "tf32": (np.float32, "1:2"), "s8": (np.int8, "2:4"),
    "u8": (np.uint8, "2:4"), "s4": (np.int8, "4:8"), "u4": (np.uint8, "4:8"),
}


def random_matrix(dtype, rows, columns, seed=1):
    """Values of a type, zeros of both signs among them; for bf16 raw bits."""
    random = np.random.default_rng(seed)
    if dtype in ("s8", "s4"):
        values = random.integers(-8 if dtype == "s4" else -128, 8 if dtype == "s4" else 128, (rows, columns))
    elif dtype in ("u8", "u4"):
        values = random.integers(0, 16 if dtype == "u4" else 256, (rows, columns))
    else:
        values = random.normal(size=(rows, columns)) * random.choice([0, 1, 1, 1], (rows, columns))
    if dtype == "bf16":
        return (values.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    return values.astype(TYPES.get(dtype, (np.float32,))[0])


def magnitudes(array, dtype):
    """|x| in float64."""
    if dtype == "bf16":
        array = (array.astype(np.uint32) << 16).view(np.float32)
    return np.abs(array.astype(np.float64))


def unit_magnitudes(array, dtype, pattern):
    """[rows, groups, units]: the sum of magnitudes of each unit."""
    group, _, unit = PATTERNS[pattern]
    return magnitudes(array, dtype).reshape(array.shape[0], -1, group // unit, unit).sum(-1)


def most_kept(array, dtype, pattern):
    """The largest sum of magnitudes that any choice of units keeps: all choices tried."""
    group, kept, unit = PATTERNS[pattern]
    units = unit_magnitudes(array, dtype, pattern)
    return max_over_choices(units, group // unit, kept).sum()


def max_over_choices(units, positions, kept):
    sums = [units[..., list(choice)].sum(-1) for choice in itertools.combinations(range(positions), kept)]
    return np.max(sums, axis=0)


class SparsifyCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def sparsify(self, *arguments):
        return subprocess.run([EXECUTABLE, "sparsify", *map(str, arguments)], capture_output=True, cwd=self.folder,
                              timeout=300)

    def succeed(self, *arguments):
        done = self.sparsify(*arguments)
        self.assertEqual((done.returncode, done.stderr), (0, b""), arguments)
        return done.stdout.decode()

    def refuse(self, *arguments):
        """Runs, expects exit status 2, one message on one line, and no new or changed file; returns the message."""
        before = self.contents()
        done = self.sparsify(*arguments)
        message = done.stderr.decode()
        self.assertEqual((done.returncode, done.stdout), (2, b""), f"{arguments}: {message}")
        self.assertRegex(message, r"\Astcsim: .*found .*, expected .*\n\Z")
        self.assertEqual(self.contents(), before, "a file appeared or changed")
        return message

    def contents(self):
        return {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}

    def save(self, name, array):
        np.save(self.folder / name, array)
        return name

    def load(self, name):
        return np.load(self.folder / name, allow_pickle=False)

    def same(self, one, other):
        """Equal to the bit, shape and type included."""
        self.assertEqual((one.dtype, one.shape), (other.dtype, other.shape))
        self.assertEqual(np.ascontiguousarray(one).tobytes(), np.ascontiguousarray(other).tobytes())
