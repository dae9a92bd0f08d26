#!/usr/bin/python3
"""run_program.py NVCC STCSIM NAME: makes the PTX of NAME.cu anew, which must be the checked-in one if the compiler is
the same; builds the program, runs it through `stcsim exec` and expects its own check of the result to succeed, or of
the broken kernels the finding that each is there for."""

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


def main():
    nvcc, stcsim, name = sys.argv[1:]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        check_ptx(nvcc, name, folder)
        program = str(folder / name)
        compile_program(nvcc, "-cudart", "shared", "-gencode", "arch=compute_80,code=compute_80", "--no-compress",
                        f"{name}.cu", "-o", program)
        options = ["--timing", "none"]
        if name != "broken":
            expect(execute(stcsim, options, program), 0, " 0 of ")
            return
        for kernel, text in ERRORS.items():
            expect(execute(stcsim, options, program, kernel), 1, text)
        for kernel, text in WARNINGS.items():
            expect(execute(stcsim, options, program, kernel), 0, text)


if __name__ == "__main__":
    main()
