"""The section of a write-up that says which gates the market passed, from its certificate."""

from typing import Final

from experiments.output.folder import Folder
from experiments.report.blocks import Block, Column, Section, Table, Text
from experiments.report.numbers import NONE
from experiments.validation.gates.certificate import status_in

ABOUT: Final = ("Gates ask whether a market is one: whether customers face different prices, whether the router's rule "
                "and costs reach prices, whether entry is free, and whether some uses buy nothing "
                "(`docs/validation.md`).")


def of_gates(folder: Folder) -> list[Section]:
    """Return what the certificate says of the market; nothing of a folder without one."""
    if "customers" not in folder.scenario:
        return []
    status = status_in(folder.manifest)
    blocks: list[Block] = [Text(f"{status.sentence[:1].upper()}{status.sentence[1:]}. {ABOUT}")]
    if status.gates:
        heads = (Column("gate", words=True), Column("value ± standard error"), Column("band", words=True),
                 Column("verdict", words=True), Column("note", words=True, sentences=True))
        cells = tuple((it.gate, it.value or NONE, it.band, it.said, it.note) for it in status.gates)
        blocks.append(Table("gates", "Gates of this market: means over seeds.", heads, cells))
    return [Section("gates", "Gates", tuple(blocks))]
