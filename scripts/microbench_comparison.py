"""The model's microbenchmarks against published ones: models/reference/*.csv, told apart by their columns.

A reference row gives up to three figures; each becomes a Point with the load that it was measured under. Loads that a
row leaves empty are those of the source's tables for its kind of instruction (models/reference/README.md).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from input_file import InputError, count, field, positive, read_table

REFERENCES = tuple(Path(__file__).resolve().parents[1] / "models" / "reference" / name
                   for name in ("mma_a100.csv", "shared_memory_a100.csv"))  # fmt: skip

MMA, SHARED_MEMORY = "tensor core", "shared memory"
LATENCY, FOUR_WARPS, EIGHT_WARPS, LOADED = "completion latency", "4 warps", "8 warps", "throughput"

_EXPECTED = "a row of a microbenchmark reference"
_BITS = {"b1": 1, "s4": 4, "u4": 4, "s8": 8, "u8": 8, "f16": 16, "bf16": 16, "tf32": 32}
_LARGE_K_BITS = 256  # of a row of A as stored: it fills the registers of two passes


@dataclass(frozen=True)
class Point:
    """One published figure and the model's."""

    #: Place of the reference row: its figures share it.
    where: str
    family: str
    gpu: str
    instruction: str
    sparse: bool
    figure: str
    warps: int
    ilp: int
    #: The source does not state the ILP.
    ilp_assumed: bool
    unit: str
    measured: float
    #: None where the load was not simulated.
    model: Optional[float]

    @property
    def error(self):
        """The model's deviation from the measurement in percent, or None."""
        return None if self.model is None else 100 * (self.model / self.measured - 1)


def compare(references, instructions):
    """The points of the reference files, in their order, against {instruction: {(warps, ilp): Measurement}}.

    Instructions that were not simulated at all give no point. Raises InputError.
    """
    points = []
    for path in references:
        rows = 0
        for where, fields in read_table(path, "a microbenchmark reference"):
            points += _points(where, fields, instructions)
            rows += 1
        if rows == 0:
            raise InputError(f"{path}: found no rows, expected at least one")
    if not any(point.model for point in points):
        names = ", ".join(str(path) for path in references)
        raise InputError(f"{names}: found no figure whose instruction and load was simulated, expected at least one")
    return points


def _points(where, fields, instructions):
    if "shape" in fields:
        name, sparse, peak, figures = _mma_figures(where, fields)
        family, unit = MMA, "FMA/clk/SM"
    elif "conflict_way" in fields:
        name, figures = _shared_memory_figures(where, fields)
        family, unit, sparse, peak = SHARED_MEMORY, "B/clk/SM", False, None
    else:
        raise InputError(f"{where}: found neither 'shape' nor 'conflict_way', expected the columns of one of "
                         f"{', '.join(path.name for path in REFERENCES)}")  # fmt: skip
    gpu = field(fields, "gpu", where, _EXPECTED)
    loads = instructions.get(name)
    if loads is None:
        return []
    simulated = next(iter(loads.values()))
    if simulated.unit != unit:
        raise InputError(f"{where}: found {name} simulated in {simulated.unit}, expected {unit}")
    if peak not in (None, simulated.peak):
        raise InputError(f"{where}: found {name} simulated with a peak of {simulated.peak:g} {unit}, expected {peak:g} "
                         f"as on the {gpu}: is this the model of another GPU?")  # fmt: skip
    points = []
    for figure, warps, ilp, assumed, measured in figures:
        run = loads.get((warps, ilp))
        model = run and (run.latency if figure == LATENCY else run.throughput)
        own_unit = "cycles" if figure == LATENCY else unit
        points.append(Point(where, family, gpu, name, sparse, figure, warps, ilp, assumed, own_unit, measured, model))
    return points


