#!/usr/bin/python3
"""Draws what `stcsim microbench --csv` measured on the model: heat maps, and the model against published measurements.

    plot_microbench.py MEASUREMENTS [--heat-maps FILE [--instr NAME]...] [--comparison FILE [--reference FILE]...]

At least one of the figures; FILE is a .png, .svg or .pdf.

  heat maps    throughput over warps and ILP of each instruction, in its unit and in percent of its own peak; loads that
               were not simulated stay blank
  comparison   completion latency and throughput, measured and model, for every instruction of the reference files that
               was simulated (models/reference/ without --reference); the same as a table on standard output

The same input gives the same bytes. Exit status: 0 success, 2 bad usage or input; then no file is written.
"""

import argparse
import sys
from pathlib import Path

from figure_file import DENSE, SPARSE, format_of, plain, plt, render, write_whole
from input_file import InputError
from microbench_comparison import (EIGHT_WARPS, FOUR_WARPS, LATENCY, LOADED, MMA, REFERENCES, SHARED_MEMORY, compare,
                                   error_text, notes, table)  # fmt: skip
from microbench_file import read_microbench

import numpy as np
from matplotlib.patches import Patch

SHARED = {"color": "#009E73", "hatch": "..."}
#: Drawn without --instr, as far as they were simulated: each kind of mma once, and loads with and without conflicts.
USUAL_INSTRUCTIONS = (
    "mma.m16n8k8.f32.f16.f16.f32",
    "mma.m16n8k16.f32.f16.f16.f32",
    "ldmatrix.x4",
    "mma.sp.m16n8k16.f32.f16.f16.f32",
    "mma.sp.m16n8k32.f32.f16.f16.f32",
    "ld.shared.u32.4way",
)
PANELS = {
    MMA: {LATENCY: "completion latency\n1 warp, ILP 1", FOUR_WARPS: "throughput, 4 warps\none per sub-core",
          EIGHT_WARPS: "throughput, 8 warps\ntwo per sub-core"},
    SHARED_MEMORY: {LATENCY: "completion latency\n1 warp, ILP 1", LOADED: "throughput\nat the load noted"},
}  # fmt: skip
COLUMNS = 3


def chosen(instructions, names, path):
    """The instructions to draw: those named, else the usual ones that were simulated, else the first six."""
    for name in names:
        if name not in instructions:
            raise InputError(f"{path}: found no '{name}', expected one of {', '.join(instructions)}")
    names = names or [name for name in USUAL_INSTRUCTIONS if name in instructions] or list(instructions)[:6]
    return {name: instructions[name] for name in names}


