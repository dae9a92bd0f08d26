"""The common style of the figures, and their files: written whole or not at all, the same bytes for the same figure."""

import io
import os
import sys
from pathlib import Path

try:
    import matplotlib
except ImportError as missing:
    sys.exit(f"{Path(sys.argv[0]).name}: {missing}; install Debian's python3-matplotlib and use /usr/bin/python3")

from input_file import InputError

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402 (the backend has to be chosen first)

FORMATS = ("png", "svg", "pdf")

# The palette of Okabe and Ito, told apart with every common colour vision; hatches and markers do so in grey print.
DENSE = {"color": "#0072B2", "marker": "o", "hatch": ""}
SPARSE = {"color": "#D55E00", "marker": "s", "hatch": "///"}
STYLE = {
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.labelsize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "svg.hashsalt": "stcsim",
}


def plain(text):
    """The text with its dollar signs kept from meaning mathematics to matplotlib."""
    return text.replace("$", r"\$")


def format_of(path):
    """The format that a file's extension asks for. Raises InputError."""
    kind = path.suffix[1:]
    if kind not in FORMATS:
        raise InputError(f"{path}: found extension '.{kind}', expected .png, .svg or .pdf")
    return kind


def render(draw, kind):
    """The bytes of the figure that `draw()` returns, drawn in the common style."""
    content = io.BytesIO()
    undated = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
    with plt.rc_context(STYLE):
        figure = draw()
        figure.savefig(content, format=kind, dpi=150, metadata=undated[kind])
        plt.close(figure)
    return content.getvalue()


def write_whole(contents):
    """Writes every file whole or, if one cannot be written, none: {path: bytes}."""
    temporaries = {path: path.with_name(f".{path.name}.{os.getpid()}.tmp") for path in contents}
    try:
        for path, content in contents.items():
            if path.is_dir():
                raise InputError(f"{path}: found a folder, expected a file that can be written")
            temporaries[path].write_bytes(content)
        for path in contents:
            os.replace(temporaries[path], path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}, expected a file that can be written") from None
    finally:
        for temporary in temporaries.values():
            temporary.unlink(missing_ok=True)
