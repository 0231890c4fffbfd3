"""The study ``price_war``: whether the marketplace's rule sets the price level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from experiments.report.pieces import Legend
from experiments.studies.study import Check
from experiments.verdicts.assumed_study import AssumedStudy, Forms

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.designs.factor import Factor
    from experiments.output.folder import Folder
    from experiments.store.results import Results
    from experiments.studies.price_war.design import PriceWar
    from experiments.studies.price_war.measures import FoundWar
    from experiments.verdicts.deciding import Statistics
    from experiments.verdicts.robustness import At


class PriceWarStudy(AssumedStudy["PriceWar", "FoundWar"]):
    """Whether prices of hosts are what the marketplace's rule makes them, or what anything else does."""

    name = "price_war"
    summary = "whether the marketplace's rule sets the price level"
    title = "Does the rule set the price?"
    quick_seeds = 1
    legends: ClassVar = {
        "price_war": Legend(
            "Left: price over cost where all demand is routed, capacity is ample and nobody fails, with 95 % intervals "
            "over seeds, beside the inputs alone (closed forms; of the curve of autumn 2026 best answers in turn). "
            "Right: whose main effect how much of the variance over the whole grid is.",
            "A dot chart of prices over cost by number of hosts for three rules, told and learned, and a bar chart of "
            "shares of variance; the values stand in the table"),
    }
    rungs: ClassVar[Mapping[str, str]] = {
        "L1": "at list prices no price answers a rule, so that none has a share",
        "L2": "under uniform routing all prices are the ceiling: the control",
    }
    limits = (
        "A share of variance depends on the levels of the grid: 1/p^2 and 1/p^8 are far apart, 3 and 10 hosts too.",
        "Hosts are alike and sell one model on a desk without serving; an outage lasts a day, and nothing queues.",
        "Hosts look within 40 % of their own price: none leaves the others to live on those who are not routed.",
        "Who thinks of entering expects what hosts earn now, shared with one more, and does not foresee lower prices.",
        "Robustness is by the inputs alone: closed forms, without learning, outages or full hosts.",
    )
    known = (
        "The price of a 1/p^k router, its floor k/(k - 1), elastic demand and static excess entry were first in "
        "pluriholonomic/ai-routing. Excess entry: Mankiw and Whinston, RAND Journal of Economics 17 (1986). "
        "The curve: OpenRouterTeam/docs@3634e3c.",
    )

    def forms(self) -> Forms:
        """Return the classes of its design and its assumptions."""
        from experiments.studies.price_war.assumed import PriceWarAssumptions
        from experiments.studies.price_war.design import PriceWar

        return Forms(PriceWar, PriceWarAssumptions)

    def find(self, design: PriceWar, results: Results | None, check: Check) -> FoundWar:
        """Return the ends of every seed's seasons."""
        from experiments.studies.price_war.measures import find_war

        return find_war(design, check)

    def own_tables(self, found: FoundWar) -> dict[str, DataFrame]:
        """Return ``summary``: a row a quantity."""
        from experiments.studies.price_war.measures import summary

        return {"summary": summary(found)}

    def statistics(self, found: FoundWar) -> Statistics:
        """Return the rule's share of variance and the least fall of prices, by seed."""
        from experiments.studies.price_war.measures import statistics

        return statistics(found)

    def control(self, found: FoundWar) -> Sequence[float]:
        """Return how far below the ceiling prices end under random routing."""
        from experiments.studies.price_war.measures import control

        return control(found)

    def inputs_alone(self, found: FoundWar) -> Mapping[str, Sequence[float]]:
        """Return what the rule compares by closed forms, and in seasons."""
        from experiments.studies.price_war.measures import compared, known

        alone = {f"L0 {name}: closed forms": [value] for name, value in compared(known(found.assumed)).items()}
        return {**alone, **{f"L3 {name}: seasons": values for name, values in self.statistics(found).items()}}

    def assumptions(self, design: PriceWar) -> tuple[Sequence[Factor], At]:
        """Return all assumptions that have a range."""
        from functools import partial

        from experiments.studies.assuming import factors_in
        from experiments.studies.price_war.measures import statistics_at

        return factors_in(design.assumed), partial(statistics_at, design)

    def draw_found(self, found: FoundWar, folder: Path) -> None:
        """Draw prices by rule and hosts, and whose doing they are."""
        from experiments.studies.price_war.figures import draw

        draw(found, folder)

    def sentences(self, folder: Folder) -> list[str]:
        """Return what rules make of prices."""
        from experiments.studies.price_war.words import sentences

        return sentences(folder)

    def built_so(self) -> FoundWar:
        """Return a world in which prices are what the rule makes them, whatever else there is."""
        from experiments.studies.price_war.worlds_of_prices import world

        return world(self.rule.seeds, by_rule=True)

    def opposite(self) -> FoundWar:
        """Return a world in which prices follow the number of hosts, and no rule."""
        from experiments.studies.price_war.worlds_of_prices import world

        return world(self.rule.seeds, by_rule=False)


STUDY: Final = PriceWarStudy()
