"""The study ``invasion``: which routing rules keep their customers, and whether the efficient one does."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from experiments.report.pieces import Legend
from experiments.studies.study import Check, Look
from experiments.verdicts.verdict_study import VerdictStudy

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.designs.factor import Factor
    from experiments.output.folder import Folder
    from experiments.store.results import Results
    from experiments.studies.invasion.design import Invasion
    from experiments.studies.invasion.measures import Invaded
    from experiments.verdicts.deciding import Statistics
    from experiments.verdicts.robustness import At


class InvasionStudy(VerdictStudy["Invasion", "Invaded"]):
    """Which routing rules keep their customers, and which take those of others, over the same providers.

    Every rule meets every other as a marketplace with a twentieth of the customers, and itself, where nothing but luck
    may move anybody. The verdict is on the efficient rule: whether it keeps its customers, and its prices.
    """

    name = "invasion"
    summary = "let each routing rule try to win the customers of each other"
    title = "Is the efficient routing rule stable?"
    scenario = "invasion"
    replications = 10
    legends: ClassVar[Mapping[str, Legend]] = {"invasion": Legend(
        "The invader's share of customers on the last day, with 95 % intervals over seeds. Colour: its log odds less "
        "those of newcomers with the incumbent's own rule, on the same draws; so the diagonal is white.",
        "A square of final shares by incumbent and invader; the values stand in the table of pairs")}
    rungs: ClassVar[Mapping[str, str]] = {
        "L1": "at list prices no host answers newcomers, so that they alone pay for not looking at prices",
        "L2": "under uniform routing all marketplaces are one: the control",
    }
    limits = (
        "How customers weigh price and waiting, how often they reconsider and what staying is worth are assumptions; "
        "they reconsider about once in a run, which moves part of them.",
        "The efficient rule is that of the customers' own weights: what they pay is the hosts' revenue, not a cost.",
        "The market is small: six hosts and two open models, whose sellers answer the rules that they are told.",
        "Tails are those of simulated requests, a few thousand a day.")
    known = (
        "Varian (1980): sellers who have customers that look at no price beside those who take the cheapest.",
        "Maskin and Tirole (1988): prices that go in cycles, undercut by undercut, until one seller relents.",
        "pluriholonomic/ai-routing: what a router's rule does on a real platform.")

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the rules."""
        from experiments.studies.invasion.design import RULES

        parser.add_argument("--rules", metavar="A,B", default=",".join(RULES),
                            help="routing policies that meet each other (default: %(default)s)")

    def design(self, arguments: argparse.Namespace) -> Invasion:
        """Return what the command line asks for; the seed is the rule's unless one is given."""
        from experiments.cli.options import listed, market_scenario
        from experiments.studies.invasion.design import Invasion
        from sim.scenario.load import override

        scenario = market_scenario(arguments)
        if arguments.seed is None:
            scenario = override(scenario, [f"seed={self.rule.seed}"])
        return Invasion(scenario, listed(arguments.rules, ()), arguments.replications)

    def quick(self, design: Invasion) -> Look[Invasion]:
        """Return the first two rules for two months, once."""
        from experiments.studies.invasion.design import look_at

        return look_at(design)

    def read(self, scenario: Any, parameters: Mapping[str, Any]) -> Invasion:  # noqa: ANN401 - checked when read
        """Return the design of a manifest."""
        from experiments.studies.invasion.design import Invasion

        return Invasion(scenario, tuple(parameters["rules"]), parameters["replications"])

    def find(self, design: Invasion, results: Results | None, check: Check) -> Invaded:
        """Return who was where at the end, and on what terms."""
        from experiments.studies.invasion.measures import invaded

        assert results is not None
        return invaded(design, results)

    def own_tables(self, found: Invaded) -> dict[str, DataFrame]:
        """Return ``summary``, a row a rule, and ``pairs``."""
        from experiments.studies.invasion.meeting_tables import pairs, summary

        return {"summary": summary(found), "pairs": pairs(found)}

    def draw_found(self, found: Invaded, folder: Path) -> None:
        """Draw who takes how much of whom."""
        from experiments.studies.invasion.figures import draw

        draw(found, folder)

    def statistics(self, found: Invaded) -> Statistics:
        """Return how many others the efficient rule resists, and what all pay more beside them."""
        return {"resisted": found.resisted(), "paid_more": found.paid_more()}

    def control(self, found: Invaded) -> Sequence[float]:
        """Return what newcomers won who differ in nothing."""
        return found.won_by_the_same()

    def inputs_alone(self, found: Invaded) -> Mapping[str, Sequence[float]]:
        """Return closed forms (nobody wins on equal terms; lax newcomers let all prices rise), and what is found."""
        from experiments.studies.invasion.lax_demand import all_pay_more, relents_below

        scenario, lax = found.design.scenario, found.planned
        hosts = scenario.supply.firms.values()
        ceiling = max(float(host.pricing.parameters.get("ceiling_markup", 1.0)) for host in hosts)
        return {"L0 long-run share of newcomers on equal terms (E91)": [lax],
                "L0 paid_more beside newcomers who look at no price, hosts alike (E162)": [all_pay_more(lax, ceiling)],
                "L0 price over cost below which hosts relent (P9)": [relents_below(lax, ceiling, len(hosts))],
                **{f"L3 {name}: all": values for name, values in self.statistics(found).items()}}

    def is_full(self, design: Invasion) -> str:
        """Say what lacks to the smallest full design."""
        from experiments.studies.invasion.design import DAYS, REVIEWS_PER_MONTH, RULES

        missing = [rule for rule in RULES if rule not in design.rules]
        if missing:
            return f"without the rules {', '.join(missing)}"
        days, reviews = design.scenario.horizon.days, design.scenario.marketplace_choice.reviews_per_month
        if days < DAYS:
            return f"{days} days of {DAYS}"
        return "" if reviews >= REVIEWS_PER_MONTH else f"{reviews:g} reviews a month of {REVIEWS_PER_MONTH:g}"

    def assumptions(self, design: Invasion) -> tuple[Sequence[Factor], At]:
        """Return how many newcomers there are and what hosts may ask, and both statistics in closed form."""
        from experiments.designs.factor import Factor
        from experiments.studies.invasion.lax_demand import expected

        factors = [Factor("newcomers_share", (), 0.01, 0.2, "log"), Factor("ceiling_markup", (), 1.5, 10.0, "log")]
        return factors, lambda point: expected(
            design.rules, float(point["newcomers_share"]), float(point["ceiling_markup"]))

    def built_so(self) -> Invaded:
        """Return a world in which newcomers leave the cheapest rule's prices and customers alone."""
        from experiments.studies.invasion.worlds_of_two import two_rules

        return two_rules(True, self.rule.seeds)

    def opposite(self) -> Invaded:
        """Return a world in which newcomers who look at no price make all pay half as much again."""
        from experiments.studies.invasion.worlds_of_two import two_rules

        return two_rules(False, self.rule.seeds)

    def sentences(self, folder: Folder) -> list[str]:
        """Return who is efficient, and what opened beside it did."""
        from experiments.studies.invasion.words import sentences

        return sentences(folder)


STUDY: Final = InvasionStudy()
