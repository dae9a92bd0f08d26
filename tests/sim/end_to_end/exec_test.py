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

    def test_one_sm_stands_for_all_and_every_cta_computes(self):
        self.write("k.ptx", kernel_of("mov.u32 %r1, %ctaid.x; mad.lo.u32 %r2, %r1, 32, %r0; mul.wide.u32 %d1, %r2, 4;"
                                      "add.s64 %d2, %d0, %d1; st.global.u32 [%d2], %r2;"))
        launch = ("exec", "--ptx", "k.ptx", "--entry", "k", "--grid", "300", "--block", "32", "--args",
                  "out:d.npy:u32:9600", "--report", "report.json")
        done = self.stcsim(*launch, "--scope", "sm")
        self.assertEqual(done.returncode, 0, done.stderr)
        np.testing.assert_array_equal(np.load(self.folder / "d.npy"), np.arange(9600, dtype=np.uint32))
        self.assertIn(b"scope sm: cycles and time are those of one SM", done.stderr)
        (launched,) = json.loads((self.folder / "report.json").read_text())["launches"]
        self.assertEqual(launched["timed_ctas"], 3)
        self.assertNotIn(b"scope sm", self.stcsim(*launch).stderr)

    def test_a_finding_leaves_the_outputs_unwritten(self):
        done = self.stcsim(*self.launch("out:d.npy:f32:32,in:a.npy,f32:1"))
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"out-of-bounds access", done.stderr)
        self.assertFalse((self.folder / "d.npy").exists())


def kernel_of(body, before="", parameters=".param .u64 to"):
    """PTX of a kernel `k` that has registers, and the address `to` in %d0."""
    load = "ld.param.u64 %d0, [to];" if "u64 to" in parameters else ""
    return (f".version 7.8\n.target sm_80\n.address_size 64\n{before}\n.visible .entry k({parameters})\n{{\n"
            f".reg .pred %p<4>; .reg .b32 %r<8>; .reg .b64 %d<8>; mov.u32 %r0, %tid.x; {load}\n{body}\nret;\n}}\n")


