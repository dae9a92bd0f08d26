#!/usr/bin/python3
"""The stcsim executable as its users run it: exit statuses, messages, files."""

import csv
import json
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

EXECUTABLE = os.environ["STCSIM_EXECUTABLE"]
SOURCE = Path(os.environ["STCSIM_SOURCE"])
GPU = ("--gpu", "a100-sxm4-40gb")
HEADER = "name,m,n,k,batch,dtype,acc,sparsity,count\n"
GOOD_LINE = "layer,64,64,64,1,f16,f32,dense,1\n"
DESIGN_COLUMNS = "name,m,n,k,batch,dtype,acc,sparsity,gpu,kernel,cycles,time_us,tflops,tensor_utilization,bound_by"


class EndToEnd(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def stcsim(self, *arguments):
        return subprocess.run([EXECUTABLE, *map(str, arguments)], capture_output=True, cwd=self.folder, timeout=120)

    def succeed(self, *arguments):
        """Runs, expects exit status 0 and nothing but progress on standard error, returns standard output."""
        done = self.stcsim(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, rb"\A( *\d+ % .*\n)*\Z")
        return done.stdout.decode()

    def refuse(self, *arguments):
        """Runs, expects exit status 2 and one message and nothing else; returns the message."""
        before = sorted(self.folder.rglob("*"))
        done = self.stcsim(*arguments)
        message = done.stderr.decode()
        self.assertEqual(done.returncode, 2, f"{arguments}: {message}")
        self.assertEqual(done.stdout, b"", "nothing was simulated")
        self.assertRegex(message, r"\Astcsim: .*found .*, expected .*\n\Z")
        self.assertEqual(message.count("\n"), 1, "one line")
        self.assertEqual(sorted(self.folder.rglob("*")), before, "no file appeared")
        return message

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def results(self, *arguments):
        """The rows of the JSON report of a run."""
        out = self.folder / "results.json"
        self.succeed("run", *arguments, "--out", out)
        return json.loads(out.read_text())["results"]


class BadTraces(EndToEnd):
    def refuse_trace(self, content, *expected):
        trace = self.write("trace.csv", content)
        message = self.refuse("run", *GPU, "--trace", trace, "--out", self.folder / "out.json")
        for part in (str(trace), *expected):
            self.assertIn(part, message)

    def test_a_missing_column_is_named(self):
        self.refuse_trace("name,m,n,batch,dtype,acc,sparsity,count\n", "'k'")

    def test_a_wrong_header_is_refused(self):
        self.refuse_trace("layer;m;n;k\n" + GOOD_LINE, ":1:")

    def test_every_bad_number_is_refused_with_its_line(self):
        for column in ("m", "n", "k", "batch", "count"):
            for value in ("", "text", "-1", "0", "1.5", "0x10", "99999999999999999999999", "1e3", " "):
                fields = dict(zip(HEADER.strip().split(","), GOOD_LINE.strip().split(",")))
                fields[column] = value
                with self.subTest(column=column, value=value):
                    self.refuse_trace(HEADER + GOOD_LINE + ",".join(fields.values()) + "\n", ":3:", column)

    def test_a_product_that_overflows_is_refused(self):
        self.refuse_trace(HEADER + "x,1099511627776,1099511627776,1099511627776,1,f16,f32,dense,1\n", ":2:")

    def test_an_unknown_type_names_the_near_ones(self):
        self.refuse_trace(HEADER + GOOD_LINE.replace("f16", "fp16"), ":2:", "f16")

    def test_an_unknown_accumulator_is_refused(self):
        self.refuse_trace(HEADER + GOOD_LINE.replace("f32", "f31"), ":2:", "f32")

    def test_an_unknown_sparsity_is_refused(self):
        self.refuse_trace(HEADER + GOOD_LINE.replace("dense", "4:2"), ":2:", "2:4")

    def test_ragged_lines_are_refused(self):
        self.refuse_trace(HEADER + GOOD_LINE + "layer,64,64,64\n", ":3:")
        self.refuse_trace(HEADER + GOOD_LINE + GOOD_LINE.strip() + ",1\n", ":3:")

    def test_empty_files_and_traces_without_a_gemm_are_refused(self):
        self.refuse_trace("")
        self.refuse_trace(HEADER)
        self.refuse_trace("# only a comment\n")

    def test_text_that_is_not_utf8_is_refused_with_its_line(self):
        self.refuse_trace(HEADER.encode() + b"\xff\xfe,64,64,64,1,f16,f32,dense,1\n", ":2:", "UTF-8")

    def test_a_binary_file_is_refused(self):
        self.refuse_trace(Path(EXECUTABLE).read_bytes()[:4096])

    def test_a_directory_and_a_missing_file_are_refused(self):
        self.assertIn("directory", self.refuse("run", *GPU, "--trace", self.folder))
        self.assertIn("no.csv", self.refuse("run", *GPU, "--trace", self.folder / "no.csv"))

    def test_one_illegal_size_runs_nothing_of_the_trace(self):
        self.refuse_trace(HEADER + GOOD_LINE * 3 + "odd,64,64,9,1,f16,f32,dense,1\n", "odd", "8 or 10")

    def test_old_results_survive_a_bad_trace(self):
        old = self.write("old.json", "precious")
        trace = self.write("trace.csv", HEADER + "x,0,64,64,1,f16,f32,dense,1\n")
        self.refuse("run", *GPU, "--trace", trace, "--out", old)
        self.assertEqual(old.read_text(), "precious")


class BadArguments(EndToEnd):
    def test_usage_errors(self):
        for arguments in ((), ("rum",), ("run",), ("run", *GPU), ("run", *GPU, "--gemm"),
                          ("run", "--gemm", "64x64x64"), ("run", *GPU, "--gemm", "64x64x64", "stray")):
            with self.subTest(arguments=arguments):
                self.refuse(*arguments)

    def test_unknown_options_name_the_near_ones(self):
        self.assertIn("--sparsity", self.refuse("run", *GPU, "--gemm", "64x64x64", "--sparcity", "2:4"))

    def test_bad_values(self):
        for option in (("--gemm", "64x64"), ("--gemm", "64x64x-8"), ("--gemm", "64x64x0"), ("--gemm", "axbxc"),
                       ("--gemm", "9999999x9999999x9999999"), ("--gemm", "64x64x64", "--dtype", "f17"),
                       ("--gemm", "64x64x64", "--dtype", "bf16", "--acc", "f16"),
                       ("--gemm", "64x64x64", "--sparsity", "1:2"), ("--gemm", "64x64x64", "--scope", "gpu"),
                       ("--gemm", "64x64x64", "--kernel", "128x128"), ("--gemm", "64x64x64", "--batch", "0"),
                       ("--gemm", "64x64x64", "--trace", "x.csv"), ("--gemm", "64x64x64", "--verify", "--seed", "x")):
            with self.subTest(option=option):
                self.refuse("run", *GPU, *option)

    def test_the_nearest_legal_k_is_named(self):
        self.assertIn("100 or 102", self.refuse("run", *GPU, "--gemm", "64x64x101"))
        message = self.refuse("run", *GPU, "--gemm", "64x64x198", "--compare")
        self.assertIn("196 or 200", message)

    def test_unknown_parameters_name_the_near_ones(self):
        message = self.refuse("run", *GPU, "--gemm", "64x64x64", "--set", "sm.tensor_core.input_selector.mux_widht=4")
        self.assertIn("sm.tensor_core.input_selector.mux_width", message)

    def test_bad_parameter_values(self):
        for assignment in ("sm_count=0", "sm_count=many", "sm_count=-1", "sm_count", "=1", "sm_count=1.5", "sm=1",
                           "memory.l2.capacity=99999999999999999999999", "memory.hbm.efficiency=nan"):
            with self.subTest(assignment=assignment):
                self.refuse("run", *GPU, "--gemm", "64x64x64", "--set", assignment)

    def test_outputs_that_cannot_be_written_are_found_before_the_run(self):
        file = self.write("file", "")
        for option in ("--out", "--vcd", "--perfetto", "--write-config"):
            for target in ("/nonexistent/folder/x.json", f"{file}/x.json", self.folder):
                with self.subTest(option=option, target=target):
                    # A simulation of minutes: the check comes first.
                    self.refuse("run", *GPU, "--gemm", "16384x16384x16384", option, target)

    def test_a_report_needs_a_known_extension(self):
        self.assertIn(".json", self.refuse("run", *GPU, "--gemm", "64x64x64", "--out", self.folder / "x.txt"))

    def test_sparsity_on_dense_tensor_cores_is_refused(self):
        for option in (("--sparsity", "2:4"), ("--compare",)):
            message = self.refuse("run", "--gpu", "a100-dense-only", "--gemm", "64x64x64", *option)
            self.assertIn("sparse_path", message)

    def test_a_kernel_that_does_not_fit_is_refused(self):
        message = self.refuse("run", *GPU, "--gemm", "512x512x512", "--sparsity", "2:4", "--kernel", "128x256_s4")
        self.assertIn("shared memory", message)


class BadDescriptions(EndToEnd):
    def description(self, change):
        """A complete description with a change, as a file."""
        path = self.folder / "gpu.toml"
        if not path.exists():
            self.succeed("run", *GPU, "--write-config", path)
        return self.write("changed.toml", change(path.read_text()))

    def refuse_description(self, change, *expected):
        path = self.description(change)
        message = self.refuse("run", "--gpu", path, "--gemm", "64x64x64")
        for part in (str(path), *expected):
            self.assertIn(part, message)

    def test_an_unchanged_copy_is_accepted(self):
        self.succeed("run", "--gpu", self.description(lambda text: text), "--gemm", "64x64x64", "--scope", "core")

    def test_text_that_is_not_toml_is_refused_with_its_line(self):
        self.refuse_description(lambda text: text + "\n[[[broken\n", f":{len(self.lines()) + 2}:")

    def lines(self):
        self.description(lambda text: text)
        return (self.folder / "gpu.toml").read_text().splitlines()

    def test_unknown_keys_are_refused(self):
        self.refuse_description(lambda text: text.replace("mux_width", "mux_widht"), "mux_widht")

    def test_missing_keys_are_refused(self):
        self.refuse_description(lambda text: re.sub(r"(?m)^sub_cores.*\n", "", text), "sub_cores")

    def test_values_out_of_range_or_of_another_type_are_refused(self):
        for value in ("0", "-4", "4.5", '"four"', "true", "[4]"):
            with self.subTest(value=value):
                self.refuse_description(
                    lambda text: re.sub(r"(?m)^(sub_cores = \{ value = )[^,]*", rf"\g<1>{value}", text), "sub_cores")

    def test_values_without_provenance_are_refused(self):
        self.refuse_description(lambda text: re.sub(r"(?m)^sub_cores = .*", "sub_cores = 4", text), "sub_cores")

    def test_missing_files_and_directories_are_refused(self):
        self.refuse("run", "--gpu", self.folder / "no.toml", "--gemm", "64x64x64")
        self.refuse("run", "--gpu", f"{self.folder}/", "--gemm", "64x64x64")

    def test_unknown_names_list_the_near_ones(self):
        self.assertIn("a100-sxm4-40gb", self.refuse("run", "--gpu", "a100-sxm4-40g", "--gemm", "64x64x64"))


class Interruption(EndToEnd):
    def interrupt(self, sent):
        """Interrupts a run of minutes in its middle; returns its exit status."""
        out, wave = self.folder / "out.json", self.folder / "wave.vcd"
        with subprocess.Popen([EXECUTABLE, "run", *GPU, "--gemm", "16384x16384x16384", "--out", out, "--vcd", wave],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder) as running:
            time.sleep(1)
            self.assertIsNone(running.poll(), "the run ended before it could be interrupted")
            running.send_signal(sent)
            running.communicate(timeout=20)
            return running.returncode

    def test_leaves_no_file(self):
        for sent in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=sent):
                self.assertNotEqual(self.interrupt(sent), 0)
                self.assertEqual(list(self.folder.iterdir()), [])

    def test_leaves_an_old_result_as_it_was(self):
        old = self.write("out.json", "precious")
        self.interrupt(signal.SIGINT)
        self.assertEqual(old.read_text(), "precious")
        self.assertEqual(list(self.folder.iterdir()), [old])


