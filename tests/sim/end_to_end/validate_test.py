#!/usr/bin/python3
"""`stcsim validate` as its users run it: the real model, processes, interruptions."""

import signal
import subprocess
import time
import unittest
from pathlib import Path

from end_to_end_test import EXECUTABLE, EndToEnd

MICROBENCHMARKS = ("--set", "instructions", "--set", "shared-memory")
GEMMS = ("--set", "gemm", "--scope", "sm", "--only", "f16 dense 1024x", "-j", "2")


class Validate(EndToEnd):
    def children_of(self, parent):
        """The living processes that `parent` started."""
        found = []
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = status.read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it ended meanwhile
            if fields[1] == str(parent) and fields[0] != "Z":
                found.append(int(status.parent.name))
        return found

    def interrupt(self, number, state, lines):
        """Starts the validation of GEMMS, signals it when the state has so many lines, returns its workers then."""
        run = subprocess.Popen([EXECUTABLE, "validate", *GEMMS, "--state", state, "--out", "out.csv"], cwd=self.folder,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
        for _ in range(3000):
            if run.poll() is not None or (state.exists() and state.read_bytes().count(b"\n") >= lines):
                break
            time.sleep(0.02)
        self.assertIsNone(run.poll(), "it ended before it could be interrupted")
        workers = self.children_of(run.pid)
        run.send_signal(number)
        out, _ = run.communicate(timeout=60)
        self.assertEqual(out, b"")
        return workers

    def assert_gone(self, processes):
        for _ in range(500):
            if not any(Path(f"/proc/{process}").exists() for process in processes):
                return
            time.sleep(0.02)
        self.fail("a worker outlived the program")

    def test_microbenchmarks_come_out_the_same_for_any_number_of_jobs(self):
        one = self.succeed("validate", *MICROBENCHMARKS, "-j1", "--out", "one.csv")
        self.assertEqual(one, self.succeed("validate", *MICROBENCHMARKS, "-j3", "--out", "three.csv"))
        self.assertEqual((self.folder / "one.csv").read_bytes(), (self.folder / "three.csv").read_bytes())
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["one.csv", "three.csv"])

    def test_an_interrupted_run_leaves_no_process_and_loses_no_finished_point(self):
        state = self.folder / "state"
        for number in (signal.SIGTERM, signal.SIGKILL):
            before = state.read_bytes() if state.exists() else b""
            workers = self.interrupt(number, state, before.count(b"\n") + 3)
            self.assertEqual(len(workers), 2)
            self.assert_gone(workers)
            self.assertTrue(state.read_bytes().startswith(before), "earlier points are gone")
            self.assertFalse((self.folder / "out.csv").exists())
        before = state.read_bytes()
        resumed = self.succeed("validate", *GEMMS, "--state", state, "--out", "out.csv")
        self.assertTrue(state.read_bytes().startswith(before), "finished points were made again")
        self.assertEqual(resumed, self.succeed("validate", *GEMMS, "--out", "again.csv"))
        self.assertEqual((self.folder / "out.csv").read_bytes(), (self.folder / "again.csv").read_bytes())

    def test_bad_references_are_refused_before_anything_runs(self):
        self.write("gemm_a100_pcie80.csv", "gpu,dtype,M,N,K,dense_us,speed\nA100-80GB-PCIe,FP16,64,64,64,4,1\n")
        message = self.refuse("validate", "--set", "gemm", "--reference", ".", "--out", "out.csv")
        self.assertIn("gemm_a100_pcie80.csv:1: found the unknown column 'speed'", message)
        self.assertIn("no such file", self.refuse("validate", "--set", "instructions", "--reference", "."))


if __name__ == "__main__":
    unittest.main()
