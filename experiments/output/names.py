"""Names in a figure, where a legend would have to be looked up: beside points, and at the ends of lines."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from experiments.output.dark import readable
from experiments.output.figure_style import settle

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation
    from matplotlib.transforms import Bbox, BboxBase

# Where a name may stand around its dot, points, best first: beside it, above and below, further off
AROUND: Final = ((7, 0), (-7, 0), (0, 9), (0, -9),
                 *((dx, dy) for dy in (10, -10, 18, -18, 26, -26, 34, -34) for dx in (7, -7)),
                 *((dx, dy) for dx in (26, -26, 48, -48) for dy in (44, -44, 56, -56, 68, -68, 80, -80)))
NAME_HIT, EDGE_HIT = 3, 2  # how many dots in the way are as bad as another name, and as standing out of the frame
APART_PX: Final = 3.0  # between two names side by side: touching they read as one
DOT_PX: Final = 7.0  # half the side of the square around a dot that no name should touch
LINE: Final = 1.25  # height of a line of text over the size of its letters
WHITE: Final = "#ffffff"  # what figures are drawn on
GUIDE: Final = "#999999"  # colour of the hair from a name to what it names


def name_points(
    figure: "Figure", axes: "Axes", places: Mapping[str, tuple[float, float]], size: float = 9.5,
    colours: Mapping[str, str] | None = None,
) -> None:
    """Name each dot where no other name and no dot is in the way, trying places around it; far ones get a hair.

    Parameters
    ----------
    figure, axes
        Drawn but for the names; the layout stays as it is.
    places
        By name the place of its dot, in data.
    size
        Of letters, points.
    colours
        Of names; black by default.
    """
    settle(figure)  # names do not move it
    dots = axes.transData.transform(list(places.values()))
    taken: list[Bbox] = []
    for name, place in sorted(places.items(), key=lambda item: item[1]):
        text = _name(axes, name, place, size, (colours or {}).get(name, "#000000"))
        own = text.get_window_extent()  # as wide and high wherever it stands: measured once
        boxes = [_moved(own, offset, figure.dpi) for offset in AROUND]
        hits = [NAME_HIT * sum(box.padded(APART_PX, 0).overlaps(other) for other in taken) + _dots_hit(box, dots)
                + EDGE_HIT * _sticks_out(box, axes.bbox) for box in boxes]
        best = hits.index(min(hits))
        taken.append(boxes[best])
        text.set_position(AROUND[best])
        text.set_horizontalalignment(_side(AROUND[best][0]))
        if AROUND[best][0] and AROUND[best][1]:  # off to a corner: say whose name it is
            hair = axes.annotate("", place, AROUND[best], textcoords="offset points", zorder=3, arrowprops={
                "arrowstyle": "-", "color": GUIDE, "linewidth": 0.7, "shrinkA": 0, "shrinkB": 0})
            hair.set_in_layout(False)


def name_lines(axes: "Axes", ends: Mapping[str, tuple[float, float]], colours: Mapping[str, str], size: float) -> None:
    """Name lines in the margin to the right of where they end, apart from each other, each with a hair to its end.

    Parameters
    ----------
    axes
        Of a figure that was drawn, with its final limits and scales: matplotlib sets both late.
    ends
        By name the last point of the line, in data; those without a finite one are left out.
    colours
        By name the colour of its line.
    size
        Of letters, points.
    """
    known = {name: end for name, end in ends.items() if np.isfinite(end).all()}
    if not known:
        return
    figure = axes.get_figure(root=True)
    assert figure is not None
    at = axes.transAxes.inverted().transform(axes.transData.transform(list(known.values())))
    gap = LINE * size / (72 * axes.get_window_extent().height / figure.dpi)
    for name, (x, y), place in zip(known, at, spread(at[:, 1].tolist(), gap), strict=True):
        # without a patch: cutting the hair where the name begins takes longer than all the rest of the figure
        hair = {"arrowstyle": "-", "color": colours[name], "linewidth": 0.5, "alpha": 0.6, "shrinkA": 1, "shrinkB": 1,
                "relpos": (0.0, 0.5), "patchA": None}
        axes.annotate(name, (x, y), (1.06, place), xycoords="axes fraction", fontsize=size, va="center", ha="left",
                      color=readable(colours[name], WHITE), annotation_clip=False, arrowprops=hair)


def spread(wanted: Sequence[float], gap: float) -> list[float]:
    """Return places at least ``gap`` apart, in the order of those wanted, and as near to them as that allows.

    Nearest in least squares: where neighbours would touch, they are pooled around their mean (isotonic regression by
    pooling adjacent violators, on places less their share of gaps).

    Examples
    --------
    >>> [round(place, 6) for place in spread([0.5, 0.5, 0.9], 0.1)]
    [0.45, 0.55, 0.9]
    """
    order = sorted(range(len(wanted)), key=lambda index: (wanted[index], index))
    pools: list[tuple[float, int]] = []  # mean of what is wanted less the gaps below it, and how many share it
    for rank, index in enumerate(order):
        mean, count = wanted[index] - rank * gap, 1
        while pools and pools[-1][0] > mean:
            below, others = pools.pop()
            mean, count = (mean * count + below * others) / (count + others), count + others
        pools.append((mean, count))
    levels = [mean for mean, count in pools for _ in range(count)]
    found = [0.0] * len(wanted)
    for rank, index in enumerate(order):
        found[index] = levels[rank] + rank * gap
    return found


def _sticks_out(box: "Bbox", frame: "BboxBase") -> bool:
    return bool(box.x0 < frame.x0 or box.x1 > frame.x1 or box.y0 < frame.y0 or box.y1 > frame.y1)


def _dots_hit(box: "Bbox", dots: "np.ndarray") -> int:
    near = box.padded(DOT_PX)
    return int(((dots > near.min) & (dots < near.max)).all(axis=1).sum())


def _side(dx: float) -> Literal["left", "right", "center"]:
    """The side at which a name so far to the right of its dot begins."""
    return "left" if dx > 0 else "right" if dx < 0 else "center"


def _moved(box: "Bbox", offset: tuple[float, float], dpi: float) -> "Bbox":
    """The box of a name that is centred on its dot, pixels, when it stands off by an offset in points."""
    dx, dy = (part * dpi / 72 for part in offset)
    aside = {"left": box.width / 2, "right": -box.width / 2, "center": 0.0}[_side(dx)]
    return box.translated(dx + aside, dy)


def _name(axes: "Axes", name: str, place: tuple[float, float], size: float, colour: str) -> "Annotation":
    """Write a name, centred on its dot for now."""
    text = axes.annotate(
        name, place, (0, 0), textcoords="offset points", fontsize=size, zorder=3, color=readable(colour, WHITE),
        va="center", ha="center",
        bbox={"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.8},
    )
    text.set_in_layout(False)  # the layout stays as it was when places were chosen
    return text
