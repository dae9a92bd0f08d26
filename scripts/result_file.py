"""The result files of `stcsim run`, read and checked.

JSON: {"provenance": {...}, "results": [row, ...]}, each row with an object "account"; the provenance holds the GPU.
CSV:  the same rows, the account as columns account_busy, account_operands, ...; lines starting with '#' are comments.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from input_file import InputError, count, field, number, positive, read_json, read_table, rows_in, text

#: What a cycle of a tensor core can be spent on, in the order of the model's account.
CAUSES = ("busy", "operands", "metadata", "shared_memory", "global_data", "barrier", "issue", "tail")

_TEXT = ("name", "dtype", "acc", "gpu", "scope")
_EXPECTED = "a result of `stcsim run`"


@dataclass(frozen=True)
class Row:
    """One simulated GEMM."""

    name: str
    m: int
    n: int
    k: int
    batch: int
    dtype: str
    acc: str
    sparse: bool
    gpu: str
    scope: str
    cycles: float
    tflops: float
    dense_peak: float
    #: 0 on a GPU without sparse tensor cores.
    sparse_peak: float
    #: Share of the cycles per cause, in the order of CAUSES; sums to 1.
    account: tuple
    #: Bytes that the SMs read through the L2 and that the HBM moved; None in files that do not say.
    l2_bytes: Optional[float]
    hbm_bytes: Optional[float]

    @property
    def flops(self):
        """Dense-equivalent operations."""
        return 2 * self.m * self.n * self.k * self.batch


def read_results(path):
    """The rows of one result file, JSON or CSV by its extension. Raises InputError."""
    path = Path(path)
    readers = {".json": _read_json, ".csv": _read_csv}
    if path.suffix not in readers:
        raise InputError(f"{path}: found extension '{path.suffix}', expected .json or .csv")
    rows = [_row(fields, where) for where, fields in readers[path.suffix](path)]
    if not rows:
        raise InputError(f"{path}: found no results, expected at least one row")
    return rows


def _read_json(path):
    """Pairs of a place in the file and the fields of a row."""
    yield from rows_in(read_json(path, "the results of `stcsim run`"), "results", path)


def _read_csv(path):
    """Pairs of a place in the file and the fields of a row, the account gathered as in JSON."""
    for where, fields in read_table(path, "the results of `stcsim run`"):
        fields["account"] = {
            cause: fields[f"account_{cause}"] for cause in CAUSES if f"account_{cause}" in fields
        }
        yield where, fields


def _row(fields, where):
    texts = {key: text(fields, key, where, _EXPECTED) for key in _TEXT}
    sparsity = field(fields, "sparsity", where, _EXPECTED)
    if sparsity not in ("dense", "2:4"):
        raise InputError(f"{where}: found 'sparsity' = {sparsity!r}, expected 'dense' or '2:4'")
    return Row(
        **texts,
        **{key: count(fields, key, where, _EXPECTED) for key in ("m", "n", "k", "batch")},
        sparse=sparsity == "2:4",
        cycles=positive(fields, "cycles", where, _EXPECTED),
        tflops=positive(fields, "tflops", where, _EXPECTED),
        dense_peak=positive(fields, "dense_peak_tflops", where, _EXPECTED),
        sparse_peak=number(fields, "sparse_peak_tflops", where, _EXPECTED),
        account=_account(fields, where),
        l2_bytes=_sum_of(fields, ("l2_read_bytes",), where),
        hbm_bytes=_sum_of(fields, ("hbm_read_bytes", "hbm_written_bytes"), where),
    )


def _sum_of(fields, keys, where):
    """The sum of fields that a file may lack, empty or as a whole; None if it lacks one."""
    if any(fields.get(key) in (None, "") for key in keys):
        return None
    return sum(number(fields, key, where, _EXPECTED) for key in keys)


def _account(fields, where):
    account = field(fields, "account", where, _EXPECTED)
    if not isinstance(account, dict):
        raise InputError(f"{where}: found 'account' = {account!r}, expected an object with {', '.join(CAUSES)}")
    cycles = [number(account, cause, f"{where}: account", _EXPECTED) for cause in CAUSES]
    total = sum(cycles)
    if total <= 0:
        raise InputError(f"{where}: found an account of {total:g} cycles, expected a positive number")
    return tuple(value / total for value in cycles)


@dataclass(frozen=True)
class Bandwidths:
    """What a GPU's memories move at most, bytes per second."""

    l2: float
    hbm: float


def read_bandwidths(path):
    """The Bandwidths of the GPU that the results of a JSON file are of. Raises InputError."""
    path = Path(path)
    if path.suffix != ".json":
        raise InputError(f"{path}: found extension '{path.suffix}', expected .json: only there are the GPU's bandwidths")
    place = read_json(path, "the results of `stcsim run`")
    for key in ("provenance", "gpu", "parameters"):
        place = place.get(key)
        if not isinstance(place, dict):
            raise InputError(f"{path}: found no object '{key}' of the provenance, expected the GPU description")
    clock, slices, slice_bytes, hbm = (
        _parameter(place, name, path)
        for name in ("clock_hz", "memory.l2.slices", "memory.l2.slice_bytes_per_cycle", "memory.hbm.bytes_per_second")
    )
    return Bandwidths(clock * slices * slice_bytes, hbm)


def _parameter(parameters, name, path):
    """The value of a parameter of the GPU description."""
    place = parameters
    for key in name.split("."):
        place = place.get(key) if isinstance(place, dict) else None
    if not isinstance(place, dict):
        raise InputError(f"{path}: found no parameter '{name}' in the provenance, expected the GPU description")
    return positive(place, "value", f"{path}: {name}", "a parameter of the GPU description")
