"""The result files of `stcsim run`, read and checked.

JSON: {"provenance": {...}, "results": [row, ...]}, each row with an object "account".
CSV:  the same rows, the account as columns account_busy, account_operands, ...; lines starting with '#' are comments.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from input_file import InputError, count, field, number, positive, read_table, read_text

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
    try:
        document = json.loads(read_text(path))
    except (json.JSONDecodeError, RecursionError) as error:
        line = f":{error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise InputError(f"{path}{line}: found no JSON ({error}), expected the results of `stcsim run`") from None
    results = document.get("results") if isinstance(document, dict) else None
    if not isinstance(results, list):
        raise InputError(f"{path}: found no list 'results', expected {{\"provenance\": ..., \"results\": [...]}}")
    for index, fields in enumerate(results):
        where = f"{path}: results[{index}]"
        if not isinstance(fields, dict):
            raise InputError(f"{where}: found {type(fields).__name__}, expected an object")
        yield where, fields


def _read_csv(path):
    """Pairs of a place in the file and the fields of a row, the account gathered as in JSON."""
    for where, fields in read_table(path, "the results of `stcsim run`"):
        fields["account"] = {
            cause: fields[f"account_{cause}"] for cause in CAUSES if f"account_{cause}" in fields
        }
        yield where, fields


def _row(fields, where):
    text = {key: field(fields, key, where, _EXPECTED) for key in _TEXT}
    for key, value in text.items():
        if not isinstance(value, str) or not value:
            raise InputError(f"{where}: found '{key}' = {value!r}, expected a text")
    sparsity = field(fields, "sparsity", where, _EXPECTED)
    if sparsity not in ("dense", "2:4"):
        raise InputError(f"{where}: found 'sparsity' = {sparsity!r}, expected 'dense' or '2:4'")
    return Row(
        **text,
        **{key: count(fields, key, where, _EXPECTED) for key in ("m", "n", "k", "batch")},
        sparse=sparsity == "2:4",
        cycles=positive(fields, "cycles", where, _EXPECTED),
        tflops=positive(fields, "tflops", where, _EXPECTED),
        dense_peak=positive(fields, "dense_peak_tflops", where, _EXPECTED),
        sparse_peak=number(fields, "sparse_peak_tflops", where, _EXPECTED),
        account=_account(fields, where),
    )


def _account(fields, where):
    account = field(fields, "account", where, _EXPECTED)
    if not isinstance(account, dict):
        raise InputError(f"{where}: found 'account' = {account!r}, expected an object with {', '.join(CAUSES)}")
    cycles = [number(account, cause, f"{where}: account", _EXPECTED) for cause in CAUSES]
    total = sum(cycles)
    if total <= 0:
        raise InputError(f"{where}: found an account of {total:g} cycles, expected a positive number")
    return tuple(value / total for value in cycles)
