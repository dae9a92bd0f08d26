#!/usr/bin/python3
"""stcsim exec as its users run it: CUDA programs and PTX kernels, with and without the CUDA compiler. Needs numpy."""

import json
import os
import shutil
import signal
import subprocess
import time
import unittest
from pathlib import Path

import numpy as np

from end_to_end_test import EXECUTABLE, SOURCE, EndToEnd

PROGRAMS = {version: os.environ.get(f"STCSIM_HAND_REGISTERED_{version}") for version in ("12", "13")}
NVCC = shutil.which("nvcc", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/cuda/bin"]))
UNTIMED = ("--timing", "none")


class ExecCommand(EndToEnd):
    def run_program(self, what, *options, version="13", arguments=()):
        return self.stcsim("exec", *UNTIMED, *options, "--", PROGRAMS[version], what, *arguments)

    def report_of(self, what, *options, **keywords):
        """The end of the run and its JSON report."""
        file = self.folder / "report.json"
        done = self.run_program(what, "--report", file, *options, **keywords)
        return done, json.loads(file.read_text())


class Programs(ExecCommand):
    def test_a_program_runs_unchanged_on_both_versions_of_the_runtime(self):
        for version in PROGRAMS:
            with self.subTest(version=version):
                done = self.run_program("queries", version=version)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(done.stdout.decode(), f"begin\nruntime {version}\nend\n")

    def test_kernel_calls_compiled_by_older_toolkits_run(self):
        self.assertEqual(self.run_program("old-call", version="12").returncode, 0)

    def test_code_that_is_compiled_separately_is_linked(self):
        self.assertEqual(self.run_program("separate").returncode, 0)

    def test_the_ctas_of_a_cooperative_launch_meet(self):
        for timing in ("none", "full"):
            with self.subTest(timing=timing):
                done = self.stcsim("exec", "--timing", timing, "--", PROGRAMS["13"], "cooperative")
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_every_launch_is_reported(self):
        done, report = self.report_of("scale")
        self.assertEqual(done.returncode, 0, done.stderr)
        (launch,) = report["launches"]
        self.assertEqual(launch["symbol"], "scale")
        self.assertEqual(launch["grid"], [8, 1, 1])
        self.assertEqual(launch["block"], [128, 1, 1])
        self.assertGreaterEqual(launch["registers"], 8)
        self.assertEqual(launch["occupancy"], 1.0)
        self.assertEqual(launch["instruction_mix"]["st.global.f32"], 32)
        self.assertEqual(launch["warp_instructions"], sum(launch["instruction_mix"].values()))
        self.assertEqual(report["end"], {"status": 0})
        self.assertEqual(report["provenance"]["gpu"]["name"], "a100-sxm4-40gb")
        self.assertIn(b"scale", done.stderr)

    def test_the_programs_own_status_stays(self):
        done, report = self.report_of("status", arguments=("7",))
        self.assertEqual(done.returncode, 7)
        self.assertEqual(report["end"]["status"], 7)

    def test_a_crash_is_told_and_reported(self):
        done, report = self.report_of("crash")
        self.assertEqual(done.returncode, 128 + signal.SIGABRT)
        self.assertIn(b"signal 6", done.stderr)
        self.assertEqual(report["end"]["signal"], 6)
        self.assertEqual(len(report["launches"]), 1)

    def test_signals_are_passed_on_to_the_program(self):
        program = self.write("sleeper", "#!/bin/sh\ntrap 'exit 9' TERM\ntouch ready\nwhile :; do sleep 0.05; done\n")
        program.chmod(0o755)
        child = subprocess.Popen([EXECUTABLE, "exec", *UNTIMED, "--", program], cwd=self.folder, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 30
        while not (self.folder / "ready").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=30)
        self.assertEqual(child.returncode, 9)


class BadPrograms(ExecCommand):
    def refuse_program(self, what, *expected, options=()):
        done, report = self.report_of(what, *options)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stdout.decode(), "begin\n", "what the program had printed, and no more")
        self.assertEqual(report["end"]["status"], 2)
        for part in expected:
            self.assertIn(part, done.stderr.decode())
            self.assertIn(part, report["end"]["message"])

    def test_a_call_that_is_not_supported_is_named(self):
        self.refuse_program("unsupported-call", "cudaGraphCreate")

    def test_compressed_ptx_names_the_flag_that_helps(self):
        self.refuse_program("compressed", "--no-compress")

    def test_code_for_newer_architectures_only_is_refused(self):
        self.refuse_program("new-architecture", "90", "80")

    def test_garbage_instead_of_ptx_is_refused(self):
        self.refuse_program("no-ptx", "hand_registered")

    def test_an_unknown_opcode_is_named_with_its_line(self):
        self.refuse_program("unknown-opcode", "frobnicate", ":57")

    def test_an_endless_kernel_ends(self):
        done, report = self.report_of("forever", "--max-cycles", 100000)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("forever", report["end"]["message"])

    def test_a_finding_ends_the_program_or_is_a_warning(self):
        done, report = self.report_of("out-of-bounds")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(done.stdout.decode(), "begin\n")
        (finding,) = report["launches"][0]["findings"]
        self.assertEqual((finding["kind"], finding["severity"]), ("out-of-bounds access", "error"))
        self.assertEqual(finding["instruction"], "ld.global.f32")
        done, report = self.report_of("out-of-bounds", "--lenient")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(report["launches"][0]["findings"][0]["count"], 200)

    def test_a_program_that_makes_no_cuda_call_is_told_so(self):
        done = self.run_program("no-cuda")
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"never used the simulated CUDA runtime", done.stderr)

    def test_what_is_not_a_program_is_refused(self):
        self.refuse("exec", *UNTIMED, "--", "./nowhere")
        self.refuse("exec", *UNTIMED, "--", self.write("data", "x"))
        self.refuse("exec", *UNTIMED)
        self.refuse("exec", *UNTIMED, "--")
        self.refuse("exec", *UNTIMED, "--frob", "--", "true")

    def test_a_program_without_stcsim_exec_says_how_to_run_it(self):
        folder = Path(os.environ["STCSIM_CUDART"])
        done = subprocess.run([PROGRAMS["13"]], env={"LD_LIBRARY_PATH": str(folder)}, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"stcsim exec -- PROGRAM", done.stderr)


