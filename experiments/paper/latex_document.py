"""The document as LaTeX: written, and left to whoever has LaTeX to compile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from experiments.report.blocks import Block, Code, Figure, Items, Page, Table, Text
from experiments.report.latex import escaped

HEAD: Final = r"""\documentclass[a4paper,10pt]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{booktabs,graphicx}
\usepackage[margin=2cm]{geometry}
\title{%s}
\date{}
\begin{document}
\maketitle
"""
TAIL: Final = "\\end{document}\n"


def document(content: Page) -> str:
    """Return a LaTeX document that takes its tables and figures from the folders beside it."""
    lines = [HEAD % escaped(content.title), escaped(content.subtitle), ""]
    for section in content.sections:
        lines += [f"\\clearpage\n\\section{{{escaped(section.heading)}}}", ""]
        for block in section.blocks:
            lines += [*_lines(block), ""]
    return "\n".join([*lines, TAIL])


def _lines(block: Block) -> Iterator[str]:
    if isinstance(block, Text):
        yield escaped(block.text)
    elif isinstance(block, Items):
        yield r"\begin{itemize}"
        yield from (f"  \\item {escaped(item)}" for item in block.items)
        yield r"\end{itemize}"
    elif isinstance(block, Code):
        yield f"\\begin{{verbatim}}\n{block.text.rstrip()}\n\\end{{verbatim}}"
    elif isinstance(block, Table):
        yield f"\\input{{tables/{block.name}}}"
    else:
        yield from _figure(block)


def _figure(figure: Figure) -> Iterator[str]:
    yield r"\begin{figure}"
    yield r"  \centering"
    yield f"  \\includegraphics[width=\\linewidth]{{figures/{figure.name}.pdf}}"
    yield f"  \\caption{{{escaped(figure.caption)}}}"
    yield f"  \\label{{fig:{figure.name}}}"
    yield r"\end{figure}"
