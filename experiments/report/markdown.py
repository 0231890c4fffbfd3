"""The write-up in Markdown. A folder may be a stranger's: of its words only `backticks` mean anything."""

import re
from typing import Final
from urllib.parse import quote

from experiments.report.blocks import Block, Code, Figure, Items, Page, Table, Text

CODE: Final = re.compile(r"`([^`]+)`")
SPACE: Final = re.compile(r"[\x00-\x20\x7f\x85\u2028\u2029]+")  # a line break could begin a heading, or end a table
SIGNS: Final = re.compile(r"([\\`*_\[\]|~])")
START: Final = re.compile(r"^([#+\-=:]|\d+(?=[.)]))")
ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def inline(text: str, in_table: bool = False) -> str:
    """Return text on one line that no Markdown renderer takes for anything but text and `code`."""
    parts = CODE.split(SPACE.sub(" ", text).strip())
    # code holds for nothing but itself; only a table looks for its bars there
    bar = "\\|" if in_table else "|"
    whole = "".join(f"`{part.replace('|', bar)}`" if place % 2 else _plain(part) for place, part in enumerate(parts))
    return START.sub(lambda found: f"{found[1]}\\" if found[1].isdigit() else f"\\{found[1]}", whole)


def _plain(text: str) -> str:
    return SIGNS.sub(r"\\\1", "".join(ENTITIES.get(sign, sign) for sign in text))


def page(content: Page, figures: str = "figures") -> str:
    """Return the page as Markdown; figures are linked from the folder ``figures`` beside it."""
    facts = "\n".join(f"- **{inline(name)}**: {inline(value)}" for name, value in content.facts.items())
    sections = ["\n\n".join([f"## {inline(section.heading)}", *(_block(block, figures) for block in section.blocks)])
                for section in content.sections]
    return "\n\n".join([f"# {inline(content.title)}", inline(content.subtitle), facts, *sections]) + "\n"


def table(content: Table) -> str:
    """Return a table with its caption above it."""
    heads = [f"{column.head} ({column.unit})" if column.unit else column.head for column in content.columns]
    rules = [":--" if column.words else "--:" for column in content.columns]
    lines = ["| " + " | ".join(cells) + " |" for cells in (
        map(_cell, heads), rules, *(map(_cell, row) for row in content.rows))]
    return f"*{inline(content.caption)}*\n\n" + "\n".join(lines)


def _block(block: Block, figures: str) -> str:
    if isinstance(block, Text):
        return inline(block.text)
    if isinstance(block, Items):
        return "\n".join(f"- {inline(item)}" for item in block.items)
    if isinstance(block, Code):
        fence = max(["```", *(run + "`" for run in re.findall("`{3,}", block.text))], key=len)
        return f"{fence}\n{block.text.rstrip()}\n{fence}"
    if isinstance(block, Figure):
        return f"![{inline(block.alt)}]({figures}/{quote(block.name)}.svg)\n\n*{inline(block.caption)}*"
    return table(block)


def _cell(text: str) -> str:
    return inline(text, in_table=True)
