"""A figure that notebooks show: matplotlib's own are shown only when they were made by pyplot, which keeps them all."""

from io import BytesIO

from matplotlib.figure import Figure

from experiments.output.figure_style import styled


class ShownFigure(Figure):
    """A matplotlib figure with a picture for notebooks."""

    def _repr_png_(self) -> bytes:
        picture = BytesIO()
        with styled():
            self.savefig(picture, format="png", dpi=100)
        return picture.getvalue()
