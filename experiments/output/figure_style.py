"""The look of all figures: colours, markers, panels, and how a figure is saved."""

import io
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from experiments.output.dark import with_dark

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

COLUMNS: Final = 3  # panels side by side
TALL: Final = "-tall"  # ends the name of the variant for phones, whose panels stand one below the other
# Okabe and Ito's colours (safe for colour-blind readers), without yellow, which is faint on white
COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")
# further ones for policies after the seventh, whose lines are dashed (colours of Tol's muted scheme)
MORE_COLOURS: Final = ("#332288", "#882255", "#999933", "#AA4499", "#661100", "#44AA99", "#777777")
MORE_MARKERS: Final = ("<", ">", "p", "h", "*", "d", "8")
NOT_LOOKS: Final = ("backend", "backend_fallback", "toolbar", "interactive", "webagg.open_in_browser")
STYLE: Final[Any] = {
    "svg.hashsalt": "tokenmarket",  # ids in the SVG would differ from run to run without it
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
}


@contextmanager
def styled(**changes: Any) -> Iterator[None]:  # noqa: ANN401 - values of matplotlib's settings
    """Draw and save with our settings over matplotlib's own defaults, whatever the user's matplotlibrc says."""
    import matplotlib as mpl

    defaults: Any = {name: value for name, value in mpl.rcParamsDefault.items() if name not in NOT_LOOKS}
    settings: Any = {**defaults, **STYLE, **changes}  # names that no type checker can hold to matplotlib's
    with mpl.rc_context(settings):
        yield


def panels(count: int, columns: int = COLUMNS) -> "tuple[Figure, list[Axes]]":
    """Return a figure with ``count`` axes, so many side by side, without pyplot and its global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(count, columns)
    rows = math.ceil(count / columns)
    figure = Figure(figsize=(4.2 * columns, 3.6 * rows + 1.3), layout="constrained")
    FigureCanvasAgg(figure)
    axes = [figure.add_subplot(rows, columns, i + 1) for i in range(count)]
    return figure, axes


def save_both(draw: "Callable[[int], Figure]", path: Path) -> None:
    """Save a figure of panels side by side, and as SVG a variant for phones with one below the other.

    Parameters
    ----------
    draw
        Draws the figure with at most so many panels side by side.
    path
        Of the files, without an ending; the variant's name ends in ``TALL``.
    """
    save(draw(COLUMNS), path)
    tall = draw(1)
    if len(tall.axes) > 1:  # a figure of one panel would be the same again
        _save_svg(tall, path.with_name(path.name + TALL))


def say(axis: "Axes", text: str) -> None:
    """Say in a panel why there is nothing in it: an empty frame might be an error, or all noughts."""
    axis.tick_params(labelbottom=False, labelleft=False)  # of an empty axis they are numbers of nothing
    axis.text(0.5, 0.5, text, transform=axis.transAxes, ha="center", va="center", color="#555555", fontsize=10,
              wrap=True)


def whiskers(means: "ArrayLike", half_widths: "ArrayLike", log: bool = False) -> "np.ndarray":
    """Return error bars, float64 (2, points): how far each reaches down and up; none without an interval.

    On a log axis one that reaches nought or less ends just above it, so that it is drawn to the edge: matplotlib would
    leave out the whole bar, as if that mean were exact.
    """
    import numpy as np  # not above: the contract of studies, which the command line reads, comes past here

    half = np.nan_to_num(np.asarray(half_widths, float), posinf=0.0)
    middle = np.nan_to_num(np.asarray(means, float))
    return np.stack([np.minimum(half, np.maximum(middle, 0.0) * (1 - 1e-9)) if log else half, half])


def plain_ticks(axis: "Axes", along: Literal["x", "y"] = "y") -> None:
    """Label a log axis with 1, 2, 5, 10, ... instead of powers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    scale = axis.xaxis if along == "x" else axis.yaxis
    scale.set_major_locator(LogLocator(base=10, subs=(1.0, 2.0, 5.0)))
    scale.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    scale.set_minor_formatter(NullFormatter())


def look(index: int) -> tuple[str, str, Literal["-", "--"]]:
    """Colour, marker and line of the index-th policy: 14 of each kind that differ, then other pairs of them."""
    colours, markers = (*COLOURS, *MORE_COLOURS), (*MARKERS, *MORE_MARKERS)
    turn, place = divmod(index, len(colours))
    return colours[place], markers[(place + turn) % len(markers)], "-" if place < len(COLOURS) else "--"


def settle(figure: "Figure") -> None:
    """Solve a figure's layout, once, and keep it: matplotlib would solve it anew at every look and in every format."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    if isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine):
        figure.draw_without_rendering()
        figure.set_layout_engine(None)  # not "none", which leaves a placeholder: figures that have one are drawn twice


def save(figure: "Figure", path: Path) -> None:
    """Write a figure as SVG, PDF and PNG beside each other, without dates: the same figure gives the same bytes."""
    with styled():
        _save_svg(figure, path)
        figure.savefig(path.with_suffix(".pdf"), metadata={"CreationDate": None, "Creator": None, "Producer": None})
        figure.savefig(path.with_suffix(".png"), dpi=150, metadata={"Software": None})


def _save_svg(figure: "Figure", path: Path) -> None:
    settle(figure)
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    # with Unix line ends on every system: the same figure is the same bytes
    path.with_suffix(".svg").write_text(with_dark(drawn.getvalue()), encoding="utf-8", newline="\n")
