"""The section of a write-up that says where every value of the scenario comes from."""

from collections import Counter
from typing import Any

from experiments.output.folder import Folder
from experiments.output.origins import DEFAULT
from experiments.report.blocks import Block, Column, Section, Table, Text


def on_record(folder: Folder) -> list[Section]:
    """Return the fields that were set, each with who set it and what is said of it, and the defaults, grouped.

    Nothing of a study without a scenario, or a manifest that does not say.
    """
    rows: list[dict[str, Any]] = folder.manifest.get("assumptions") or []
    if not rows:
        return []
    chosen = [row for row in rows if row["set_by"] != DEFAULT]
    defaults = [row for row in rows if row["set_by"] == DEFAULT]
    files = [f"`{it['name']}`" for it in folder.manifest.get("scenario_source") or ()]
    whole = f" The whole text of {' and '.join(files)} stands in `manifest.json`." if files else ""
    about = Text(f"Of {len(rows)} values {len(chosen)} were set, by a scenario file, the command line, the design or "
                 f"the study; {len(defaults)} are defaults.{whole}")
    blocks: list[Block] = [about]
    if chosen:
        blocks.append(_set(chosen))
    if defaults:
        blocks.append(_defaults(defaults))
    return [Section("assumptions", "Assumptions on record", tuple(blocks))]


def _set(rows: list[dict[str, Any]]) -> Table:
    heads = tuple(Column(head, words=True) for head in ("field", "value", "set by", "what is said of it"))
    cells = tuple((row["path"], _text(row["value"]), row["set_by"], row["source"]) for row in rows)
    return Table("assumptions-set", f"Values that were set: {len(rows)}.", heads, cells, folded=True)


def _defaults(rows: list[dict[str, Any]]) -> Table:
    """Defaults of fields of one name and value in one row, whatever firm, offer or class they are of."""
    counts = Counter((row["path"].rpartition(".")[2], _text(row["value"]), row["source"]) for row in rows)
    cells = tuple((name, value, str(count), source) for (name, value, source), count in sorted(counts.items()))
    heads = (Column("field", words=True), Column("default", words=True), Column("places"), Column("source", words=True))
    caption = f"Defaults, by field and value: {len(rows)} values in {len(cells)} rows."
    return Table("assumptions-defaults", caption, heads, cells, folded=True)


def _text(value: Any) -> str:  # noqa: ANN401 - what JSON may hold
    if isinstance(value, dict):
        return ", ".join(f"{name} = {_text(it)}" for name, it in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(_text(it) for it in value) or "none"
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None else str(value)
