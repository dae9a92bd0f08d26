#!/usr/bin/python3
"""scripts/plot_roofline.py as its users run it, on made-up results."""

import json
import unittest
import xml.etree.ElementTree

import sample_results
from plot_case import PlotCase, script_named


def parameters(**changes):
    """The part of a GPU description that roofs are made of: 7219 GB/s of L2, 1555 GB/s of HBM."""
    values = {"clock_hz": 1.41e9, "slices": 80, "slice_bytes_per_cycle": 64, "bytes_per_second": 1.555e12, **changes}
    values = {key: {"value": value} for key, value in values.items() if value is not None}
    return {"clock_hz": values.pop("clock_hz"),
            "memory": {"l2": {key: values[key] for key in ("slices", "slice_bytes_per_cycle") if key in values},
                       "hbm": {key: values[key] for key in ("bytes_per_second",) if key in values}}}  # fmt: skip


def rows(**more):
    moved = {"l2_read_bytes": 3e9, "hbm_read_bytes": 4e8, "hbm_written_bytes": 1e8}
    return [{**row, **moved} for row in sample_results.network(4) + sample_results.sweep(**more)]


class PlotRoofline(PlotCase):
    script = script_named("plot_roofline")

    def setUp(self):
        super().setUp()
        self.results = self.write("results.json", rows()[:10])

    def write(self, name, results, **changes):
        path = self.folder / name
        document = {"provenance": {"gpu": {"parameters": parameters(**changes)}}, "results": results}
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    def refuse(self, message, results, **changes):
        bad = self.write("bad.json", results, **changes)
        self.assert_refused(message, bad, "-o", self.folder / "picture.png")

    def test_draws_every_format_and_the_same_bytes_each_time(self):
        self.assert_draws_every_format_repeatably(self.results)

    def test_names_the_roofs_and_the_points(self):
        text = self.svg_of(self.results)
        xml.etree.ElementTree.fromstring(text)
        for label in ("dense peak 312", "2:4 peak 624", "HBM: 1555 GB/s", "L2: 7219 GB/s", "dense", "2:4 sparse",
                      "encoder.layer0.feed_forward"):  # fmt: skip
            self.assertIn(f"<!-- {label} -->", text)

    def test_many_points_are_not_named(self):
        many = self.write("many.json", rows() + rows())
        self.assertNotIn("encoder.layer0", self.svg_of(many))

    def test_gpus_and_scopes_get_rows_of_their_own(self):
        chip = self.write("chip.json", rows(scope="chip")[-2:], bytes_per_second=2e12)
        text = self.svg_of(self.results, chip)
        for label in ("scope sm: HBM", "scope chip: HBM", "HBM: 1555 GB/s", "HBM: 2000 GB/s"):
            self.assertIn(label, text)

    def test_refuses_results_that_do_not_say_what_the_memories_moved(self):
        for key in ("l2_read_bytes", "hbm_read_bytes", "hbm_written_bytes"):
            results = rows()
            del results[2][key]
            self.refuse("without 'l2_read_bytes', 'hbm_read_bytes' and", results)
        self.refuse("results[0]: found 'l2_read_bytes' = -1", [{**rows()[0], "l2_read_bytes": -1}])

    def test_refuses_results_without_the_gpu(self):
        self.refuse("no parameter 'memory.l2.slices'", rows(), slices=None)
        self.refuse("memory.hbm.bytes_per_second: found 'value' = 0", rows(), bytes_per_second=0)
        self.refuse_content("no object 'provenance'", '{"results": []}')
        self.refuse_content("no object 'gpu'", '{"provenance": {}, "results": []}')
        self.refuse_content("expected .json", "name\nx\n", "bad.csv")

    def test_refuses_a_picture_of_another_kind(self):
        self.assert_refused(".gif", self.results, "-o", self.folder / "picture.gif")

    def test_runs_from_any_folder(self):
        run = self.run_program("results.json", "-o", "picture.png")
        self.assertEqual((run.returncode, run.stdout, run.stderr), (0, "", ""))
        self.assertTrue((self.folder / "picture.png").exists())


if __name__ == "__main__":
    unittest.main()
