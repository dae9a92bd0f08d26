"""Input files of the scripts, read and checked: a refusal says which file and line, what was found and expected."""

import csv
import json
import math
from pathlib import Path


class InputError(Exception):
    """A file that cannot be used; the text says which one, where and why."""


def read_text(path):
    """The UTF-8 text of a file. Raises InputError."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: found bytes that are not UTF-8 at offset {error.start}, expected text") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}, expected a file that can be read") from None


def read_table(path, expected):
    """Yields the rows of a CSV file with a header, each as its place in the file and a dictionary of its fields.

    Empty lines and lines starting with '#' are skipped. `expected` names in messages what the file should hold.
    """
    lines = [(number, line) for number, line in enumerate(read_text(path).splitlines(), 1)
             if line and not line.startswith("#")]  # fmt: skip
    reader = csv.reader((line for _, line in lines), strict=True)
    header = None
    try:
        for record in reader:
            where = f"{path}:{lines[reader.line_num - 1][0]}"
            if header is None:
                header = record
                if len(set(header)) != len(header):
                    raise InputError(f"{where}: found a column twice, expected each once")
            elif len(record) != len(header):
                raise InputError(f"{where}: found {len(record)} fields, expected {len(header)} as in the header")
            else:
                yield where, dict(zip(header, record))
    except csv.Error as error:
        line = lines[max(0, reader.line_num - 1)][0]
        raise InputError(f"{path}:{line}: found broken CSV ({error}), expected {expected}") from None
    if header is None:
        raise InputError(f"{path}: found nothing, expected a header")


def read_json(path, expected):
    """The object that a JSON file holds; `expected` names in messages what it should be."""
    try:
        document = json.loads(read_text(path))
    except (json.JSONDecodeError, RecursionError) as error:
        line = f":{error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise InputError(f"{path}{line}: found no JSON ({error}), expected {expected}") from None
    if not isinstance(document, dict):
        raise InputError(f"{path}: found {type(document).__name__}, expected an object: {expected}")
    return document


def rows_in(document, key, path):
    """Pairs of a place in the file and the fields of a row, for the list of objects `key` of a JSON document."""
    rows = document.get(key)
    if not isinstance(rows, list):
        raise InputError(f"{path}: found no list '{key}', expected {{..., \"{key}\": [...]}}")
    for index, fields in enumerate(rows):
        where = f"{path}: {key}[{index}]"
        if not isinstance(fields, dict):
            raise InputError(f"{where}: found {type(fields).__name__}, expected an object")
        yield where, fields


def text(fields, key, where, expected):
    """A text that is not empty."""
    value = field(fields, key, where, expected)
    if not isinstance(value, str) or not value:
        raise InputError(f"{where}: found '{key}' = {value!r}, expected a text")
    return value


def field(fields, key, where, expected):
    """The value of a field that has to be there; `expected` names what kind of row this should be."""
    if key not in fields:
        raise InputError(f"{where}: found no '{key}', expected {expected}")
    return fields[key]


def number(fields, key, where, expected):
    """A finite number, not negative."""
    value = field(fields, key, where, expected)
    try:
        result = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        result = math.nan
    if not math.isfinite(result) or result < 0:
        raise InputError(f"{where}: found '{key}' = {value!r}, expected a number that is not negative")
    return result


def positive(fields, key, where, expected):
    """A finite number above zero."""
    result = number(fields, key, where, expected)
    if result <= 0:
        raise InputError(f"{where}: found '{key}' = {result:g}, expected a positive number")
    return result


def count(fields, key, where, expected):
    """A whole number above zero."""
    result = positive(fields, key, where, expected)
    if result != int(result):
        raise InputError(f"{where}: found '{key}' = {result:g}, expected a whole number")
    return int(result)