class Configuration(EndToEnd):
    RUN = ("--gemm", "512x512x512", "--sparsity", "2:4", "--scope", "sm")

    def test_written_description_reads_back_to_the_same_cycles(self):
        written = self.folder / "gpu.toml"
        changes = ("--set", "sm.tensor_core.input_selector.selections_per_cycle=128", "--set", "memory.l2.slices=40")
        original = self.results(*GPU, *self.RUN)[0]
        changed = self.results(*GPU, *self.RUN, *changes, "--write-config", written)[0]
        again = self.results("--gpu", written, *self.RUN)[0]
        self.assertGreater(changed["cycles"], original["cycles"])
        for field in ("cycles", "account", "counters", "kernel"):
            self.assertEqual(again[field], changed[field])

    def test_writing_what_was_read_gives_the_same_text(self):
        first, second = self.folder / "first.toml", self.folder / "second.toml"
        self.succeed("run", *GPU, "--write-config", first)
        self.succeed("run", "--gpu", first, "--write-config", second)
        self.assertEqual(first.read_text(), second.read_text())

    def test_an_override_shows_as_one_in_the_provenance(self):
        written = self.folder / "gpu.toml"
        self.succeed("run", *GPU, "--set", "sm_count=4", "--write-config", written)
        self.assertRegex(written.read_text(), r"(?m)^sm_count = \{ value = 4, provenance = \"overridden\"")


