"""The write-up in Markdown."""

from experiments.report.blocks import Block, Code, Figure, Items, Page, Table, Text


def page(content: Page, figures: str = "figures") -> str:
    """Return the page as Markdown; figures are linked from the folder ``figures`` beside it."""
    facts = "\n".join(f"- **{name}**: {value}" for name, value in content.facts.items())
    sections = ["\n\n".join([f"## {section.heading}", *(_block(block, figures) for block in section.blocks)])
                for section in content.sections]
    return "\n\n".join([f"# {content.title}", content.subtitle, facts, *sections]) + "\n"


def table(content: Table) -> str:
    """Return a table with its caption above it."""
    heads = [f"{column.head} ({column.unit})" if column.unit else column.head for column in content.columns]
    rules = [":--" if column.words else "--:" for column in content.columns]
    lines = ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in (heads, rules, *content.rows)]
    return f"*{content.caption}*\n\n" + "\n".join(lines)


def _block(block: Block, figures: str) -> str:
    if isinstance(block, Text):
        return block.text
    if isinstance(block, Items):
        return "\n".join(f"- {item}" for item in block.items)
    if isinstance(block, Code):
        return f"```\n{block.text.rstrip()}\n```"
    if isinstance(block, Figure):
        return f"![{block.alt}]({figures}/{block.name}.svg)\n\n*{block.caption}*"
    return table(block)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
