"""The result files of `stcsim run`, read and checked.

JSON: {"provenance": {...}, "results": [row, ...]}, each row with an object "account".
CSV:  the same rows, the account as columns account_busy, account_operands, ...; lines starting with '#' are comments.
"""

import csv
import json
import math
from dataclasses import dataclass
from pathlib import Path

#: What a cycle of a tensor core can be spent on, in the order of the model's account.
CAUSES = ("busy", "operands", "metadata", "shared_memory", "global_data", "barrier", "issue", "tail")

_TEXT = ("name", "dtype", "acc", "gpu", "scope")
_POSITIVE = ("m", "n", "k", "batch", "cycles", "tflops", "dense_peak_tflops")


class ResultError(Exception):
    """A result file that cannot be used; the text says which one, where and why."""


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
    """The rows of one result file, JSON or CSV by its extension. Raises ResultError."""
    path = Path(path)
    readers = {".json": _read_json, ".csv": _read_csv}
    if path.suffix not in readers:
        raise ResultError(f"{path}: found extension '{path.suffix}', expected .json or .csv")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ResultError(f"{path}: found bytes that are not UTF-8 at offset {error.start}, expected text") from None
    except OSError as error:
        raise ResultError(f"{path}: {error.strerror}") from None
    rows = [_row(fields, where) for where, fields in readers[path.suffix](path, text)]
    if not rows:
        raise ResultError(f"{path}: found no results, expected at least one row")
    return rows


def _read_json(path, text):
    """Pairs of a place in the file and the fields of a row."""
    try:
        document = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        line = f":{error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise ResultError(f"{path}{line}: found no JSON ({error}), expected the results of `stcsim run`") from None
    results = document.get("results") if isinstance(document, dict) else None
    if not isinstance(results, list):
        raise ResultError(f"{path}: found no list 'results', expected {{\"provenance\": ..., \"results\": [...]}}")
    for index, fields in enumerate(results):
        where = f"{path}: results[{index}]"
        if not isinstance(fields, dict):
            raise ResultError(f"{where}: found {type(fields).__name__}, expected an object")
        yield where, fields


def _read_csv(path, text):
    """Pairs of a place in the file and the fields of a row, the account gathered as in JSON."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line and not line.startswith("#")]
    numbers = [number for number, _ in lines]
    try:
        records = list(csv.reader((line for _, line in lines), strict=True))
    except csv.Error as error:
        raise ResultError(f"{path}: found broken CSV ({error}), expected the results of `stcsim run`") from None
    if not records:
        raise ResultError(f"{path}: found nothing, expected a header")
    header = records[0]
    if len(set(header)) != len(header):
        raise ResultError(f"{path}:{numbers[0]}: found a column twice, expected each once")
    for number, record in zip(numbers[1:], records[1:]):
        where = f"{path}:{number}"
        if len(record) != len(header):
            raise ResultError(f"{where}: found {len(record)} fields, expected {len(header)} as in the header")
        fields = dict(zip(header, record))
        fields["account"] = {
            cause: fields[f"account_{cause}"] for cause in CAUSES if f"account_{cause}" in fields
        }
        yield where, fields


def _row(fields, where):
    text = {key: _field(fields, key, where) for key in _TEXT}
    for key, value in text.items():
        if not isinstance(value, str) or not value:
            raise ResultError(f"{where}: found '{key}' = {value!r}, expected a text")
    number = {key: _number(fields, key, where) for key in _POSITIVE}
    for key, value in number.items():
        if value <= 0:
            raise ResultError(f"{where}: found '{key}' = {value:g}, expected a positive number")
    sparsity = _field(fields, "sparsity", where)
    if sparsity not in ("dense", "2:4"):
        raise ResultError(f"{where}: found 'sparsity' = {sparsity!r}, expected 'dense' or '2:4'")
    return Row(
        name=text["name"], dtype=text["dtype"], acc=text["acc"], gpu=text["gpu"], scope=text["scope"],
        m=int(number["m"]), n=int(number["n"]), k=int(number["k"]), batch=int(number["batch"]),
        sparse=sparsity == "2:4", cycles=number["cycles"], tflops=number["tflops"],
        dense_peak=number["dense_peak_tflops"], sparse_peak=_number(fields, "sparse_peak_tflops", where),
        account=_account(fields, where),
    )  # fmt: skip


def _account(fields, where):
    account = _field(fields, "account", where)
    if not isinstance(account, dict):
        raise ResultError(f"{where}: found 'account' = {account!r}, expected an object with {', '.join(CAUSES)}")
    cycles = [_number(account, cause, f"{where}: account") for cause in CAUSES]
    total = sum(cycles)
    if total <= 0:
        raise ResultError(f"{where}: found an account of {total:g} cycles, expected a positive number")
    return tuple(value / total for value in cycles)


def _field(fields, key, where):
    if key not in fields:
        raise ResultError(f"{where}: found no '{key}', expected a result of `stcsim run`")
    return fields[key]


def _number(fields, key, where):
    value = _field(fields, key, where)
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number) or number < 0:
        raise ResultError(f"{where}: found '{key}' = {value!r}, expected a number that is not negative")
    return number
