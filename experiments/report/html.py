"""The write-up as one HTML page that needs nothing but itself."""

import base64
import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Final

from experiments.report.blocks import Block, Code, Column, Figure, Items, Page, Section, Table, Text
from experiments.report.style import CSS

SMALL_PT: Final = 400.0  # figures up to this width stand side by side and shrink to a phone; wider ones scroll
FEW: Final = 3  # columns that a phone holds
LONG_WORD: Final = 24  # letters; a longer one, such as a digest, may be broken anywhere
PHONE: Final = "(max-width: 40rem)"  # as in the style sheet
# said above what may scroll; the style sheet hides it where the browser knows that nothing does
SCROLLS: Final = '<p class="hint" aria-hidden="true">Scrolls sideways →</p>\n'
WIDTH: Final = re.compile(r'<svg[^>]*?\bwidth="([0-9.]+)(?:pt)?"', re.DOTALL)
TICKS: Final = re.compile(r"`([^`]+)`")

FRAME: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{css}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the text</a>
<header>
<h1>{title}</h1>
<p class="subtitle">{subtitle}</p>
<dl class="facts">
{facts}
</dl>
<nav aria-label="Contents">
<ul>
{contents}
</ul>
</nav>
</header>
<main id="main">
{sections}
</main>
<footer>Written by <code>tokenmarket report</code> from the files of the run; the page holds all it needs.</footer>
</body>
</html>
"""


def page(content: Page) -> str:
    """Return the page."""
    return FRAME.format(
        title=escape(content.title), subtitle=inline(content.subtitle), css=CSS,
        facts="\n".join(f"<div><dt>{escape(name)}</dt><dd>{inline(value)}</dd></div>"
                        for name, value in content.facts.items()),
        contents="\n".join(f'<li><a href="#{it.anchor}">{escape(it.heading)}</a></li>' for it in content.sections),
        sections="\n".join(_section(section) for section in content.sections))


def inline(text: str) -> str:
    """Return escaped text with `backticks` as code, and numbers kept on one line with ± and %."""
    coded = TICKS.sub(r"<code>\1</code>", escape(text, quote=False))
    return coded.replace(" ± ", "\u00a0±\u00a0").replace(" %", "\u00a0%")


def width_pt(svg: Path) -> float:
    """Return the width of an SVG file in points; 0 if it does not say."""
    found = WIDTH.search(svg.read_text(encoding="utf-8")[:2000])
    return float(found.group(1)) if found else 0.0


def _section(section: Section) -> str:
    body = "\n".join(_run(list(group), small) for small, group in groupby(section.blocks, _is_small))
    heading = f'<h2 id="{section.anchor}-heading">{escape(section.heading)}</h2>'
    return f'<section id="{section.anchor}" aria-labelledby="{section.anchor}-heading">\n{heading}\n{body}\n</section>'


def _is_small(block: Block) -> bool:
    return isinstance(block, Figure) and width_pt(block.svg) <= SMALL_PT


def _run(blocks: Sequence[Block], small: bool) -> str:
    body = "\n".join(_block(block) for block in blocks)
    return f'<div class="figures">\n{body}\n</div>' if small else body


def _block(block: Block) -> str:
    if isinstance(block, Text):
        return f"<p>{inline(block.text)}</p>"
    if isinstance(block, Items):
        return "<ul>\n" + "\n".join(f"<li>{inline(item)}</li>" for item in block.items) + "\n</ul>"
    if isinstance(block, Code):
        return f'<pre tabindex="0"><code>{escape(block.text.rstrip(), quote=False)}</code></pre>'
    if isinstance(block, Figure):
        return _figure(block)
    return _table(block)


def _figure(figure: Figure) -> str:
    width = width_pt(figure.svg)
    # a variant for phones takes the place of scrolling: there the figure may shrink, as it is not what is shown
    scrolls = width > SMALL_PT and figure.tall is None
    least = f' style="min-width:{width:.0f}px"' if scrolls else ""
    focus = f' tabindex="0" role="group" aria-label="{escape(figure.name)}, scrolls sideways"' if scrolls else ""
    image = f'<img alt="{escape(figure.alt)}" src="{_data(figure.svg)}"{least}>'
    if figure.tall is not None:
        image = f'<picture><source media="{PHONE}" srcset="{_data(figure.tall)}">{image}</picture>'
    hint = SCROLLS if scrolls else ""
    return (f'<figure id="figure-{escape(figure.name)}">\n{hint}<div class="box"{focus}>{image}</div>\n'
            f"<figcaption>{inline(figure.caption)}</figcaption>\n</figure>")


def _data(svg: Path) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.read_bytes()).decode('ascii')}"


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col"{_class(it)}>{escape(it.head)}{_unit(it)}</th>' for it in table.columns)
    rows = "\n".join(_row(row, table.columns) for row in table.rows)
    name = f"table-{escape(table.name)}"
    grid = (f'<div class="box" tabindex="0" role="group" aria-labelledby="{name}-caption">\n'
            f'<table aria-labelledby="{name}-caption">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n'
            f"</table></div>")
    if table.folded:
        grid = (f"<details><summary>Show the table ({len(table.rows)} rows)</summary>\n{grid}\n</details>\n"
                f'<p class="paper">{len(table.rows)} rows, which are left out on paper.</p>')
    hint = SCROLLS if len(table.columns) > FEW else ""
    caption = f'<p class="caption" id="{name}-caption">{inline(table.caption)}</p>'
    return f'<div class="table" id="{name}">\n{caption}\n{hint}{grid}\n</div>'


def _row(row: Sequence[str], columns: Sequence[Column]) -> str:
    return "<tr>" + "".join(_cells(row, columns)) + "</tr>"


def _cells(row: Sequence[str], columns: Sequence[Column]) -> Iterator[str]:
    for place, (cell, column) in enumerate(zip(row, columns, strict=True)):
        head = place == 0
        tag = 'th scope="row"' if head else "td"
        yield f"<{tag}{_class(column, cell)}>{inline(cell)}</{'th' if head else 'td'}>"


def _class(column: Column, cell: str = "") -> str:
    names = {"words": column.words, "sentences": column.sentences,
             "long": column.words and max(map(len, cell.split()), default=0) > LONG_WORD}
    held = " ".join(name for name, holds in names.items() if holds)
    return f' class="{held}"' if held else ""


def _unit(column: Column) -> str:
    return f'<span class="unit">{escape(column.unit)}</span>' if column.unit else ""
