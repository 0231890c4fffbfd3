"""Figures that are made but not drawn, for tests that look at something else: drawing takes most of a small study."""

from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text


def _saved(figure: Figure, place: Any, **_: Any) -> None:
    """In place of a figure, all the words that are in it."""
    words = "\n".join(text.get_text() for text in figure.findobj(Text))
    svg = f'<svg xmlns="http://www.w3.org/2000/svg"><text>{escape(words)}</text></svg>\n'
    if hasattr(place, "write"):
        place.write(svg)
    else:
        Path(place).write_text(svg, encoding="utf-8")


def leave_undrawn(patched: pytest.MonkeyPatch) -> None:
    """Make every figure's files hold its words only."""
    patched.setattr(Figure, "savefig", _saved)
    patched.setattr(Figure, "draw_without_rendering", lambda figure: None)