def draw_heat_map(axes, name, loads):
    """Throughput of one instruction; returns the image for the colour bar."""
    warps, ilps = (sorted({load[axis] for load in loads}) for axis in (0, 1))
    shares = np.full((len(warps), len(ilps)), np.nan)
    for (warp_count, ilp), run in loads.items():
        row, column = warps.index(warp_count), ilps.index(ilp)
        percent = 100 * run.share_of_peak
        shares[row, column] = percent
        digits = 0 if run.throughput >= 100 else 1
        axes.text(column, row, f"{run.throughput:.{digits}f}\n{percent:.0f} %", ha="center", va="center", fontsize=8.5,
                  color="black" if percent > 45 else "white", linespacing=1.15)  # fmt: skip
    image = axes.imshow(np.ma.masked_invalid(shares), cmap="viridis", vmin=0, vmax=100, origin="lower", aspect="auto")
    axes.set_xticks(range(len(ilps)), labels=ilps)
    axes.set_yticks(range(len(warps)), labels=warps)
    axes.set_xticks(np.arange(1, len(ilps)) - 0.5, minor=True)
    axes.set_yticks(np.arange(1, len(warps)) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    run = next(iter(loads.values()))
    axes.set_title(f"{plain(name)}\nin {plain(run.unit)}, peak {run.peak:g}")
    return image


def draw_heat_maps(instructions):
    """The figure of all heat maps, three to a row."""
    columns = min(COLUMNS, len(instructions))
    rows = -(-len(instructions) // columns)
    most_ilps = max(len({ilp for _, ilp in loads}) for loads in instructions.values())
    most_warps = max(len({warps for warps, _ in loads}) for loads in instructions.values())
    width, height = max(3.2, 0.5 * most_ilps + 0.4), 0.44 * most_warps + 1.1
    figure = plt.figure(figsize=(columns * width + 1.0, rows * height), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    panels = list(grid.flat)
    for axes in panels[len(instructions):]:  # fmt: skip
        axes.set_axis_off()
    for index, (axes, (name, loads)) in enumerate(zip(panels, instructions.items())):
        image = draw_heat_map(axes, name, loads)
        if index % columns == 0:
            axes.set_ylabel("warps on one SM")
        if index + columns >= len(instructions):
            axes.set_xlabel("ILP (independent instructions per warp)")
    figure.colorbar(image, ax=grid, fraction=0.05, aspect=10 * rows).set_label("% of own peak")
    return figure


def style_of(point):
    if point.family == SHARED_MEMORY:
        return SHARED
    return SPARSE if point.sparse else DENSE


def draw_panel(axes, points, positions):
    """Paired bars, measured above model, each pair with its error and, for a throughput, the load."""
    longest = max(max(point.measured, point.model or 0) for point in points)
    for point in points:
        y = positions[point.where]
        style = style_of(point)
        axes.barh(y - 0.19, point.measured, 0.36, color="white", edgecolor=style["color"], linewidth=1.3)
        if point.model is not None:
            axes.barh(y + 0.19, point.model, 0.36, color=style["color"], hatch=style["hatch"], edgecolor="white",
                      linewidth=0)  # fmt: skip
        error = "not simulated" if point.model is None else f"{error_text(point)} %"
        if point.figure != LATENCY:
            warps = f"{point.warps} warps, " if point.figure == LOADED else ""
            error += f"\n{warps}ILP {point.ilp}{'*' if point.ilp_assumed else ''}"
        axes.annotate(error, (max(point.measured, point.model or 0), y), xytext=(4, 0), textcoords="offset points",
                      ha="left", va="center", fontsize=8, linespacing=1.1)  # fmt: skip
    axes.set_xlim(0, 1.36 * longest)
    equivalent = points[0].family == MMA and points[0].figure != LATENCY
    axes.set_xlabel(points[0].unit + (" (dense-equivalent)" if equivalent else ""))


def draw_comparison(points):
    """The figure of all points: a row of panels per kind of instruction, the legend and the notes below."""
    families = [family for family in PANELS if any(point.family == family for point in points)]
    heights = [0.46 * len({point.where for point in points if point.family == family}) + 0.9 for family in families]
    foot = 0.6 + 0.2 * len(notes(points))
    figure = plt.figure(figsize=(12.5, sum(heights) + foot), layout="constrained")
    grid = figure.add_gridspec(len(families) + 1, COLUMNS, height_ratios=[*heights, foot])
    gpus = list(dict.fromkeys(point.gpu for point in points))
    for row, family in enumerate(families):
        own = [point for point in points if point.family == family]
        labels = {point.where: point.instruction + (f" ({point.gpu})" if len(gpus) > 1 else "") for point in own}
        positions = {where: index for index, where in enumerate(labels)}
        for column, (name, title) in enumerate(PANELS[family].items()):
            here = [point for point in own if point.figure == name]
            if not here:
                continue
            axes = figure.add_subplot(grid[row, column])
            draw_panel(axes, here, positions)
            axes.set_title(title)
            axes.set_ylim(len(positions) - 0.4, -0.6)
            axes.set_yticks(range(len(positions)), labels=map(plain, labels.values()) if column == 0 else [])
            axes.tick_params(axis="y", length=0)
            axes.grid(axis="x", color="#DDDDDD", linewidth=0.6)
            axes.set_axisbelow(True)
    add_legend(figure.add_subplot(grid[len(families), :]), points, ", ".join(gpus))
    return figure


def add_legend(axes, points, gpus):
    measured = f"measured on {plain(gpus)} (upper bar)"
    patches = [Patch(facecolor="white", edgecolor="black", linewidth=1.3, label=measured),
               Patch(facecolor="black", label="model (lower bar), with its error")]  # fmt: skip
    for label, style in (("dense mma", DENSE), ("2:4 sparse mma.sp", SPARSE), ("shared memory", SHARED)):
        if any(style_of(point) is style for point in points):
            patches.append(Patch(facecolor=style["color"], hatch=style["hatch"], edgecolor="white", linewidth=0,
                                 label=label))  # fmt: skip
    axes.set_axis_off()
    axes.legend(handles=patches, loc="upper center", ncol=len(patches), fontsize=9, handlelength=2.2, handleheight=1.1)
    axes.text(0.5, 0, "\n".join(notes(points)), transform=axes.transAxes, ha="center", va="bottom", fontsize=9)


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measurements", type=Path, metavar="MEASUREMENTS", help="CSV of `stcsim microbench --csv`")
    parser.add_argument("--heat-maps", type=Path, metavar="FILE", help="where to draw the heat maps")
    parser.add_argument("--instr", action="append", default=[], metavar="NAME", help="an instruction to draw")
    parser.add_argument("--comparison", type=Path, metavar="FILE", help="where to draw model against measurement")
    parser.add_argument("--reference", action="append", default=[], type=Path, metavar="FILE",
                        help="published measurements, in the columns of a file of models/reference/")  # fmt: skip
    options = parser.parse_args(arguments)
    if not options.heat_maps and not options.comparison:
        parser.error("expected --heat-maps FILE or --comparison FILE, or both")
    if options.heat_maps == options.comparison:
        parser.error("found the same file for both figures, expected two")
    if options.instr and not options.heat_maps:
        parser.error("--instr chooses heat maps: expected --heat-maps FILE with it")
    if options.reference and not options.comparison:
        parser.error("--reference is compared with: expected --comparison FILE with it")
    text = ""
    try:
        kinds = {path: format_of(path) for path in (options.heat_maps, options.comparison) if path}
        instructions = read_microbench(options.measurements)
        figures = {}
        if options.heat_maps:
            drawn = chosen(instructions, options.instr, options.measurements)
            figures[options.heat_maps] = lambda: draw_heat_maps(drawn)
        if options.comparison:
            points = compare(options.reference or REFERENCES, instructions)
            text = table(points)
            figures[options.comparison] = lambda: draw_comparison(points)
        write_whole({path: render(draw, kinds[path]) for path, draw in figures.items()})
    except InputError as error:
        print(f"plot_microbench.py: {error}", file=sys.stderr)
        return 2
    print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