class BadKernels(ExecCommand):
    """What is wrong with a kernel or its launch is said in one line; never a crash, never half an output."""

    def launch(self, text, *options, timing="none", grid="1", block="64", arguments="out:d.npy:u32:64"):
        self.write("k.ptx", text)
        done = self.stcsim("exec", "--timing", timing, "--ptx", "k.ptx", "--entry", "k", "--grid", grid, "--block",
                           block, *(("--args", arguments) if arguments else ()), *options)
        self.assertNotIn(b"Assertion", done.stderr)
        self.assertNotIn(b"terminate", done.stderr)
        return done

    def expect(self, status, expected, text, *options, **keywords):
        done = self.launch(text, *options, **keywords)
        said = done.stderr.decode()
        self.assertEqual(done.returncode, status, said)
        for part in expected if isinstance(expected, tuple) else (expected,):
            self.assertIn(part, said)
        self.assertFalse((self.folder / "d.npy").exists(), "an output of a launch that failed")

    def test_undefined_results_end_it_where_they_are_read_and_are_a_warning_elsewhere(self):
        product = kernel_of(
            "mov.u32 %r1, 0; mul.wide.u32 %d1, %r0, 16; add.s64 %d2, %d0, %d1;\n"
            "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%r2, %r3, %r4, %r5}, {%r7, %r7}, {%r1},"
            " {%r1, %r1, %r1, %r1};\nst.global.v4.u32 [%d2], {%r2, %r3, %r4, %r5};")
        done = self.launch(product, block="32", arguments="out:d.npy:u32:128")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, rb"uninitialised register at PTX line 9 \(mma.*, CTA 0, warp 0, lane 0: %r7 .*"
                         rb"the host reads 512 bytes")
        self.assertFalse((self.folder / "d.npy").exists())
        unread = self.launch(product, block="32", arguments="scratch:512")
        self.assertEqual(unread.returncode, 0)
        self.assertIn(b"warning: uninitialised register", unread.stderr)

    def test_text_that_is_no_ptx_or_ends_too_early_names_the_place(self):
        good = kernel_of("st.global.u32 [%d0], %r0;")
        self.expect(2, ("k.ptx:1", "column 1"), "this is no PTX\n")
        self.expect(2, "k.ptx", "")
        self.expect(2, "k.ptx:1", "\x7fELF\x02\x01\x01" + "\0" * 40)
        for length in range(1, len(good) - 3, 31):
            done = self.launch(good[:length])
            self.assertEqual(done.returncode, 2, good[:length])
            self.assertIn(b"k.ptx", done.stderr)
        self.expect(2, ("k.ptx:8", "%nowhere"), kernel_of("mov.u32 %r1, %nowhere;"))

    def test_a_kernel_for_a_newer_architecture_is_refused(self):
        self.expect(2, ("sm_90", "compute_80"), kernel_of("").replace("sm_80", "sm_90"))
        self.expect(2, ("wgmma.fence.sync.aligned", "line 8"), kernel_of("wgmma.fence.sync.aligned;"))

    def test_calls_that_cannot_be_resolved_are_named(self):
        self.expect(2, ("malloc", "line 9"), kernel_of("{ .param .b64 n; st.param.b64 [n], %d0; .param .b64 r;\n"
                                                       "call.uni (r), malloc, (n); }",
                                                       ".extern .func (.param .b64 r) malloc(.param .b64 n);"))

    def test_missing_or_surplus_arguments_are_refused(self):
        self.expect(2, "--args", kernel_of(""), arguments=None)
        self.expect(2, "1, one for each parameter", kernel_of(""), arguments="out:d.npy:u32:64,u32:1")
        self.expect(2, "4 bytes", kernel_of("", parameters=".param .u32 n"), arguments="u64:1")

    def test_an_endless_loop_ends_at_the_limit_and_says_where(self):
        endless = kernel_of("AGAIN: add.u32 %r1, %r1, 1;\nbra AGAIN;")
        self.expect(1, ("10000", "PTX line"), endless, "--max-cycles", "10000")
        self.expect(1, ("cycles", "warp 0: line"), endless, "--max-cycles", "30000", timing="full")

    def test_a_deadlock_shows_where_each_warp_stands(self):
        # The second warp waits at a barrier that the first never reaches: it waits at another.
        waiting = kernel_of("setp.lt.u32 %p1, %r0, 32;\n@%p1 bar.sync 1, 64;\n@!%p1 bar.sync 2, 64;")
        self.expect(1, ("deadlock", "warp 0: bar.sync at PTX line 9", "warp 1: bar.sync at PTX line 10"), waiting)
        self.expect(1, ("deadlock", "warp 0: line 9 (bar.sync)", "warp 1: line 10 (bar.sync)"), waiting, timing="full")

    def test_more_memory_than_the_device_has_is_refused(self):
        self.expect(2, "memory", kernel_of(""), arguments="out:d.npy:u32:300000x300000")
        self.expect(2, "variable big", kernel_of("st.global.u32 [big], %r0;", ".global .align 4 .b8 big[900000000000];"))

    def test_blocks_and_shared_memory_that_no_sm_has_are_refused(self):
        for timing in ("none", "full"):
            with self.subTest(timing=timing):
                self.expect(2, "1024", kernel_of(""), block="1025", timing=timing)
                self.expect(2, "1024", kernel_of(""), block="32,32,2", timing=timing)
                self.expect(2, "64 threads", kernel_of("").replace("\n{", "\n.maxntid 64\n{", 1), block="65",
                            timing=timing)
                self.expect(2, "166912", kernel_of(""), "--shared", "200000", timing=timing)
                self.expect(2, "166912", kernel_of("st.shared.u32 [tile], %r0;",
                                                   ".shared .align 4 .b8 tile[170000];"), timing=timing)

    def test_recursion_without_end_is_a_stack_overflow(self):
        self.expect(1, ("stack", "PTX line"), kernel_of("call forever;",
                                                        ".func forever() { .local .b8 x[1024]; call forever; ret; }"))


class Verification(ExecCommand):
    """--verify: mma through the SystemC modules."""

    def verify(self, metadata, *options):
        zero = "%r1,%r1,%r1,%r1"
        self.write("k.ptx", kernel_of(
            f"mov.u32 %r1, 0;\nmov.u32 %r2, {metadata};\nmma.sp.sync.aligned.m16n8k32.row.col.f16.f16.f16.f16 "
            f"{{%r3,%r4}}, {{{zero}}}, {{{zero}}}, {{%r1,%r1}}, %r2, 0;\nst.global.u32 [%d0], %r3;"))
        done = self.stcsim("exec", "--verify", "--ptx", "k.ptx", "--entry", "k", "--grid", "1", "--block", "32",
                           "--args", "out:d.npy:u32:64", "--report", "report.json", *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        (launch,) = json.loads((self.folder / "report.json").read_text())["launches"]
        return done.stderr.decode(), launch["verification"]

    def test_every_element_of_d_is_compared(self):
        said, verification = self.verify("0x44444444")
        self.assertEqual(verification, {"mma": 1, "elements": 128, "equal": 128, "not_compared": []})
        self.assertRegex(said, r"D compared +equal")
        self.assertRegex(said, r" 128 +128\n")

    def test_what_cannot_be_compared_is_named(self):
        said, verification = self.verify("0", "--lenient")
        self.assertEqual(verification["elements"], 0)
        (one,) = verification["not_compared"]
        self.assertEqual((one["ptx_line"], one["count"]), (10, 1))
        self.assertIn("warning: not verified: 1 mma with metadata that the hardware does not define [PTX line 10, mma.sp",
                      said)

    def test_an_untimed_launch_is_not_verified(self):
        self.assertIn("--verify with --timing none", self.refuse("exec", *UNTIMED, "--verify", "--", "true"))


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