class Reports(EndToEnd):
    def setUp(self):
        super().setUp()
        self.json, self.csv = self.folder / "r.json", self.folder / "r.csv"
        self.table = self.compare()
        self.report = json.loads(self.json.read_text())

    def compare(self):
        return self.succeed("run", *GPU, "--gemm", "200x136x192", "--compare", "--verify", "--scope", "sm",
                            "--out", self.json, "--out", self.csv)

    def test_json_is_one_object_of_provenance_and_results(self):
        self.assertEqual(sorted(self.report), ["provenance", "results"])
        provenance = self.report["provenance"]
        self.assertRegex(provenance["version"], r"\A\d+\.\d+\.\d+\Z")
        self.assertIn("--compare", provenance["command_line"])
        self.assertEqual(provenance["gpu"]["name"], "a100-sxm4-40gb")
        self.assertEqual(provenance["gpu"]["parameters"]["sm_count"]["value"], 108)

    def test_rows_have_the_columns_that_scripts_rely_on(self):
        for row in self.report["results"]:
            for column in DESIGN_COLUMNS.split(","):
                self.assertIn(column, row)
        self.assertTrue(self.csv.read_text().startswith(DESIGN_COLUMNS + ","))

    def test_a_comparison_is_a_dense_and_a_sparse_row_of_the_same_name(self):
        dense, sparse = self.report["results"]
        self.assertEqual((dense["sparsity"], sparse["sparsity"]), ("dense", "2:4"))
        self.assertEqual(dense["name"], sparse["name"])
        self.assertNotIn("speedup", dense)
        self.assertAlmostEqual(sparse["speedup"], dense["cycles"] / sparse["cycles"])

    def test_rows_are_consistent(self):
        for row in self.report["results"]:
            self.assertEqual(sum(row["account"].values()), row["cycles"] * row["tensor_cores"])
            self.assertAlmostEqual(sum(row["time_share"].values()), 1)
            self.assertAlmostEqual(row["time_us"], row["cycles"] / 1.41e9 * 1e6)
            self.assertAlmostEqual(row["tflops"], 2 * 200 * 136 * 192 / row["time_us"] / 1e6)
            peak = row["dense_peak_tflops" if row["sparsity"] == "dense" else "sparse_peak_tflops"]
            self.assertAlmostEqual(row["tensor_utilization"], row["tflops"] / peak)
            self.assertTrue(0 < row["tensor_utilization"] <= 1)
            self.assertEqual((row["verified_elements"], row["mismatches"]), (200 * 136, 0))

    def test_csv_says_the_same_as_json(self):
        with open(self.csv, newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), 2)
        for row, expected in zip(rows, self.report["results"]):
            for column in DESIGN_COLUMNS.split(","):
                same = type(expected[column])(row[column])
                self.assertEqual(same, expected[column], column)
            for cause, cycles in expected["account"].items():
                self.assertEqual(int(row[f"account_{cause}"]), cycles)
            for cause, share in expected["time_share"].items():
                self.assertEqual(float(row[f"time_share_{cause}"]), share)

    def test_the_table_states_both_peaks_the_speedup_and_the_account(self):
        self.assertRegex(self.table, r"Peak f16: 311\.9 TFLOPS dense, 623\.7 TFLOPS 2:4")
        self.assertIn(f"{self.report['results'][1]['speedup']:.2f}", self.table)
        self.assertRegex(self.table, r"busy +operands +metadata +shared_memory +l2_bandwidth +dram_bandwidth +latency +"
                                     r"barrier +issue +tail +launch +power +sum")

    def test_two_runs_write_the_same_bytes(self):
        before = self.csv.read_bytes(), self.json.read_bytes()
        self.compare()
        self.assertEqual((self.csv.read_bytes(), self.json.read_bytes()), before)


