#!/usr/bin/python3
"""Draws how well the model predicts measured GEMMs.

    plot_validation.py FILE -o FILE.(png|svg|pdf)

FILE is what `stcsim validate --out` wrote, JSON or CSV. Each type of the operands gets a column with two panels:

  time      predicted against measured, both logarithmic, dense and 2:4; the diagonal is a perfect prediction, the band
            15 % on either side of it
  speedup   predicted against measured speedup of 2:4 over dense, with the diagonal and a band of 10 %

Each panel names the median of the absolute errors. The same input gives the same bytes. Exit status: 0 success, 2 bad
usage or input; then no file is written.
"""

import sys
from statistics import median

from figure_file import DENSE, SPARSE, plain, plt
from input_file import InputError
from plot_command import plot_command
from validation_file import read_validation

STYLES = {"dense": DENSE, "2:4": SPARSE, "speedup": {"color": "black", "marker": "D"}}
TIME_BAND, SPEEDUP_BAND = 0.15, 0.10


def predicted_gemms(path):
    """The GEMM points with a prediction, by type. Raises InputError if there is none."""
    types = {}
    for point in read_validation(path):
        if point.set == "gemm" and point.predicted is not None:
            types.setdefault(point.type, []).append(point)
    if not types:
        raise InputError(f"{path}: found no GEMM with a prediction, expected some: `stcsim validate --set gemm --out`")
    return types


def draw_agreement(axes, points, figures, band):
    """Predicted over measured for each of the figures, with the diagonal and the band around it."""
    for figure in figures:
        drawn = [point for point in points if point.figure == figure]
        if not drawn:
            continue
        style = STYLES[figure]
        error = 100 * median(abs(point.error) for point in drawn)
        axes.plot([point.measured for point in drawn], [point.predicted for point in drawn], linestyle="none",
                  marker=style["marker"], color=style["color"], markersize=4, alpha=0.65, markeredgewidth=0,
                  label=f"{figure}: median error {error:.1f} % of {len(drawn)}")  # fmt: skip
    values = [value for point in points if point.figure in figures for value in (point.measured, point.predicted)]
    if not values:
        axes.text(0.5, 0.5, "no such point", transform=axes.transAxes, ha="center", va="center")
        return
    ends = [0.8 * min(values), 1.25 * max(values)]
    axes.fill_between(ends, [end * (1 - band) for end in ends], [end * (1 + band) for end in ends], color="#EEEEEE",
                      zorder=0, label=f"within {100 * band:.0f} %")  # fmt: skip
    axes.plot(ends, ends, color="black", linewidth=0.8, linestyle=(0, (5, 2)))
    axes.set_xlim(ends)
    axes.set_ylim(ends)
    axes.set_aspect("equal")
    axes.legend(loc="upper left", fontsize=8)


def draw(types):
    """The whole figure."""
    figure, grid = plt.subplots(2, len(types), figsize=(5.2 * len(types), 9.8), layout="constrained", squeeze=False)
    for (name, points), (time, speedup) in zip(types.items(), grid.T):
        gpus = ", ".join(sorted({point.gpu for point in points}))
        time.set_title(plain(f"{name} on {gpus}"))
        time.set_xscale("log")
        time.set_yscale("log")
        draw_agreement(time, points, ("dense", "2:4"), TIME_BAND)
        draw_agreement(speedup, points, ("speedup",), SPEEDUP_BAND)
        time.set_xlabel("measured time, us")
        time.set_ylabel("predicted time, us")
        speedup.set_xlabel("measured speedup of 2:4 over dense")
        speedup.set_ylabel("predicted speedup")
    return figure


def main(arguments):
    return plot_command(
        arguments, __doc__, "FILE", "JSON or CSV of `stcsim validate --out`", predicted_gemms, draw
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