SCALE = """.version 7.0
.target sm_80
.address_size 64
.visible .entry scale(.param .u64 to, .param .u64 from, .param .f32 factor)
{
    .reg .b32 %r<2>;
    .reg .f32 %f<4>;
    .reg .b64 %a<6>;
    ld.param.u64 %a0, [to];
    ld.param.u64 %a1, [from];
    ld.param.f32 %f0, [factor];
    mov.u32 %r0, %tid.x;
    mul.wide.u32 %a2, %r0, 4;
    add.s64 %a3, %a1, %a2;
    add.s64 %a4, %a0, %a2;
    ld.global.f32 %f1, [%a3];
    mul.rn.f32 %f2, %f1, %f0;
    st.global.f32 [%a4], %f2;
    ret;
}
"""


class Kernels(ExecCommand):
    def setUp(self):
        super().setUp()
        self.write("scale.ptx", SCALE)
        np.save(self.folder / "a.npy", np.arange(64, dtype=np.float32))

    def launch(self, arguments, *options, entry="scale", block="64", timing=UNTIMED):
        return ("exec", *timing, "--ptx", "scale.ptx", "--entry", entry, "--grid", "1", "--block", block, "--args",
                arguments, *options)

    def test_a_kernel_reads_and_writes_npy_files(self):
        done = self.stcsim(*self.launch("out:d.npy:f32:8x8,in:a.npy,f32:1.5", "--report", "report.json"))
        self.assertEqual(done.returncode, 0, done.stderr)
        np.testing.assert_array_equal(np.load(self.folder / "d.npy"),
                                      np.arange(64, dtype=np.float32).reshape(8, 8) * 1.5)
        (launch,) = json.loads((self.folder / "report.json").read_text())["launches"]
        self.assertEqual(launch["module"], "scale.ptx")

    def test_an_array_can_be_read_and_written(self):
        self.assertEqual(self.stcsim(*self.launch("inout:a.npy,in:a.npy,f32:2")).returncode, 0)
        np.testing.assert_array_equal(np.load(self.folder / "a.npy"), np.arange(64, dtype=np.float32) * 2)

    def test_arguments_that_do_not_fit_the_parameters_are_refused(self):
        for arguments, expected in (("in:a.npy,in:a.npy", "3, one for each parameter"),
                                    ("out:d.npy:f32:64,in:a.npy,f64:1", "4 bytes"),
                                    ("out:d.npy:f32:64,in:a.npy,i32:", "an integer"),
                                    ("out:d.npy:f32:64,in:a.npy,u8:256", "from 0 to 255"),
                                    ("out:d.npy:f32:64,in:a.npy,i8:-129", "from -128 to 127"),
                                    ("out:d.npy:f31:64,in:a.npy,f32:1", "f31"),
                                    ("out:d.npy:f32:0x4,in:a.npy,f32:1", "shape"),
                                    ("out:d.npy,in:a.npy,f32:1", "out:FILE.npy:TYPE:SHAPE"),
                                    ("in:none.npy,in:a.npy,f32:1", "none.npy"),
                                    ("what:1,in:a.npy,f32:1", "what"),
                                    ("in:a.npy,in:a.npy,f32:1,", "last comma")):
            with self.subTest(arguments=arguments):
                self.assertIn(expected, self.refuse(*self.launch(arguments)))

    def test_other_bad_launches_are_refused(self):
        good = "out:d.npy:f32:64,in:a.npy,f32:1"
        self.assertIn("scale", self.refuse(*self.launch(good, entry="scales")))
        self.assertIn("1024", self.refuse(*self.launch(good, block="1025")))
        self.refuse(*self.launch(good, block="32,0"))
        self.refuse(*self.launch(good, block="1,1,1,1"))
        self.refuse(*self.launch(good, "--shared", "-1"))
        self.refuse(*self.launch(good, "--verify"))
        self.refuse(*self.launch(good, "--lenient", "--no-findings"))
        self.refuse(*self.launch(good, "--order", "text"))  # of an untimed launch
        self.refuse("exec", *UNTIMED, "--ptx", "none.ptx", "--entry", "x", "--grid", "1", "--block", "1")
        self.refuse("exec", *UNTIMED, "--ptx", "scale.ptx", "--entry", "scale", "--block", "1")
        self.refuse("exec", *UNTIMED, "--entry", "x", "--", "true")
        self.write("scale.ptx", SCALE[:300])
        self.assertIn("scale.ptx:", self.refuse(*self.launch(good)))

    def test_timed_launches_compute_the_same_in_either_order_of_instructions(self):
        for order in ("text", "scheduled"):
            done = self.stcsim(*self.launch("out:d.npy:f32:64,in:a.npy,f32:1.5", "--timing", "full", "--order", order,
                                            "--report", "report.json", timing=()))
            self.assertEqual(done.returncode, 0, done.stderr)
            np.testing.assert_array_equal(np.load(self.folder / "d.npy"), np.arange(64, dtype=np.float32) * 1.5)
            report = json.loads((self.folder / "report.json").read_text())
            self.assertEqual(report["settings"]["order"], order)
            self.assertGreater(report["launches"][0]["cycles"], 0)
        self.assertIn("scheduled", self.refuse("exec", "--order", "shuffled", "--", "true"))

    def test_a_finding_leaves_the_outputs_unwritten(self):
        done = self.stcsim(*self.launch("out:d.npy:f32:32,in:a.npy,f32:1"))
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"out-of-bounds access", done.stderr)
        self.assertFalse((self.folder / "d.npy").exists())


