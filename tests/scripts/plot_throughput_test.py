#!/usr/bin/python3
"""scripts/plot_throughput.py as its users run it, on made-up results."""

import os
import struct
import unittest
import xml.etree.ElementTree

import sample_results
from plot_case import PlotCase, script_named


class PlotThroughput(PlotCase):
    script = script_named("plot_throughput")

    def setUp(self):
        super().setUp()
        self.results = self.folder / "results.json"
        sample_results.write_json(self.results, sample_results.sweep())

    def refuse_row(self, message, **changes):
        rows = sample_results.sweep()
        for key, value in changes.items():
            if value is KeyError:
                del rows[3][key]
            else:
                rows[3][key] = value
        bad = self.folder / "bad.json"
        sample_results.write_json(bad, rows)
        self.assert_refused(message, bad, "-o", self.folder / "picture.png")
        self.assert_refused("results[3]", bad, "-o", self.folder / "picture.png")

    def test_draws_every_format_and_the_same_bytes_each_time(self):
        self.assert_draws_every_format_repeatably(self.results)

    def test_leaves_no_temporary_files(self):
        self.svg_of(self.results)
        self.assertEqual({p.name for p in self.folder.iterdir()}, {"results.json", "picture.svg"})

    def test_json_and_csv_of_the_same_rows_give_the_same_picture(self):
        table = self.folder / "results.csv"
        sample_results.write_csv(table, sample_results.sweep())
        self.assertEqual(self.svg_of(self.results), self.svg_of(table))

    def test_svg_is_well_formed(self):
        xml.etree.ElementTree.fromstring(self.svg_of(self.results))

    def test_a_sweep_is_drawn_over_k_and_says_both_peaks(self):
        text = self.svg_of(self.results)
        for label in ("K", "512", "16384", "2x", "1x", "312", "624", "dense", "2:4 sparse", "shared memory"):
            self.assertIn(f"<!-- {label} -->", text)
        self.assertNotIn("<!-- k512 -->", text)

    def test_a_network_is_drawn_by_layer_in_the_order_of_the_file(self):
        table = self.folder / "network.csv"
        rows = sample_results.network(6)
        sample_results.write_csv(table, rows)
        text = self.svg_of(table)
        names = list(dict.fromkeys(row["name"] for row in rows))
        positions = [text.find(f"<!-- {name} -->") for name in names]
        self.assertNotIn(-1, positions)
        self.assertEqual(positions, sorted(positions))

    def test_speedup_is_the_ratio_of_cycles(self):
        sample_results.write_json(self.results, sample_results.pair("gemm", 4096, 4096, 4096, 0.9, 1.73))
        self.assertIn("<!-- 1.73 -->", self.svg_of(self.results))

    def test_a_run_without_sparse_rows_is_drawn_without_speedup(self):
        sample_results.write_json(self.results, [row for row in sample_results.sweep() if row["sparsity"] == "dense"])
        self.assertIn("no GEMM was run both dense and 2:4", self.svg_of(self.results))

    def test_scopes_get_columns_of_their_own(self):
        chip = self.folder / "chip.json"
        sample_results.write_json(chip, sample_results.sweep(scope="chip"))
        both = self.svg_of(self.results, chip)
        self.assertIn("scope sm -->", both)
        self.assertIn("scope chip -->", both)

    def test_repeated_names_are_paired_in_order(self):
        sample_results.write_json(self.results, 3 * sample_results.pair("layer", 1024, 4096, 1024, 0.9, 1.41))
        self.assertEqual(self.svg_of(self.results).count("<!-- 1.41 -->"), 3)

    def test_names_are_drawn_as_they_are(self):
        for name in ("a $x^2$ <layer>", "$", "\\frac{", "_--_"):
            sample_results.write_json(self.results, sample_results.pair(name, 1024, 4096, 1024))
            xml.etree.ElementTree.fromstring(self.svg_of(self.results))

    def test_a_network_of_a_hundred_layers_stays_a_reasonable_picture(self):
        sample_results.write_json(self.results, sample_results.network(100))
        picture = self.folder / "picture.png"
        self.assertEqual(self.plot(self.results, "-o", picture).returncode, 0)
        width, height = struct.unpack(">II", picture.read_bytes()[16:24])
        self.assertLess(width, 6000)
        self.assertLess(height, 3000)

    def test_refuses_a_missing_file_and_a_folder(self):
        self.assert_refused("No such file", self.folder / "absent.json", "-o", self.folder / "picture.png")
        folder = self.folder / "folder.json"
        folder.mkdir()
        self.assert_refused("directory", folder, "-o", self.folder / "picture.png")

    def test_refuses_unknown_extensions(self):
        self.assert_refused(".gif", self.results, "-o", self.folder / "picture.gif")
        self.assert_refused("expected .png, .svg or .pdf", self.results, "-o", self.folder / "picture")
        self.refuse_content("expected .json or .csv", "x", "bad.txt")

    def test_refuses_missing_options(self):
        self.assert_refused("required", self.results)
        self.assert_refused("required")

    def test_refuses_what_is_no_result_file(self):
        self.refuse_content("no JSON", "")
        self.refuse_content(":2: found no JSON", '{"results":\n[}')
        self.refuse_content("found list, expected an object", "[]")
        self.refuse_content("no list 'results'", '{"provenance": {}}')
        self.refuse_content("no results", '{"results": []}')
        self.refuse_content("expected an object", '{"results": [1]}')
        self.refuse_content("not UTF-8", b"\xff\xfe")
        self.refuse_content("no JSON", "[" * 100000)
        self.refuse_content("found nothing", "", "bad.csv")
        self.refuse_content("no 'name'", "a,b\n1,2\n", "bad.csv")
        self.refuse_content(":2: found 1 fields, expected 2", "a,b\n1\n", "bad.csv")
        self.refuse_content("column twice", "a,a\n1,2\n", "bad.csv")

    def test_refuses_rows_with_missing_or_wrong_fields(self):
        for key in ("name", "k", "cycles", "tflops", "sparsity", "dense_peak_tflops", "account", "gpu", "scope"):
            self.refuse_row(f"no '{key}'", **{key: KeyError})
        for value in ("many", None, -1, 0, True, float("nan"), float("inf"), []):
            self.refuse_row("'cycles'", cycles=value)
        self.refuse_row("'sparsity'", sparsity="4:2")
        self.refuse_row("'name'", name=7)
        self.refuse_row("'account'", account=[])
        self.refuse_row("no 'operands'", account={"busy": 1})
        self.refuse_row("account of 0 cycles", account=dict.fromkeys(sample_results.CAUSES, 0))

    def test_a_bad_file_keeps_the_earlier_picture(self):
        picture = self.folder / "picture.png"
        picture.write_bytes(b"earlier")
        self.refuse_content("no JSON", "{")
        self.assertEqual(picture.read_bytes(), b"earlier")

    def test_refuses_an_output_that_cannot_be_written(self):
        self.assert_refused("absent", self.results, "-o", self.folder / "absent" / "picture.png")
        target = self.folder / "folder.png"
        target.mkdir()
        self.assert_refused("folder.png", self.results, "-o", target)

    def test_runs_from_any_folder(self):
        run = self.run_program("results.json", "-o", "picture.png")
        self.assertEqual((run.returncode, run.stdout, run.stderr), (0, "", ""))
        self.assertTrue(os.access(self.folder / "picture.png", os.R_OK))

    def test_ends_with_status_2_and_one_line_on_bad_input(self):
        run = self.run_program("absent.json", "-o", "picture.png")
        self.assertEqual((run.returncode, run.stdout), (2, ""))
        self.assertEqual(run.stderr.count("\n"), 1)


if __name__ == "__main__":
    unittest.main()
