"""The study ``elasticities``: what regressions on a platform's data say of demand, where demand is known."""

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
    from experiments.studies.elasticities.design import KnownDemand
    from experiments.studies.elasticities.measures import FoundSlopes
    from experiments.verdicts.deciding import Statistics
    from experiments.verdicts.robustness import At


class ElasticitiesStudy(AssumedStudy["KnownDemand", "FoundSlopes"]):
    """What published regressions of usage on price identify, on data whose demand and router's rule are known."""

    name = "elasticities"
    summary = "what regressions of usage on price identify, on a platform whose demand is known"
    title = "What do platform regressions identify?"
    quick_seeds = 8
    legends: ClassVar = {
        "elasticities": Legend(
            "Estimates of every seed (grey), their means with 95 % intervals, and what is true (bars). Left: slopes; "
            "what is true is demand's own. Right: the share that is routed, got back from them.",
            "Two dot charts of estimates by seed beside true values; means and intervals stand in the table"),
    }
    rungs: ClassVar[Mapping[str, str]] = {
        "L1": "demand's own slope is 0 in the world that is asked about",
    }
    limits = (
        "Data are drawn from assumptions, not from the market's engine: there are no outages, queues or caches, and "
        "the rule looks at prices alone.",
        "Who chooses a host does not look at its price, unless `platform.own_elasticity` says so: then a slope mixes "
        "both, and levels take price-conscious choosers for routed ones.",
        "The instrument moves costs and nothing else; real shocks to rents move all hosts of a GPU's type at once.",
    )
    known = (
        "The regressions: Demirer, Fradkin, Tadelis and Peng, NBER w34608 (-1.11), and pluriholonomic/ai-routing "
        "(-1.15 ± .09), which set the router's response beside the customers' before us. Prices of hosts whose "
        "customers are routed, as a game: PriLLM (Guo, Bai and Jin, arXiv 2511.09062).",
        "Clustered errors: Cameron and Miller (2015). Instruments: two-stage least squares with one instrument.",
    )

    def forms(self) -> Forms:
        """Return the classes of its design and its assumptions."""
        from experiments.studies.elasticities.assumed import PlatformAssumptions
        from experiments.studies.elasticities.design import KnownDemand

        return Forms(KnownDemand, PlatformAssumptions)

    def find(self, design: KnownDemand, results: Results | None, check: Check) -> FoundSlopes:
        """Return the estimates of every seed."""
        from experiments.studies.elasticities.measures import find_slopes

        return find_slopes(design.assumed, design.seed, design.replications, check)

    def own_tables(self, found: FoundSlopes) -> dict[str, DataFrame]:
        """Return ``summary``: a row an estimator."""
        from experiments.studies.elasticities.measures import summary

        return {"summary": summary(found)}

    def statistics(self, found: FoundSlopes) -> Statistics:
        """Return by seed whether the slope is apart from demand, and the routed share covered."""
        from experiments.studies.elasticities.measures import statistics

        return statistics(found)

    def control(self, found: FoundSlopes) -> Sequence[float]:
        """Return the instrumented slope less demand's own, where all is placed at random."""
        from experiments.studies.elasticities.measures import control

        return control(found)

    def inputs_alone(self, found: FoundSlopes) -> Mapping[str, Sequence[float]]:
        """Return the slope that the rule alone makes, -k phi, and the one that is found."""
        exponent = found.assumed.platform.exponent
        return {"L0 slope from k and the routed share alone": [-exponent * it.routed for it in found.with_rule],
                "L2 instrumented slope less demand's own, all placed at random": self.control(found),
                "L3 slope by least squares": [it.least_squares.value for it in found.with_rule]}

    def assumptions(self, design: KnownDemand) -> tuple[Sequence[Factor], At] | None:
        """Return all assumptions that have a range; a look does not ask."""
        from functools import partial

        from experiments.studies.assuming import factors_in
        from experiments.studies.elasticities.measures import statistics_at

        if design.replications <= self.quick_seeds:
            return None
        return factors_in(design.assumed), partial(statistics_at, design)

    def draw_found(self, found: FoundSlopes, folder: Path) -> None:
        """Draw the estimates beside what is true."""
        from experiments.studies.elasticities.figures import draw

        draw(found, folder)

    def sentences(self, folder: Folder) -> list[str]:
        """Return what the regressions say, and what is true."""
        from experiments.studies.elasticities.words import sentences

        return sentences(folder)

    def built_so(self) -> FoundSlopes:
        """Return a world in which nobody looks at prices but the router, and nobody's popularity moves much."""
        return self._world({"routed": 0.57}, {"answer": 0.0, "liking_sd": 0.1})

    def opposite(self) -> FoundSlopes:
        """Return a world in which next to nothing is routed by price and customers look at prices themselves."""
        return self._world({"routed": 1e-4, "own_elasticity": 1.1}, {"answer": 0.0, "liking_sd": 0.1})

    def _world(self, platform: dict[str, float], prices: dict[str, float]) -> FoundSlopes:
        from experiments.studies.elasticities.assumed import PlatformAssumptions
        from experiments.studies.elasticities.measures import find_slopes

        small = {"weeks": 26, **platform}
        assumed = PlatformAssumptions.model_validate({"platform": small, "prices": prices})
        return find_slopes(assumed, self.rule.seed + 1, self.rule.seeds // 4, lambda: None)


STUDY: Final = ElasticitiesStudy()