def _mma_figures(where, fields):
    """Name, sparsity, peak and figures (figure, warps, ILP, whether the ILP is assumed, measured) of an mma row."""
    kind = field(fields, "kind", where, _EXPECTED)
    if kind not in ("dense", "sparse"):
        raise InputError(f"{where}: found 'kind' = '{kind}', expected 'dense' or 'sparse'")
    sparse = kind == "sparse"
    shape, inputs, sums = (field(fields, key, where, _EXPECTED) for key in ("shape", "ab_type", "cd_type"))
    name = f"mma{'.sp' if sparse else ''}.{shape}.{sums}.{inputs}.{inputs}.{sums}"
    k = shape.rpartition("k")[2]
    if inputs not in _BITS or not (k.isascii() and k.isdigit()):
        raise InputError(f"{where}: found {name}, expected a shape such as m16n8k16 of {', '.join(_BITS)}")
    large = int(k) * _BITS[inputs] // (2 if sparse else 1) >= _LARGE_K_BITS
    usual = {FOUR_WARPS: 3 if large else 4, EIGHT_WARPS: 2 if large or sparse else 3}
    figures = [(LATENCY, 1, 1, False, positive(fields, "completion_latency_cyc", where, _EXPECTED))]
    for figure, warps in ((FOUR_WARPS, 4), (EIGHT_WARPS, 8)):
        if not field(fields, f"w{warps}_fma_per_clk_sm", where, _EXPECTED):
            continue
        stated = field(fields, f"w{warps}_ilp", where, _EXPECTED)
        ilp = count(fields, f"w{warps}_ilp", where, _EXPECTED) if stated else usual[figure]
        assumed = not stated and sparse and not large and warps == 4
        figures.append((figure, warps, ilp, assumed, positive(fields, f"w{warps}_fma_per_clk_sm", where, _EXPECTED)))
    return name, sparse, positive(fields, "peak_fma_per_clk_sm", where, _EXPECTED), figures


def _shared_memory_figures(where, fields):
    """Name and figures of a shared memory row."""
    name = field(fields, "instr", where, _EXPECTED)
    ways = count(fields, "conflict_way", where, _EXPECTED)
    name += f".{ways}way" if ways > 1 else ""
    figures = [(LATENCY, 1, 1, False, positive(fields, "completion_latency_cyc", where, _EXPECTED))]
    if field(fields, "bytes_per_clk_sm", where, _EXPECTED):
        warps, ilp = (count(fields, key, where, _EXPECTED) for key in ("warps", "ilp"))
        figures.append((LOADED, warps, ilp, False, positive(fields, "bytes_per_clk_sm", where, _EXPECTED)))
    return name, figures


def error_text(point):
    """The error with its sign, without a minus before zero."""
    return f"{round(point.error, 1) + 0.0:+.1f}"


def notes(points):
    """What a reader has to know about these points, one line each."""
    lines = []
    assumed = sorted({point.ilp for point in points if point.ilp_assumed})
    if assumed:
        lines.append(f"* the source does not state the ILP of small-k mma.sp with 4 warps; "
                     f"{' and '.join(map(str, assumed))} is assumed")  # fmt: skip
    missing = sum(point.model is None for point in points)
    if missing:
        lines.append(f"{missing} figures without a model value: their load was not simulated")
    return lines


def table(points):
    """The comparison as text: one line per figure, then the mean and the largest error, then the notes."""
    rows = [("instruction", "figure", "warps", "ILP", "unit", "measured", "model", "error %")]
    for point in points:
        digits = 1 if point.unit != "cycles" else 2
        rows.append((
            point.instruction,
            LATENCY if point.figure == LATENCY else LOADED,
            str(point.warps),
            f"{point.ilp}{'*' if point.ilp_assumed else ''}",
            point.unit,
            f"{point.measured:.1f}",
            "-" if point.model is None else f"{point.model:.{digits}f}",
            "-" if point.model is None else error_text(point),
        ))  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*rows)]
    rows.insert(1, tuple("-" * width for width in widths))
    left = (0, 1, 4)
    lines = ["  ".join(cell.ljust(width) if index in left else cell.rjust(width)
                       for index, (cell, width) in enumerate(zip(row, widths))).rstrip()
             for row in rows]  # fmt: skip
    known = [point for point in points if point.model is not None]
    worst = max(known, key=lambda point: abs(point.error))
    mean = sum(abs(point.error) for point in known) / len(known)
    lines += ["", f"mean of the absolute errors: {mean:.1f} % over {len(known)} figures; largest: "
              f"{error_text(worst)} % ({worst.instruction}, {worst.warps} warps, ILP {worst.ilp})"]  # fmt: skip
    return "\n".join(lines + notes(points)) + "\n"
