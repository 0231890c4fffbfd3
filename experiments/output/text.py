"""Text for the terminal."""

from collections.abc import Sequence


def listing(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of text in aligned columns, the last one as long as it likes."""
    if not rows:
        return ""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    lines = ("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
             for row in rows)
    return "\n".join(line.rstrip() for line in lines)