@unittest.skipIf(NVCC is None, "no nvcc")
class Compiled(ExecCommand):
    FLAGS = ("-cudart", "shared", "-gencode", "arch=compute_80,code=compute_80")

    def build(self, *flags):
        program = self.folder / "program"
        built = subprocess.run([NVCC, *flags, SOURCE / "tests/sim/cuda/programs/vector_add.cu", "-o", program],
                               capture_output=True, timeout=280)
        self.assertEqual(built.returncode, 0, built.stderr)
        return program

    def test_a_compiled_program_runs(self):
        done = self.stcsim("exec", *UNTIMED, "--", self.build(*self.FLAGS, "--no-compress", "-lineinfo"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.decode(),
                         "stcsim a100-sxm4-40gb, 108 SMs, compute capability 8.0\n1 launch\n")

    def test_programs_that_cannot_be_simulated_name_the_flag_that_helps(self):
        for flags, expected in ((self.FLAGS, "--no-compress"),
                                (("-cudart", "shared", "-gencode", "arch=compute_80,code=sm_80"), "compute_80"),
                                (("--no-compress", "-gencode", "arch=compute_80,code=compute_80"), "-cudart shared")):
            with self.subTest(flags=flags):
                done = self.stcsim("exec", *UNTIMED, "--", self.build(*flags))
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(expected, done.stderr.decode())


if __name__ == "__main__":
    unittest.main()
