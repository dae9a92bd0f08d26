#!/usr/bin/python3
"""scripts/plot_microbench.py as its users run it, on made-up measurements and references."""

import struct
import unittest
import xml.etree.ElementTree

from plot_case import PlotCase, script_named

plot_microbench = script_named("plot_microbench")
from microbench_comparison import REFERENCES  # noqa: E402 (the scripts' folder has to be known first)

HEADER = "instr,warps,ilp,latency_cyc,throughput,peak,unit"
MMA_HEADER = ("gpu,kind,ab_type,cd_type,shape,completion_latency_cyc,w4_ilp,w4_latency_cyc,w4_fma_per_clk_sm,"
              "w8_ilp,w8_latency_cyc,w8_fma_per_clk_sm,peak_fma_per_clk_sm")  # fmt: skip
LOAD_HEADER = "gpu,instr,bytes_per_warp,conflict_way,completion_latency_cyc,warps,ilp,bytes_per_clk_sm"
DENSE, SPARSE = "mma.m16n8k16.f32.f16.f16.f32", "mma.sp.m16n8k16.f32.f16.f16.f32"


def measurement(name, warps, ilp, latency=25.0, throughput=None, peak=1024, unit="FMA/clk/SM"):
    """One row; the invented throughput tells the load: 100 x warps + ILP."""
    return f"{name},{warps},{ilp},{latency},{100 * warps + ilp if throughput is None else throughput},{peak},{unit}"


def grid(name, warps=(1, 4, 8), ilps=(1, 2, 3, 4), **more):
    return [measurement(name, count, ilp, **more) for count in warps for ilp in ilps]


