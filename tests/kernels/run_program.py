#!/usr/bin/python3
"""run_program.py NVCC STCSIM NAME: makes the PTX of NAME.cu anew, which must be the checked-in one if the compiler is
the same; builds the program, runs it through `stcsim exec` and expects its own check of the result to succeed, or of
the broken kernels the finding that each is there for. NAME may also be "separate", the program of several files."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ERRORS = {
    "out_of_bounds": "out-of-bounds access",
    "misaligned": "misaligned access",
    "pending_copy_read": "read of unawaited cp.async data",
    "shared_race": "shared-memory race",
    "uninitialized_shared": "uninitialised shared memory",
    "uninitialized_register": "uninitialised register",
    "illegal_metadata": "illegal metadata",
    "unordered_metadata": "unordered metadata",
    "wrong_selector": "wrong sparsity selector",
    "barrier_divergence": "barrier divergence",
}
WITH_MMA = ("gemm_f16", "split_k", "sparse_gemm")
WARNINGS = {"unreached_wait_group": "unreached wait_group", "bank_conflict": "bank conflict"}


def compile_program(nvcc, *arguments):
    subprocess.run([nvcc, "-std=c++17", *arguments], cwd=FOLDER, check=True)


def build_identity(ptx):
    return [line for line in ptx.splitlines() if "Compiler Build ID" in line]


def check_ptx(nvcc, name, folder):
    compile_program(nvcc, "-ptx", "-arch=compute_80", f"{name}.cu", "-o", str(folder / "new.ptx"))
    new = (folder / "new.ptx").read_text()
    old = (FOLDER / f"{name}.ptx").read_text()
    if build_identity(new) == build_identity(old):
        assert new == old, f"{name}.ptx is not what the compiler makes of {name}.cu: see README.md"


def execute(stcsim, options, program, *arguments):
    return subprocess.run([stcsim, "exec", *options, "--", program, *arguments], text=True, capture_output=True)


def expect(result, status, text):
    said = result.stdout + result.stderr
    assert result.returncode == status, f"status {result.returncode}, not {status}:\n{said}"
    assert text in said, f"nothing about {text}:\n{said}"


def expect_verified(stcsim, program, folder):
    """Every mma of the program goes through the SystemC modules, and every element of D is equal."""
    report = folder / "report.json"
    expect(execute(stcsim, ["--verify", "--report", str(report)], program), 0, " 0 of ")
    for launch in json.loads(report.read_text())["launches"]:
        verification = launch["verification"]
        assert verification["mma"] > 0, launch["kernel"]
        assert verification["equal"] == verification["elements"], verification
        assert verification["not_compared"] == [], verification


def run_separate(nvcc, stcsim, folder):
    """A program of several files that call each other's device functions."""
    program = str(folder / "separate")
    sources = [str(file) for file in sorted((FOLDER / "separate").glob("*.cu"))]
    compile_program(nvcc, "-rdc=true", "-cudart", "shared", "-gencode", "arch=compute_80,code=compute_80",
                    "--no-compress", *sources, "-o", program)
    for timing in ("none", "full"):
        expect(execute(stcsim, ["--timing", timing], program), 0, " 0 of ")


def main():
    nvcc, stcsim, name = sys.argv[1:]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if name == "separate":
            run_separate(nvcc, stcsim, folder)
            return
        check_ptx(nvcc, name, folder)
        program = str(folder / name)
        compile_program(nvcc, "-cudart", "shared", "-gencode", "arch=compute_80,code=compute_80", "--no-compress",
                        f"{name}.cu", "-o", program)
        options = ["--timing", "none"]
        if name != "broken":
            expect(execute(stcsim, options, program), 0, " 0 of ")
            if name in WITH_MMA:
                expect_verified(stcsim, program, folder)
            return
        for kernel, text in ERRORS.items():
            expect(execute(stcsim, options, program, kernel), 1, text)
        for kernel, text in WARNINGS.items():
            expect(execute(stcsim, options, program, kernel), 0, text)


if __name__ == "__main__":
    main()
