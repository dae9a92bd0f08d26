#!/usr/bin/python3
"""Draws where GEMMs stand below the roofs of their GPU.

    plot_roofline.py RESULTS... -o FILE.(png|svg|pdf)

RESULTS are JSON files of `stcsim run`. Each GPU and scope gets a row of two panels, over the operations per byte that the
HBM moved and per byte that was read through the L2. Points are GEMMs with their dense-equivalent throughput; the roofs
are the dense and the 2:4 peak and the bandwidth of that memory. A point near the slope is bound by the memory, one near
its peak by the tensor cores, and one far below both by something else: latency, the tail, the launch.

The same input gives the same bytes. Exit status: 0 success, 2 bad usage or input; then no file is written.
"""

import sys
from dataclasses import dataclass, field

from figure_file import DENSE, SPARSE, plain, plt
from input_file import InputError
from plot_command import plot_command
from result_file import Bandwidths, read_bandwidths, read_results

#: Points get their names up to this many rows in a panel; beyond it they would hide each other.
MOST_LABELS = 24


@dataclass
class Machine:
    """The results of one GPU at one scope."""

    gpu: str
    scope: str
    bandwidths: Bandwidths
    rows: list = field(default_factory=list)


def machines_of(paths):
    """The results of all files by GPU, scope and bandwidths. Raises InputError."""
    machines = {}
    for path in paths:
        bandwidths = read_bandwidths(path)
        for row in read_results(path):
            if not row.hbm_bytes or not row.l2_bytes:
                raise InputError(f"{path}: found {row.name} without 'l2_read_bytes', 'hbm_read_bytes' and "
                                 "'hbm_written_bytes', expected results that say what the memories moved")  # fmt: skip
            key = (row.gpu, row.scope, bandwidths)
            machines.setdefault(key, Machine(row.gpu, row.scope, bandwidths)).rows.append(row)
    return list(machines.values())


def draw_roofs(axes, rows, intensities, bandwidth, memory):
    """The bandwidth's slope up to the peaks, and these; the limits of the axes."""
    peaks = [("dense peak", max(row.dense_peak for row in rows), DENSE["color"])]
    if any(row.sparse_peak > 0 for row in rows):
        peaks.append(("2:4 peak", max(row.sparse_peak for row in rows), SPARSE["color"]))
    highest = max(peak for _, peak, _ in peaks)
    ridge = highest * 1e12 / bandwidth
    left, right = 0.5 * min([*intensities, ridge]), 2 * max([*intensities, ridge])
    for label, peak, color in peaks:
        start = peak * 1e12 / bandwidth
        axes.plot([start, right], [peak, peak], color=color, linewidth=1.2, linestyle=(0, (5, 2)))
        axes.annotate(f"{label} {peak:.0f}", (right, peak), xytext=(-2, 3), textcoords="offset points", ha="right",
                      color=color, fontsize=8)  # fmt: skip
    axes.plot([left, ridge], [left * bandwidth / 1e12, highest], color="black", linewidth=1.2,
              label=f"{memory}: {bandwidth / 1e9:.0f} GB/s")  # fmt: skip
    axes.set_xlim(left, right)
    lowest = min([row.tflops for row in rows] + [left * bandwidth / 1e12])
    axes.set_ylim(0.5 * lowest, 2 * highest)


def draw_points(axes, rows, intensities):
    for sparse, style, label in ((False, DENSE, "dense"), (True, SPARSE, "2:4 sparse")):
        drawn = [(x, row) for x, row in zip(intensities, rows) if row.sparse == sparse]
        if not drawn:
            continue
        axes.plot([x for x, _ in drawn], [row.tflops for _, row in drawn], linestyle="none", color=style["color"],
                  marker=style["marker"], markersize=5, label=label)  # fmt: skip
        for x, row in drawn if len(rows) <= MOST_LABELS else ():
            axes.annotate(plain(row.name), (x, row.tflops), xytext=(4, -9 if sparse else 3),
                          textcoords="offset points", fontsize=7, color=style["color"])  # fmt: skip


def draw(machines):
    """The whole figure."""
    figure, grid = plt.subplots(len(machines), 2, figsize=(12, 5.2 * len(machines)), layout="constrained",
                                squeeze=False)  # fmt: skip
    for machine, panels in zip(machines, grid):
        memories = (("HBM", machine.bandwidths.hbm, [row.hbm_bytes for row in machine.rows]),
                    ("L2", machine.bandwidths.l2, [row.l2_bytes for row in machine.rows]))  # fmt: skip
        for axes, (memory, bandwidth, moved) in zip(panels, memories):
            intensities = [row.flops / size for row, size in zip(machine.rows, moved)]
            axes.set_xscale("log")
            axes.set_yscale("log")
            draw_roofs(axes, machine.rows, intensities, bandwidth, memory)
            draw_points(axes, machine.rows, intensities)
            axes.set_title(plain(f"{machine.gpu}, scope {machine.scope}: {memory}"))
            axes.set_xlabel(f"operations per byte of {memory}, dense-equivalent")
            axes.grid(color="#DDDDDD", linewidth=0.6)
            axes.set_axisbelow(True)
            axes.legend(loc="lower right", fontsize=8)
        panels[0].set_ylabel("TFLOPS (dense-equivalent)")
    return figure


def main(arguments):
    return plot_command(
        arguments, __doc__, "RESULTS", "JSON results of `stcsim run`", machines_of, draw, several=True
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
