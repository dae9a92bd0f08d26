#!/usr/bin/python3
"""Draws what `stcsim run --compare` found: throughput, speedup and where the cycles went.

    plot_throughput.py RESULTS... -o FILE.(png|svg|pdf)

RESULTS are JSON or CSV files of `stcsim run`. GEMMs that differ in k only are drawn over k; all others layer by layer
in the order of the files. Each GPU and scope gets a column of its own. Three panels:

  throughput   dense-equivalent TFLOPS of the dense and the 2:4 run, and the peak of each
  speedup      dense time over 2:4 time, between the 1x and 2x lines
  cycles       what the tensor cores' cycles went to, dense (left bar) beside 2:4 (right bar), in percent of the dense
               run: a 2:4 bar of half the height is the full 2x

The same input gives the same bytes. Exit status: 0 success, 2 bad usage or input; then no file is written.
"""

import sys
from dataclasses import dataclass
from typing import Optional

from figure_file import DENSE, SPARSE, plain, plt
from plot_command import plot_command
from result_file import CAUSES, Row, read_results

import numpy as np
from matplotlib.patches import Patch

CAUSE_STYLES = {
    "busy": ("#009E73", ""),
    "operands": ("#E69F00", "///"),
    "metadata": ("#CC79A7", "xxx"),
    "shared_memory": ("#56B4E9", "\\\\\\"),
    "global_data": ("#0072B2", "..."),
    "barrier": ("#F0E442", "+++"),
    "issue": ("#D55E00", "---"),
    "tail": ("#D9D9D9", ""),
}


@dataclass
class Pair:
    """One GEMM, dense and 2:4; either may be missing."""

    dense: Optional[Row] = None
    sparse: Optional[Row] = None

    @property
    def any(self):
        return self.dense or self.sparse

    @property
    def speedup(self):
        return self.dense.cycles / self.sparse.cycles if self.dense and self.sparse else None


@dataclass
class Column:
    """The results of one GPU at one scope: one column of panels."""

    gpu: str
    scope: str
    pairs: list

    @property
    def is_sweep(self):
        """Whether the GEMMs differ in k only."""
        sizes = {(p.any.m, p.any.n, p.any.batch, p.any.dtype, p.any.acc) for p in self.pairs}
        return len(sizes) == 1 and len({p.any.k for p in self.pairs}) == len(self.pairs) > 1

    @property
    def positions(self):
        return np.arange(len(self.pairs))

    @property
    def labels(self):
        return [str(p.any.k) if self.is_sweep else plain(p.any.name) for p in self.pairs]

    @property
    def title(self):
        first = self.pairs[0].any
        types = sorted({(p.any.dtype, p.any.acc) for p in self.pairs})
        sizes = f", M = {first.m}, N = {first.n}" if self.is_sweep else ""
        sizes = f", M = N = {first.m}" if sizes and first.m == first.n else sizes
        kinds = plain(", ".join(f"{dtype} with {acc} sums" for dtype, acc in types))
        return f"{plain(self.gpu)}, scope {plain(self.scope)}\n{kinds}{sizes}"


def columns_of(rows):
    """Groups rows by GPU and scope and pairs dense with 2:4: the i-th of a size and name with the i-th."""
    columns = {}
    for row in rows:
        pairs = columns.setdefault((row.gpu, row.scope), {})
        key = (row.name, row.m, row.n, row.k, row.batch, row.dtype, row.acc)
        slot = "sparse" if row.sparse else "dense"
        same = pairs.setdefault(key, [])
        free = next((pair for pair in same if getattr(pair, slot) is None), None)
        if free is None:
            free = Pair()
            same.append(free)
        setattr(free, slot, row)
    result = []
    for (gpu, scope), pairs in columns.items():
        column = Column(gpu, scope, [pair for same in pairs.values() for pair in same])
        if column.is_sweep:
            column.pairs.sort(key=lambda pair: pair.any.k)
        result.append(column)
    return result


def mark_level(axes, level, label, color="black"):
    """A dashed line across the panel, named at its right end."""
    axes.axhline(level, color=color, linestyle=(0, (5, 2)), linewidth=1.2)
    axes.annotate(label, (1, level), xycoords=("axes fraction", "data"), xytext=(4, 0), textcoords="offset points",
                  ha="left", va="center", color=color, fontsize=9)  # fmt: skip


def bars_of(pair):
    """The rows of a pair with the place of their bar: side by side, or in the middle if there is one only."""
    if pair.dense and pair.sparse:
        return (pair.dense, -0.2), (pair.sparse, 0.2)
    return ((pair.any, 0.0),)


