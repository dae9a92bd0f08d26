#!/usr/bin/python3
"""scripts/plot_roofline.py on what stcsim has just simulated."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

EXECUTABLE = os.environ["STCSIM_EXECUTABLE"]
SCRIPT = Path(os.environ["STCSIM_SOURCE"]) / "scripts" / "plot_roofline.py"


class Roofline(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.results = self.folder / "results.json"
        command = [EXECUTABLE, "run", "--gpu", "a100-pcie-80gb", "--gemm", "512x512x1024", "--compare", "--sampled"]
        subprocess.run([*command, "--out", self.results], check=True, capture_output=True, timeout=120)

    def plot(self, output):
        """The script's message where it fails."""
        done = subprocess.run([sys.executable, SCRIPT, self.results, "-o", output], capture_output=True, text=True,
                              timeout=120, check=False)  # fmt: skip
        if "matplotlib" in done.stderr:
            self.skipTest(done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_it_draws_them_below_the_roofs_of_their_gpu(self):
        picture = self.folder / "roofline.svg"
        self.plot(picture)
        text = picture.read_text(encoding="utf-8")
        for label in ("a100-pcie-80gb, scope chip: HBM", "HBM: 1935 GB/s", "L2: 7219 GB/s", "dense peak 312", "2:4 peak 624"):
            self.assertIn(f"<!-- {label} -->", text)

    def test_the_results_state_the_same_position(self):
        report = json.loads(self.results.read_text())
        hbm = report["provenance"]["gpu"]["parameters"]["memory"]["hbm"]["bytes_per_second"]["value"]
        for row in report["results"]:
            roofline = row["roofline"]
            operations = 2 * row["m"] * row["n"] * row["k"]
            intensity = operations / (row["hbm_read_bytes"] + row["hbm_written_bytes"])
            self.assertAlmostEqual(roofline["operations_per_hbm_byte"] / intensity, 1)
            self.assertLessEqual(roofline["attainable_tflops"], intensity * hbm / 1e12 * (1 + 1e-9))
            self.assertAlmostEqual(roofline["share_of_attainable"], row["tflops"] / roofline["attainable_tflops"])
            self.assertAlmostEqual(sum(row["time_share"].values()), 1)


if __name__ == "__main__":
    unittest.main()
