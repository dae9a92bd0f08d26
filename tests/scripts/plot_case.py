"""What the tests of the plot scripts share: a folder, and the script run as its users run it."""

import contextlib
import importlib
import io
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


def script_named(name):
    """The module of a script. Ends the program where matplotlib is missing, which CTest reports as skipped."""
    sys.path.insert(0, str(SCRIPTS))
    try:
        return importlib.import_module(name)
    except SystemExit as missing:
        print(missing)
        sys.exit(77)


class PlotCase(unittest.TestCase):
    """A test of the script whose module is the class attribute `script`."""

    script = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def file(self, name, *lines):
        path = self.folder / name
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    def plot(self, *arguments):
        """Runs the script within this process, where matplotlib is loaded once for all tests."""
        out, error = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
            try:
                status = self.script.main([str(argument) for argument in arguments])
            except SystemExit as stopped:
                status = stopped.code
        return subprocess.CompletedProcess(arguments, status, out.getvalue(), error.getvalue())

    def run_program(self, *arguments):
        """Runs the script in a process of its own, in the folder."""
        return subprocess.run([sys.executable, self.script.__file__, *arguments], cwd=self.folder, capture_output=True,
                              text=True, check=False)  # fmt: skip

    def svg_of(self, *inputs):
        """The text that the drawing of these files contains."""
        picture = self.folder / "picture.svg"
        run = self.plot(*inputs, "-o", picture)
        self.assertEqual(run.returncode, 0, run.stderr)
        return picture.read_text(encoding="utf-8")

    def assert_draws_every_format_repeatably(self, *inputs):
        for kind, start in (("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")):
            pictures = [self.folder / f"{name}.{kind}" for name in ("first", "second")]
            for picture in pictures:
                run = self.plot(*inputs, "-o", picture)
                self.assertEqual((run.returncode, run.stdout, run.stderr), (0, "", ""))
            self.assertTrue(pictures[0].read_bytes().startswith(start))
            self.assertEqual(pictures[0].read_bytes(), pictures[1].read_bytes(), kind)

    def assert_refused(self, message, *arguments):
        """Exit status 2, one message, no traceback, and nothing new in the folder."""
        before = sorted(self.folder.iterdir())
        run = self.plot(*arguments)
        self.assertEqual(run.returncode, 2, run.stderr)
        self.assertIn(message, run.stderr)
        self.assertEqual(run.stdout, "")
        self.assertEqual(sorted(self.folder.iterdir()), before)

    def refuse_content(self, message, content, name="bad.json"):
        """The script refuses a file with this content, and names it."""
        bad = self.folder / name
        bad.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.assert_refused(message, bad, "-o", self.folder / "picture.png")
        self.assert_refused(str(bad), bad, "-o", self.folder / "picture.png")
