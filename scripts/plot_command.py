"""The command line that the scripts share which draw one figure."""

import argparse
import sys
from pathlib import Path

from figure_file import format_of, render, write_whole
from input_file import InputError


def plot_command(arguments, documentation, name, help, read, draw, several=False):
    """Runs a script `SCRIPT NAME -o FILE`, or `SCRIPT NAME... -o FILE` with `several`; returns its exit status.

    `read` makes of the input's path (or list of paths) what `draw` makes a figure of; both raise InputError for input
    that cannot be used. `documentation` is the script's; `name` and `help` say what the input is.
    """
    parser = argparse.ArgumentParser(description=documentation, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input", nargs="+" if several else None, type=Path, metavar=name, help=help)
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="FILE", help="a .png, .svg or .pdf file")
    options = parser.parse_args(arguments)
    try:
        kind = format_of(options.output)
        content = read(options.input)
        write_whole({options.output: render(lambda: draw(content), kind)})
    except InputError as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        return 2
    return 0
