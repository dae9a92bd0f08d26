"""The measurements of `stcsim microbench --csv`, read and checked.

One row per load: instr,warps,ilp,latency_cyc,throughput,peak,unit. Latency: cycles per iteration of the timed loop.
Throughput and peak: of one SM, in the unit of the row (FMA/clk/SM, dense-equivalent, or B/clk/SM).
"""

from dataclasses import dataclass

from input_file import InputError, count, field, positive, read_table

_EXPECTED = "a row of `stcsim microbench --csv`"


@dataclass(frozen=True)
class Measurement:
    """One instruction of the model under one load."""

    latency: float
    throughput: float
    peak: float
    unit: str

    @property
    def share_of_peak(self):
        return self.throughput / self.peak


def read_microbench(path):
    """{instruction: {(warps, ilp): Measurement}}, in the order of the file. Raises InputError."""
    instructions = {}
    for where, fields in read_table(path, "the measurements of `stcsim microbench --csv`"):
        text = {key: field(fields, key, where, _EXPECTED) for key in ("instr", "unit")}
        for key, value in text.items():
            if not value:
                raise InputError(f"{where}: found an empty '{key}', expected {_EXPECTED}")
        load = tuple(count(fields, key, where, _EXPECTED) for key in ("warps", "ilp"))
        latency, throughput, peak = (
            positive(fields, key, where, _EXPECTED) for key in ("latency_cyc", "throughput", "peak")
        )
        loads = instructions.setdefault(text["instr"], {})
        if load in loads:
            raise InputError(f"{where}: found {text['instr']} with {load[0]} warps and ILP {load[1]} a second time, "
                             "expected each load once")  # fmt: skip
        first = next(iter(loads.values()), None)
        if first and (first.peak, first.unit) != (peak, text["unit"]):
            raise InputError(f"{where}: found a peak of {peak:g} {text['unit']}, expected {first.peak:g} {first.unit} "
                             f"as in the rows of {text['instr']} before")  # fmt: skip
        loads[load] = Measurement(latency, throughput, peak, text["unit"])
    if not instructions:
        raise InputError(f"{path}: found no measurements, expected at least one row")
    return instructions