class PlotMicrobench(PlotCase):
    script = plot_microbench

    def setUp(self):
        super().setUp()
        self.rows = grid(DENSE) + grid(SPARSE, peak=2048)
        self.measurements = self.file("measurements.csv", HEADER, *self.rows)
        self.reference = self.file("mma.csv", MMA_HEADER, "X1,dense,f16,f32,m16n8k16,20,3,,201.5,2,,1604,1024")

    def heat_maps_of(self, measurements, *arguments):
        """The text that the heat maps contain."""
        picture = self.folder / "heat.svg"
        run = self.plot(measurements, "--heat-maps", picture, *arguments)
        self.assertEqual((run.returncode, run.stdout, run.stderr), (0, "", ""))
        return picture.read_text(encoding="utf-8")

    def comparison_of(self, measurements, *references):
        """The table and the text of the drawing."""
        picture = self.folder / "comparison.svg"
        named = [argument for reference in references for argument in ("--reference", reference)]
        run = self.plot(measurements, "--comparison", picture, *named)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        return run.stdout, picture.read_text(encoding="utf-8")

    def rows_of(self, table):
        """The cells of the table's lines, without unit and header."""
        lines = table.split("\n\n")[0].splitlines()[2:]
        return [tuple(cell.strip() for cell in line.split("  ") if cell.strip()) for line in lines]

    def refuse_measurements(self, message, *lines):
        bad = self.file("bad.csv", *lines)
        self.assert_refused(f"bad.csv{message}", bad, "--heat-maps", self.folder / "picture.png")

    def refuse_reference(self, message, *lines):
        bad = self.file("bad.csv", *lines)
        self.assert_refused(message, self.measurements, "--comparison", self.folder / "picture.png", "--reference", bad)

    def refuse_mma(self, message, **changes):
        fields = dict(zip(MMA_HEADER.split(","), "X1,dense,f16,f32,m16n8k16,20,3,,201.5,2,,1604,1024".split(",")))
        fields.update(changes)
        self.refuse_reference(f"bad.csv:2: found {message}", MMA_HEADER, ",".join(fields.values()))

    def test_draws_both_figures_in_every_format_and_the_same_bytes_each_time(self):
        for kind, start in (("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")):
            contents = []
            for name in ("first", "second"):
                pictures = [self.folder / f"{name}-{figure}.{kind}" for figure in ("heat", "comparison")]
                run = self.plot(self.measurements, "--heat-maps", pictures[0], "--comparison", pictures[1],
                                "--reference", self.reference)  # fmt: skip
                self.assertEqual((run.returncode, run.stderr), (0, ""))
                contents.append([picture.read_bytes() for picture in pictures])
            self.assertTrue(all(content.startswith(start) for content in contents[0]), kind)
            self.assertEqual(*contents, kind)
        self.assertEqual(len(list(self.folder.iterdir())), 2 + 12)

    def test_heat_maps_say_throughput_and_percent_of_the_own_peak(self):
        rows = [measurement(DENSE, 8, 2, throughput=768), measurement(SPARSE, 8, 2, throughput=1843.2, peak=2048)]
        text = self.heat_maps_of(self.file("two.csv", HEADER, *rows))
        xml.etree.ElementTree.fromstring(text)
        for label in (DENSE, SPARSE, "768", "75 %", "1843", "90 %", "in FMA/clk/SM, peak 2048"):
            self.assertIn(f"<!-- {label} -->", text)

    def test_loads_that_were_not_simulated_stay_blank(self):
        rows = [measurement(DENSE, 1, 1), measurement(DENSE, 1, 2), measurement(DENSE, 4, 1)]
        text = self.heat_maps_of(self.file("gap.csv", HEADER, *rows))
        self.assertEqual(text.count(" % -->"), 3)
        self.assertNotIn("nan", text)

    def test_heat_maps_are_those_asked_for_in_that_order(self):
        text = self.heat_maps_of(self.measurements, "--instr", SPARSE)
        self.assertNotIn(f"<!-- {DENSE} -->", text)
        text = self.heat_maps_of(self.measurements, "--instr", SPARSE, "--instr", DENSE)
        self.assertLess(text.find(f"<!-- {SPARSE} -->"), text.find(f"<!-- {DENSE} -->"))

    def test_without_the_usual_instructions_the_first_six_are_drawn(self):
        rows = [measurement(f"other{index}", 1, 1) for index in range(8)]
        text = self.heat_maps_of(self.file("others.csv", HEADER, *rows))
        self.assertEqual([f"<!-- other{index} -->" in text for index in range(8)], 6 * [True] + 2 * [False])

    def test_a_full_sweep_stays_a_reasonable_picture(self):
        rows = [row for index in range(30) for row in grid(f"i{index}", range(1, 33), range(1, 9))]
        picture = self.folder / "picture.png"
        self.assertEqual(self.plot(self.file("full.csv", HEADER, *rows), "--heat-maps", picture).returncode, 0)
        width, height = struct.unpack(">II", picture.read_bytes()[16:24])
        self.assertLess(max(width, height), 6000)

    def test_comparison_takes_latency_at_one_warp_and_throughput_at_the_stated_loads(self):
        table, text = self.comparison_of(self.measurements, self.reference)
        self.assertEqual(self.rows_of(table), [
            (DENSE, "completion latency", "1", "1", "cycles", "20.0", "25.00", "+25.0"),
            (DENSE, "throughput", "4", "3", "FMA/clk/SM", "201.5", "403.0", "+100.0"),
            (DENSE, "throughput", "8", "2", "FMA/clk/SM", "1604.0", "802.0", "-50.0"),
        ])  # fmt: skip
        self.assertIn("mean of the absolute errors: 58.3 % over 3 figures; largest: +100.0 %", table)
        xml.etree.ElementTree.fromstring(text)
        for label in (DENSE, "+25.0 %", "+100.0 %", "-50.0 %", "ILP 3", "ILP 2", "measured on X1 (upper bar)"):
            self.assertIn(f"<!-- {label} -->", text)
        self.assertNotIn("sparse", text)

    def test_loads_that_the_reference_leaves_empty_are_those_of_its_source(self):
        for kind, shape, ab_type, expected in (
            ("dense", "m16n8k16", "f16", ("3", "2")),
            ("dense", "m16n8k8", "f16", ("4", "3")),
            ("dense", "m16n8k8", "tf32", ("3", "2")),
            ("dense", "m16n8k32", "s8", ("3", "2")),
            ("dense", "m16n8k16", "s8", ("4", "3")),
            ("sparse", "m16n8k32", "f16", ("3", "2")),
            ("sparse", "m16n8k16", "f16", ("4*", "2")),
            ("sparse", "m16n8k64", "s8", ("3", "2")),
        ):
            name = f"mma{'.sp' if kind == 'sparse' else ''}.{shape}.f32.{ab_type}.{ab_type}.f32"
            table, text = self.comparison_of(
                self.file("one.csv", HEADER, *grid(name)),
                self.file("one_mma.csv", MMA_HEADER, f"X1,{kind},{ab_type},f32,{shape},20,,,400,,,800,1024"),
            )
            self.assertEqual(tuple(row[3] for row in self.rows_of(table))[1:], expected, name)
            said = "does not state the ILP of small-k mma.sp"
            self.assertEqual((said in table, said in text), 2 * (expected[0].endswith("*"),), name)

    def test_shared_memory_is_compared_with_and_without_conflicts(self):
        rows = (grid("ldmatrix.x4", peak=128, unit="B/clk/SM", latency=30)
                + grid("ld.shared.u32.4way", peak=128, unit="B/clk/SM", latency=29))  # fmt: skip
        reference = self.file("loads.csv", LOAD_HEADER, "X1,ldmatrix.x4,512,1,24,4,2,201",
                              "X1,ld.shared.u32,128,4,29,,,")  # fmt: skip
        table, text = self.comparison_of(self.file("loads_model.csv", HEADER, *rows), reference)
        self.assertEqual(self.rows_of(table), [
            ("ldmatrix.x4", "completion latency", "1", "1", "cycles", "24.0", "30.00", "+25.0"),
            ("ldmatrix.x4", "throughput", "4", "2", "B/clk/SM", "201.0", "402.0", "+100.0"),
            ("ld.shared.u32.4way", "completion latency", "1", "1", "cycles", "29.0", "29.00", "+0.0"),
        ])  # fmt: skip
        self.assertIn("<!-- 4 warps, ILP 2 -->", text)

    def test_a_load_that_was_not_simulated_is_said_and_counts_in_no_error(self):
        table, text = self.comparison_of(self.file("few.csv", HEADER, measurement(DENSE, 1, 1)), self.reference)
        self.assertEqual([row[-2:] for row in self.rows_of(table)], [("25.00", "+25.0"), ("-", "-"), ("-", "-")])
        self.assertIn("over 1 figures", table)
        self.assertIn("2 figures without a model value", table)
        self.assertEqual(text.count("<!-- not simulated -->"), 2)

    def test_instructions_that_were_not_simulated_are_left_out(self):
        reference = self.file("more.csv", *self.reference.read_text().splitlines(),
                              "X1,dense,tf32,f32,m16n8k8,25,,,400,,,490,512")  # fmt: skip
        table, text = self.comparison_of(self.measurements, reference)
        self.assertNotIn("tf32", table + text)

    def test_without_reference_option_the_published_files_are_compared(self):
        self.assertTrue(all(path.is_file() for path in REFERENCES))
        table, text = self.comparison_of(self.measurements)
        for cells in ((DENSE, "24.7"), (DENSE, "897.6"), (DENSE, "1004.2"), (SPARSE, "1290.5")):
            self.assertTrue(any(row[0] == cells[0] and row[5] == cells[1] for row in self.rows_of(table)), cells)
        self.assertIn("<!-- 2:4 sparse mma.sp -->", text)

    def test_refuses_options_that_would_do_nothing(self):
        picture = self.folder / "picture.png"
        self.assert_refused("expected --heat-maps FILE or --comparison FILE", self.measurements)
        self.assert_refused("--instr", self.measurements, "--comparison", picture, "--instr", DENSE)
        self.assert_refused("--reference", self.measurements, "--heat-maps", picture, "--reference", self.reference)
        self.assert_refused("the same file", self.measurements, "--heat-maps", picture, "--comparison", picture)
        self.assert_refused("required", "--heat-maps", picture)

    def test_refuses_unknown_instructions_and_extensions(self):
        picture = self.folder / "picture.png"
        self.assert_refused(f"found no 'mma', expected one of {DENSE}, {SPARSE}",
                            self.measurements, "--heat-maps", picture, "--instr", "mma")  # fmt: skip
        self.assert_refused("'.gif', expected .png", self.measurements, "--comparison", self.folder / "picture.gif")

    def test_refuses_files_that_cannot_be_read(self):
        picture = self.folder / "picture.png"
        self.assert_refused("absent.csv: No such file", self.folder / "absent.csv", "--heat-maps", picture)
        self.assert_refused("directory", self.folder, "--heat-maps", picture)
        self.assert_refused("absent.csv: No such file", self.measurements, "--comparison", picture,
                            "--reference", self.folder / "absent.csv")  # fmt: skip

    def test_refuses_wrong_measurements_with_file_line_found_and_expected(self):
        good = self.rows[0]
        self.refuse_measurements(": found nothing, expected a header")
        self.refuse_measurements(": found no measurements", HEADER)
        self.refuse_measurements(":2: found 2 fields, expected 7", HEADER, "a,b")
        self.refuse_measurements(":1: found a column twice", "instr,instr", "a,b")
        self.refuse_measurements(":4: found broken CSV", HEADER, "# comment", good, '"unfinished')
        for column in HEADER.split(","):
            header = HEADER.replace(column, "other")
            self.refuse_measurements(f":2: found no '{column}'", header, good)
        for column, value in (("warps", "0"), ("warps", "1.5"), ("ilp", "x"), ("ilp", ""), ("latency_cyc", "nan"),
                              ("throughput", "-1"), ("throughput", "0"), ("peak", "inf")):  # fmt: skip
            fields = dict(zip(HEADER.split(","), good.split(",")), **{column: value})
            self.refuse_measurements(f":3: found '{column}' = ", HEADER, self.rows[1], ",".join(fields.values()))
        self.refuse_measurements(":2: found an empty 'instr'", HEADER, good.replace(DENSE, ""))
        self.refuse_measurements(":3: found mma.m16n8k16.f32.f16.f16.f32 with 1 warps and ILP 1 a second time",
                                 HEADER, good, good)  # fmt: skip
        self.refuse_measurements(":3: found a peak of 512 FMA/clk/SM, expected 1024",
                                 HEADER, good, measurement(DENSE, 4, 1, peak=512))  # fmt: skip

    def test_refuses_wrong_references(self):
        self.refuse_reference("bad.csv: found nothing, expected a header")
        self.refuse_reference("bad.csv: found no rows", MMA_HEADER)
        self.refuse_reference("bad.csv:2: found neither 'shape' nor 'conflict_way'", "a,b", "1,2")
        self.refuse_reference("bad.csv:2: found no 'kind'", MMA_HEADER.replace("kind", "sort"), "x" + 12 * ",x")
        self.refuse_mma("'kind' = 'half'", kind="half")
        self.refuse_mma("mma.m16n8.f32", shape="m16n8")
        self.refuse_mma("mma.m16n8k16.f32.f17", ab_type="f17")
        self.refuse_mma("'completion_latency_cyc' = 0", completion_latency_cyc="0")
        self.refuse_mma("'w4_ilp' = 'many'", w4_ilp="many")
        self.refuse_mma("'w8_fma_per_clk_sm' = 'x'", w8_fma_per_clk_sm="x")
        self.refuse_mma("'peak_fma_per_clk_sm' = ''", peak_fma_per_clk_sm="")
        self.refuse_mma(f"{DENSE} simulated with a peak of 1024 FMA/clk/SM, expected 512", peak_fma_per_clk_sm="512")
        self.refuse_reference("bad.csv:2: found 'warps' = ''", LOAD_HEADER, "X1,ldmatrix.x4,512,1,24,,,201")

    def test_refuses_a_comparison_of_which_nothing_was_simulated(self):
        self.refuse_reference("found no figure whose instruction and load was simulated",
                              MMA_HEADER, "X1,dense,tf32,f32,m16n8k8,25,,,400,,,490,512")  # fmt: skip

    def test_refuses_a_model_in_another_unit(self):
        model = self.file("unit.csv", HEADER, measurement(DENSE, 1, 1, unit="B/clk/SM"))
        self.assert_refused("simulated in B/clk/SM, expected FMA/clk/SM", model, "--comparison",
                            self.folder / "picture.png", "--reference", self.reference)  # fmt: skip

    def test_writes_neither_figure_where_one_cannot_be_written(self):
        heat = self.folder / "heat.png"
        heat.write_bytes(b"earlier")
        folder = self.folder / "folder.png"
        folder.mkdir()
        for target in (folder, self.folder / "absent" / "comparison.png"):
            self.assert_refused(target.name, self.measurements, "--heat-maps", heat, "--comparison", target)
            self.assertEqual(heat.read_bytes(), b"earlier")

    def test_runs_from_any_folder(self):
        run = self.run_program("measurements.csv", "--comparison", "picture.png")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertIn("completion latency", run.stdout)
        self.assertTrue((self.folder / "picture.png").is_file())

    def test_ends_with_status_2_and_one_line_on_bad_input(self):
        run = self.run_program("absent.csv", "--comparison", "picture.png")
        self.assertEqual((run.returncode, run.stdout), (2, ""))
        self.assertEqual(run.stderr.count("\n"), 1)


if __name__ == "__main__":
    unittest.main()
