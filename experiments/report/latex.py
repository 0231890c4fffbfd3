"""Tables for papers: LaTeX with booktabs."""

from typing import Final

from experiments.report.blocks import Column, Table
from experiments.report.markdown import SPACE

SPECIAL: Final = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "±": r"$\pm$", "−": "$-$", "–": "--", "×": r"$\times$",
    "≤": r"$\le$", "≥": r"$\ge$", "→": r"$\to$", "`": "", "<": "\\textless{}", ">": "\\textgreater{}",
    "[": "{[}", "]": "{]}",  # at the start of a row it would be an argument of the \\\\ before
}


def booktabs(table: Table) -> str:
    """Return a table as a ``table`` environment with rules of the package booktabs."""
    spec = "".join(_spec(column) for column in table.columns)
    heads = " & ".join(escaped(column.head) for column in table.columns)
    units = [escaped(column.unit) for column in table.columns]
    lines = [
        r"\begin{table}", r"  \centering", f"  \\caption{{{escaped(table.caption)}}}",
        f"  \\label{{tab:{table.name}}}", f"  \\begin{{tabular}}{{{spec}}}", r"    \toprule", f"    {heads} \\\\",
        *([f"    {' & '.join(units)} \\\\"] if any(units) else []), r"    \midrule",
        *(f"    {' & '.join(escaped(cell) for cell in row)} \\\\" for row in table.rows),
        r"    \bottomrule", r"  \end{tabular}", r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _spec(column: Column) -> str:
    """Sentences are broken into lines; nothing else is."""
    return r"p{0.22\linewidth}" if column.sentences else "l" if column.words else "r"


def escaped(text: str) -> str:
    """Return text on one line in which LaTeX's special characters stand for themselves."""
    return "".join(SPECIAL.get(character, character) for character in SPACE.sub(" ", text))
