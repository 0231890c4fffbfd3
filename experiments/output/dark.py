"""Figures on a dark page: every SVG brings the colours it takes where the reader's system is dark."""

import re
from collections.abc import Iterable
from typing import Final

BACK: Final = "#14181d"  # of the report and of the page that `watch` writes
INK: Final = "#e4e8ec"
GREY_BELOW: Final = 40  # spread of red, green and blue (of 255) up to which a colour is a grey
READABLE: Final = 4.5  # contrast that letters need, by the Web Content Accessibility Guidelines 2.2 (1.4.3)
STEP: Final = 0.04  # of the way to white or black, by which a colour is changed until it can be read
# Lines keep their hue and get lighter; shades that say "more" turn round, since the largest must stand out most
TURNED: Final = {
    "#0072b2": "#3d9be0", "#d55e00": "#f0803c", "#009e73": "#2fc195", "#cc79a7": "#d98cc4", "#e69f00": "#edbb3d",
    "#56b4e9": "#8fd0f5", "#c6dbef": "#2a5f9e", "#6baed6": "#4a8fcb", "#2171b5": "#8dbfe4", "#08306b": "#d3e6f5",
}
PAINT: Final = re.compile(r"(?:fill|stroke): (#[0-9a-f]{6})")
DEFINED: Final = "</defs>"  # after the first of these stands what is drawn


def with_dark(svg: str) -> str:
    """Return a figure of matplotlib's that is dark where the reader's system is, light elsewhere and on paper.

    A style sheet and not a second file: one picture serves page, Markdown and a browser's own window. It must outvote
    the styles that matplotlib writes at each element, hence ``!important``.
    """
    rules = [f'[style*="{what}: {colour}"]{{{what}:{turned(colour)}!important}}'
             for colour in sorted(set(PAINT.findall(svg))) for what in ("fill", "stroke")
             if f"{what}: {colour}" in svg]
    # text and ticks in matplotlib's black say no colour at all: they take the one of the picture
    sheet = f'<style type="text/css">@media (prefers-color-scheme:dark){{svg{{fill:{INK}}}{"".join(rules)}}}</style>'
    return svg.replace(DEFINED, f"{DEFINED}\n {sheet}", 1)


def turned(colour: str) -> str:
    """Return what a colour is on a dark page.

    Examples
    --------
    >>> turned("#ffffff"), turned("#000000"), turned("#0072b2"), turned("#332288")
    ('#14181d', '#e4e8ec', '#3d9be0', '#857ab8')
    """
    parts = _parts(colour)
    if colour in TURNED:
        return TURNED[colour]
    if max(parts) - min(parts) <= GREY_BELOW:
        mixed = (ink + (back - ink) * part / 255 for ink, back, part in
                 zip(_parts(INK), _parts(BACK), parts, strict=True))
        return _hex(mixed)
    return readable(colour, BACK)


def readable(colour: str, back: str) -> str:
    """Return a colour as it is if letters of it can be read on a background, else just as much paler or darker.

    Examples
    --------
    >>> readable("#0072B2", "#ffffff"), readable("#56B4E9", "#ffffff")
    ('#0072b2', '#3a7a9e')
    """
    parts, end = _parts(colour), 255 if luminance(back) < luminance("#808080") else 0
    steps = (_hex(part + (end - part) * STEP * step for part in parts) for step in range(round(1 / STEP) + 1))
    return next(found for found in steps if contrast(found, back) >= READABLE)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21, by the guidelines."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, 0 to 1, by the guidelines."""
    red, green, blue = ((part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4)
                        for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _hex(parts: Iterable[float]) -> str:
    return "#" + "".join(f"{round(part):02x}" for part in parts)
