#!/usr/bin/python3
"""run_fuzzer.py FUZZER WRITE_SEEDS FOLDER SECONDS: fuzzes from the files that the script WRITE_SEEDS leaves in
FOLDER/seeds, with the words of FOLDER/words.txt.

What crashes it stays in FOLDER as crash-*; `FUZZER FILE` repeats it."""

import subprocess
import sys
from pathlib import Path

LONGEST_INPUT = 4096


def main():
    fuzzer, write_seeds, folder, seconds = sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4]
    for name in ("seeds", "corpus"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, write_seeds, folder], check=True)
    command = [fuzzer, f"-max_total_time={seconds}", f"-dict={folder / 'words.txt'}", f"-artifact_prefix={folder}/",
               f"-max_len={LONGEST_INPUT}", "-malloc_limit_mb=64", "-timeout=5", "-verbosity=1", "-print_final_stats=1",
               folder / "corpus", folder / "seeds"]
    return subprocess.run(command).returncode


if __name__ == "__main__":
    sys.exit(main())