def draw_throughput(axes, column):
    for sparse, style, label in ((False, DENSE, "dense"), (True, SPARSE, "2:4 sparse")):
        marks = [(x + (0 if column.is_sweep else side), row.tflops)
                 for x, pair in zip(column.positions, column.pairs)
                 for row, side in bars_of(pair) if row.sparse == sparse]  # fmt: skip
        if not marks:
            continue
        x, tflops = zip(*marks)
        if column.is_sweep:
            axes.plot(x, tflops, color=style["color"], marker=style["marker"], label=label, linewidth=1.8)
        else:
            axes.bar(x, tflops, 0.38, color=style["color"], hatch=style["hatch"], edgecolor="white", linewidth=0.5,
                     label=label)  # fmt: skip
    peaks = {("dense", pair.any.dense_peak, DENSE["color"]) for pair in column.pairs}
    peaks |= {("2:4", pair.any.sparse_peak, SPARSE["color"]) for pair in column.pairs if pair.any.sparse_peak > 0}
    for label, peak, color in sorted(peaks):
        mark_level(axes, peak, f"{label}\npeak\n{peak:.0f}", color)
    rows = [row for pair in column.pairs for row, _ in bars_of(pair)]
    axes.set_ylim(0, 1.15 * max([peak for _, peak, _ in peaks] + [row.tflops for row in rows]))


def draw_speedup(axes, column):
    speedups = np.array([np.nan if pair.speedup is None else pair.speedup for pair in column.pairs])
    mark_level(axes, 1, "1x")
    mark_level(axes, 2, "2x")
    known = speedups[~np.isnan(speedups)]
    bottom, top = min([0.8, *(known - 0.2)]), max([2.3, *(known + 0.3)])
    axes.set_ylim(max(0, bottom), top)
    if not known.size:
        axes.text(0.5, 0.5, "no GEMM was run both dense and 2:4", transform=axes.transAxes, ha="center", va="center")
        return
    line = "-" if column.is_sweep else "none"
    axes.plot(column.positions, speedups, color="black", marker="D", markersize=5, linestyle=line, linewidth=1.5)
    for x, speedup in zip(column.positions, speedups):
        if not np.isnan(speedup):
            axes.annotate(f"{speedup:.2f}", (x, speedup), xytext=(0, -6), textcoords="offset points", ha="center",
                          va="top", fontsize=8)  # fmt: skip


def draw_cycles(axes, column):
    for x, pair in zip(column.positions, column.pairs):
        for row, side in bars_of(pair):
            height = 100 * row.cycles / (pair.dense or row).cycles
            bottom = 0.0
            for cause, share in zip(CAUSES, row.account):
                color, hatch = CAUSE_STYLES[cause]
                axes.bar(x + side, share * height, 0.36, bottom, color=color, hatch=hatch, edgecolor="black",
                         linewidth=0.4)  # fmt: skip
                bottom += share * height
    mark_level(axes, 50, "half")
    axes.set_ylim(bottom=0)


def draw(columns):
    """The whole figure."""
    widths = [min(30.0, max(5.6, 1.2 + 0.5 * len(column.pairs))) for column in columns]
    longest = max(len(label) for column in columns for label in column.labels)
    any_layers = any(not column.is_sweep for column in columns)
    label_height = min(3.0, 0.075 * longest) if any_layers else 0.2
    figure = plt.figure(figsize=(sum(widths) + 0.6, 9.2 + label_height), layout="constrained")
    panels = figure.add_gridspec(4, len(columns), height_ratios=[3, 1.6, 3, 0.4], width_ratios=widths)
    grid = np.array([[figure.add_subplot(panels[row, i]) for i in range(len(columns))] for row in range(3)])
    for column, (throughput, speedup, cycles) in zip(columns, grid.T):
        throughput.set_title(column.title)
        draw_throughput(throughput, column)
        draw_speedup(speedup, column)
        draw_cycles(cycles, column)
        for axes in (throughput, speedup, cycles):
            axes.set_xlim(-0.6, len(column.pairs) - 0.4)
            axes.set_xticks(column.positions, labels=[])
            axes.grid(axis="y", color="#DDDDDD", linewidth=0.6)
            axes.set_axisbelow(True)
        rotation = {} if column.is_sweep else {"rotation": 55, "ha": "right", "rotation_mode": "anchor"}
        cycles.set_xticks(column.positions, labels=column.labels, **rotation)
        cycles.set_xlabel("K" if column.is_sweep else "")
    grid[0][0].set_ylabel("TFLOPS (dense-equivalent)")
    grid[1][0].set_ylabel("speedup of 2:4")
    grid[2][0].set_ylabel("tensor core cycles, % of dense run\n(left bar dense, right bar 2:4)")
    grid[0][0].legend(loc="upper left", ncol=2, fontsize=9)
    add_cause_legend(figure.add_subplot(panels[3, :]), columns)
    return figure


def add_cause_legend(axes, columns):
    rows = [row for column in columns for pair in column.pairs for row, _ in bars_of(pair)]
    patches = []
    for index, cause in enumerate(CAUSES):
        color, hatch = CAUSE_STYLES[cause]
        if any(row.account[index] > 0 for row in rows):
            label = cause.replace("_", " ")
            patches.append(Patch(facecolor=color, hatch=hatch, edgecolor="black", linewidth=0.4, label=label))
    axes.set_axis_off()
    axes.legend(handles=patches, loc="center", ncol=4, fontsize=9, handlelength=2.2, handleheight=1.1)


def columns_of_files(paths):
    """The columns of the results in all files. Raises InputError."""
    return columns_of([row for path in paths for row in read_results(path)])


def main(arguments):
    return plot_command(
        arguments, __doc__, "RESULTS", "JSON or CSV results of `stcsim run`", columns_of_files, draw, several=True
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