class Lists(EndToEnd):
    def test_version(self):
        self.assertRegex(self.succeed("--version"), r"\Astcsim \d+\.\d+\.\d+\n\Z")

    def test_help_of_every_subcommand(self):
        for subcommand in ("run", "mma", "sparsify", "gpus", "kernels", "instructions"):
            self.assertIn(subcommand, self.succeed("--help"))
            self.assertIn(f"stcsim {subcommand}", self.succeed(subcommand, "--help"))

    def test_gpus_lists_every_shipped_description(self):
        listed = self.succeed("gpus")
        for file in (SOURCE / "models" / "gpus").glob("*.toml"):
            self.assertIn(file.stem, listed)

    def test_every_listed_kernel_can_be_asked_for(self):
        names = re.findall(r"(?m)^(\d+x\d+x\d+_s\d)\b", self.succeed("kernels"))
        self.assertGreaterEqual(len(names), 10)
        for name in names:
            self.assertIn(name, self.succeed("run", *GPU, "--gemm", "64x64x64", "--scope", "core", "--kernel", name))

    def test_instructions_differ_by_the_sparse_path(self):
        self.assertIn("mma.sp.m16n8k32.f32.f16.f16.f32", self.succeed("instructions"))
        self.assertNotIn("mma.sp", self.succeed("instructions", "--gpu", "a100-dense-only"))


