"""The grid of ``price_war``: which rule, how many hosts, and what else might set prices."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final, NamedTuple

from providers.pricing.sold_through import PriceRule, Rules

if TYPE_CHECKING:
    from experiments.studies.price_war.assumed import PriceWarAssumptions

LAX, STRICT, AUTUMN, RANDOM = "1/p^k, lax", "1/p^k, strict", "curve of autumn 2026", "random"
FEW, MANY, ENTRY = "few", "many", "free entry"
RULES: Final = (LAX, STRICT, AUTUMN)
LEVELS: Final = {"rule": RULES, "hosts": (FEW, MANY, ENTRY), "all_routed": (True, False), "ample": (True, False),
                 "outages": (False, True), "told": (True, False)}


class WarCell(NamedTuple):
    """One cell of the grid.

    Attributes
    ----------
    rule
        Which rule places what is routed.
    hosts
        Few, many, or free entry from few on.
    all_routed
        Whether all demand is routed by the rule; else the rest is spread evenly whatever hosts charge.
    ample
        Whether capacity is ample, or tight.
    outages
        Whether hosts are down on some days.
    told
        Whether hosts are told the rules, or learn from their shares what price does.
    """

    rule: str
    hosts: str
    all_routed: bool
    ample: bool
    outages: bool
    told: bool


def cells(rules: tuple[str, ...] = RULES) -> list[WarCell]:
    """Return all cells with these rules, the last factor changing fastest."""
    others = [levels for name, levels in LEVELS.items() if name != "rule"]
    return [WarCell._make(values) for values in product(rules, *others)]


def rules_of(cell: WarCell, assumed: PriceWarAssumptions) -> Rules:
    """Return what places a cell's demand: its rule, and for those who are not routed one that ignores prices."""
    share = 1.0 if cell.all_routed else assumed.routed
    return Rules((placing(cell.rule, share, assumed), PriceRule(1.0 - share)))


def placing(rule: str, share: float, assumed: PriceWarAssumptions) -> PriceRule:
    """Return a rule by its name, over a share of demand; hosts are as fast as each other."""
    from policies.openrouter_adjusted import OpenRouterAdjusted
    from policies.openrouter_curve import DISTANCES, PREFERENCES
    from sim.price_response import DrawnCurve

    if rule == AUTUMN:
        return PriceRule(share, curve=DrawnCurve(DISTANCES, PREFERENCES, OpenRouterAdjusted().exploration, 0.0))
    return PriceRule(share, {LAX: assumed.lax, STRICT: assumed.strict, RANDOM: 0.0}[rule])
