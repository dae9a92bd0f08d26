#!/usr/bin/python3
"""scripts/plot_validation.py as its users run it, on made-up validations."""

import json
import unittest
import xml.etree.ElementTree

from plot_case import PlotCase, script_named

HEADER = "set,type,figure,name,m,n,k,unit,measured,predicted,error_percent,kernel,bound_by,gpu,note"


def point(figure, measured, predicted, kind="f16", group="gemm", unit="us"):
    """One line; name and sizes are invented, and nobody reads the error."""
    return f"{group},{kind},{figure},64x64x{measured},64,64,64,{unit},{measured},{predicted},,kernel,tail,some-gpu,"


ROWS = (
    point("dense", 10, 11), point("2:4", 8, 6), point("speedup", 1.25, 1.83, unit="x"),
    point("dense", 100, 140), point("2:4", 60, 66), point("speedup", 1.67, 2.12, unit="x"),
)  # fmt: skip


class PlotValidation(PlotCase):
    script = script_named("plot_validation")

    def setUp(self):
        super().setUp()
        self.validation = self.file("validation.csv", HEADER, *ROWS)

    def refuse_rows(self, message, *rows):
        bad = self.file("bad.csv", HEADER, *rows)
        self.assert_refused(message, bad, "-o", self.folder / "picture.png")

    def test_draws_every_format_and_the_same_bytes_each_time(self):
        self.assert_draws_every_format_repeatably(self.validation)

    def test_json_and_csv_of_the_same_points_give_the_same_picture(self):
        keys = HEADER.split(",")
        points = [{key: float(value) if key in ("measured", "predicted") else value
                   for key, value in zip(keys, row.split(",")) if value} for row in ROWS]  # fmt: skip
        table = self.folder / "validation.json"
        table.write_text(json.dumps({"points": points}), encoding="utf-8")
        self.assertEqual(self.svg_of(self.validation), self.svg_of(table))

    def test_names_the_median_error_of_each_figure(self):
        text = self.svg_of(self.validation)
        xml.etree.ElementTree.fromstring(text)
        for label in ("dense: median error 25.0 % of 2", "2:4: median error 17.5 % of 2",
                      "speedup: median error 36.7 % of 2", "f16 on some-gpu"):  # fmt: skip
            self.assertIn(f"<!-- {label} -->", text)

    def test_types_get_columns_of_their_own(self):
        text = self.svg_of(self.file("two.csv", HEADER, *ROWS, point("dense", 5, 6, "s8")))
        self.assertIn("f16 on some-gpu", text)
        self.assertIn("s8 on some-gpu", text)
        self.assertIn("no such point", text)

    def test_leaves_out_what_was_not_predicted_and_other_sets(self):
        more = (point("dense", 7, ""), point("latency", 24, 25, "mma", "instructions", "cycles"))
        self.assertEqual(self.svg_of(self.file("more.csv", HEADER, *ROWS, *more)), self.svg_of(self.validation))

    def test_refuses_files_without_a_predicted_gemm(self):
        self.refuse_rows("no GEMM with a prediction", point("dense", 7, ""))
        self.refuse_rows("no points")
        self.refuse_content("no list 'points'", '{"results": []}')
        self.refuse_content("no JSON", "{")
        self.refuse_content("expected .json or .csv", "x", "bad.txt")

    def test_refuses_wrong_fields(self):
        self.refuse_rows("bad.csv:2: found 'measured'", point("dense", 0, 7))
        self.refuse_rows("bad.csv:3: found 'predicted'", ROWS[0], point("dense", 7, "many"))
        self.refuse_rows("bad.csv:2: found 'type'", point("dense", 7, 7, ""))
        self.refuse_content("no 'gpu'", "set,type,figure,name,unit,measured\ngemm,f16,dense,a,us,1\n", "bad.csv")

    def test_refuses_a_picture_of_another_kind(self):
        self.assert_refused(".gif", self.validation, "-o", self.folder / "picture.gif")

    def test_runs_from_any_folder(self):
        run = self.run_program("validation.csv", "-o", "picture.png")
        self.assertEqual((run.returncode, run.stdout, run.stderr), (0, "", ""))
        self.assertTrue((self.folder / "picture.png").exists())


if __name__ == "__main__":
    unittest.main()