class Runs(EndToEnd):
    def test_every_shipped_gpu_description_runs(self):
        for file in sorted((SOURCE / "models" / "gpus").glob("*.toml")):
            with self.subTest(gpu=file.stem):
                row = self.results("--gpu", file.stem, "--gemm", "256x256x256", "--verify")[0]
                self.assertEqual((row["gpu"], row["mismatches"]), (file.stem, 0))

    def test_verification_passes_for_both_accumulators_and_every_scope(self):
        for accumulator in ("f16", "f32"):
            for scope in ("core", "sm", "chip"):
                out = self.succeed("run", *GPU, "--gemm", "200x136x192", "--acc", accumulator, "--scope", scope,
                                   "--compare", "--verify")
                self.assertEqual(out.count("27200 of 27200 elements equal"), 2)

    def test_the_main_job_shows_the_twofold_throughput(self):
        _, sparse = self.results(*GPU, "--gemm", "4096x4096x4096", "--compare", "--scope", "core")
        self.assertGreaterEqual(sparse["speedup"], 1.97)

    def test_a_trace_runs_in_its_order_with_its_types(self):
        trace = self.write("trace.csv", "# origin: made up\n" + HEADER + GOOD_LINE +
                           '"a, b",128,64,96,2,bf16,f32,2:4,12\n')
        rows = self.results(*GPU, "--trace", trace, "--scope", "sm")
        self.assertEqual([row["name"] for row in rows], ["layer", "a, b"])
        self.assertEqual([row["sparsity"] for row in rows], ["dense", "2:4"])
        self.assertEqual([row["dtype"] for row in rows], ["f16", "bf16"])
        self.assertEqual([row["count"] for row in rows], [1, 12])

    def test_a_shipped_trace_runs(self):
        rows = self.results(*GPU, "--trace", SOURCE / "traces" / "bert-large-seq128.csv", "--compare", "--scope",
                            "core")
        self.assertGreater(len(rows), 2)
        self.assertTrue(all(row["cycles"] > 0 for row in rows))

    def test_timelines_are_written(self):
        self.succeed("run", *GPU, "--gemm", "128x128x128", "--vcd", "w.vcd", "--perfetto", "t.json")
        self.assertIn("$enddefinitions", (self.folder / "w.vcd").read_text())
        self.assertGreater(len(json.loads((self.folder / "t.json").read_text())["traceEvents"]), 4)


if __name__ == "__main__":
    unittest.main()
