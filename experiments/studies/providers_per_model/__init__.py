"""The study ``providers_per_model``: whether minimum efficient scale explains how many hosts models have."""

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
    from experiments.studies.providers_per_model.design import DrawnModels
    from experiments.studies.providers_per_model.measures import FoundHosts
    from experiments.verdicts.deciding import Statistics
    from experiments.verdicts.robustness import At


class ProvidersPerModelStudy(AssumedStudy["DrawnModels", "FoundHosts"]):
    """Whether a fixed cost of each host, and nothing else, gives models as many hosts as were observed."""

    name = "providers_per_model"
    summary = "whether minimum efficient scale explains how many hosts a model has"
    title = "How many hosts does a model carry?"
    quick_seeds = 3
    legends: ClassVar = {
        "providers_per_model": Legend(
            "Models with so many hosts or more, with 95 % intervals over seeds, at unequal and at equal demand, and "
            "what was observed; the mean number of hosts is the observed one in both.",
            "A line chart of how many models have a number of hosts or more, on logarithmic axes; quantiles stand in "
            "the table"),
    }
    rungs: ClassVar[Mapping[str, str]] = {
        "L2": "a rule that does not look at prices leaves hosts none to settle on",
        "L3": "hosts that differ, choose several models and leave are the whole market's (docs/market/supply.md)",
    }
    limits = (
        "All hosts are alike, enter for one model at a time and stay; the default market has entry of its own.",
        "Demand per model is of early 2025, hosts are of November 2026.",
        "Closed models have one seller here; some are sold by clouds as well.",
    )
    known = (
        "Free entry under a 1/p^k rule in closed form: pluriholonomic/ai-routing. Demand per model: Fradkin, arXiv "
        "2504.15440. More than twenty providers of some open models: NBER w34608.",
    )

    def forms(self) -> Forms:
        """Return the classes of its design and its assumptions."""
        from experiments.studies.providers_per_model.assumed import HostAssumptions
        from experiments.studies.providers_per_model.design import DrawnModels

        return Forms(DrawnModels, HostAssumptions)

    def find(self, design: DrawnModels, results: Results | None, check: Check) -> FoundHosts:
        """Return hosts of every seed's models."""
        from experiments.studies.providers_per_model.measures import find_hosts

        return find_hosts(design, check)

    def own_tables(self, found: FoundHosts) -> dict[str, DataFrame]:
        """Return ``summary``: a row a fact."""
        from experiments.studies.providers_per_model.measures import summary

        return {"summary": summary(found)}

    def statistics(self, found: FoundHosts) -> Statistics:
        """Return the largest error of what was not used, by seed."""
        from experiments.studies.providers_per_model.measures import statistics

        return statistics(found)

    def control(self, found: FoundHosts) -> Sequence[float]:
        """Return the share of open models with fewer than all hosts though there is no fixed cost."""
        from experiments.studies.providers_per_model.measures import control

        return control(found)

    def inputs_alone(self, found: FoundHosts) -> Mapping[str, Sequence[float]]:
        """Return the error with the mean alone, demand being the same for all models, and as unequal as it is."""
        from experiments.studies.providers_per_model.measures import worst

        return {"L0 worst: demand the same for all": [worst(hosts) for hosts in found.equal],
                "L1 worst: demand as unequal as published": [worst(hosts) for hosts in found.unequal]}

    def assumptions(self, design: DrawnModels) -> tuple[Sequence[Factor], At]:
        """Return all assumptions that have a range."""
        from functools import partial

        from experiments.studies.assuming import factors_in
        from experiments.studies.providers_per_model.measures import statistics_at

        return factors_in(design.assumed), partial(statistics_at, design)

    def draw_found(self, found: FoundHosts, folder: Path) -> None:
        """Draw how many models have so many hosts or more."""
        from experiments.studies.providers_per_model.figures import draw

        draw(found, folder)

    def sentences(self, folder: Folder) -> list[str]:
        """Return each number that was not used beside what was observed."""
        from experiments.studies.providers_per_model.words import sentences

        return sentences(folder)

    def built_so(self) -> FoundHosts:
        """Return a world with the observed numbers: 82 models of three hosts or more, a tenth of seven, one of 27."""
        return self._world([27, *[7] * 33, *[3] * 48, *[1] * 241])

    def opposite(self) -> FoundHosts:
        """Return a world in which every model has three hosts."""
        return self._world([3] * 323)

    def _world(self, hosts: list[int]) -> FoundHosts:
        import numpy as np

        from experiments.studies.providers_per_model.assumed import HostAssumptions
        from experiments.studies.providers_per_model.measures import FoundHosts

        rows, usual = (np.array(hosts),) * self.rule.seeds, HostAssumptions()
        return FoundHosts(rows, rows, (np.full(200, usual.hosts),) * self.rule.seeds, usual.hosts)


STUDY: Final = ProvidersPerModelStudy()
