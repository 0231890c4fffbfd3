"""Worlds that are as the claim of ``price_war`` has it, and as its opposite has it."""

from __future__ import annotations

import math
from typing import Final

from experiments.studies.price_war.assumed import PriceWarAssumptions
from experiments.studies.price_war.measures import FoundWar
from experiments.studies.price_war.rule_season import SeasonEnd
from experiments.studies.price_war.war_cells import ENTRY, FEW, LAX, MANY, RANDOM, STRICT, cells

BY_RULE: Final = {LAX: 2.0, STRICT: 1.2}  # price over cost; of other rules 1.6
BY_HOSTS: Final = {FEW: 3.0, MANY: 2.0, ENTRY: 1.5}


def world(seeds: int, *, by_rule: bool) -> FoundWar:
    """Return a world whose prices are set by the rule alone, or by the number of hosts alone."""
    given = PriceWarAssumptions()
    seed = {cell: _end(BY_RULE.get(cell.rule, 1.6) if by_rule else BY_HOSTS[cell.hosts]) for cell in cells()}
    random = {cell: _end(given.ceiling) for cell in cells((RANDOM,))}
    return FoundWar((seed,) * seeds, (random,) * seeds, given)


def _end(price: float) -> SeasonEnd:
    return SeasonEnd(math.log(price), 1.0, 1.0, 5.0, 0.25, 0.1)
