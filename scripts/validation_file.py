"""The files of `stcsim validate --out`, read and checked: CSV, or JSON with the list "points"."""

from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from input_file import InputError, positive, read_json, read_table, rows_in, text

_TEXT = ("set", "type", "figure", "name", "unit", "gpu")
_EXPECTED = "a point of `stcsim validate`"


@dataclass(frozen=True)
class ValidatedPoint:
    """One measurement and the model's prediction of it."""

    set: str
    type: str
    figure: str
    name: str
    unit: str
    gpu: str
    measured: float
    #: None where the model cannot run it.
    predicted: Optional[float]

    @property
    def error(self):
        """The relative error of a predicted point."""
        return self.predicted / self.measured - 1


def read_validation(path):
    """The points of one file, JSON or CSV by its extension. Raises InputError."""
    path = Path(path)
    expected = "the points of `stcsim validate`"
    if path.suffix == ".json":
        places = rows_in(read_json(path, expected), "points", path)
    elif path.suffix == ".csv":
        places = read_table(path, expected)
    else:
        raise InputError(f"{path}: found extension '{path.suffix}', expected .json or .csv")
    points = [_point(fields, where) for where, fields in places]
    if not points:
        raise InputError(f"{path}: found no points, expected at least one")
    return points


def _point(fields, where):
    missing = fields.get("predicted") in (None, "")
    return ValidatedPoint(
        **{key: text(fields, key, where, _EXPECTED) for key in _TEXT},
        measured=positive(fields, "measured", where, _EXPECTED),
        predicted=None if missing else positive(fields, "predicted", where, _EXPECTED),
    )
