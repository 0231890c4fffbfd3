"""The study ``cdn``: whether inference is a CDN, in which tenants share one model's GPUs and do not notice."""

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
    from experiments.studies.cdn.design import SharedPools
    from experiments.studies.cdn.measures import PoolsFound
    from experiments.verdicts.deciding import Statistics
    from experiments.verdicts.robustness import At

LOOK_S: Final = 4000.0  # simulated by a look
LOOK_SEEDS: Final = 2


class CdnStudy(VerdictStudy["SharedPools", "PoolsFound"]):
    """Capacity that tenants need who share a pool, against pools of their own, at equal waits for the first token.

    And what a tenant of such a pool notices of a neighbour that sends the same requests in larger bursts.
    """

    name = "cdn"
    summary = "tenants who share one model's GPUs against pools of their own"
    title = "Is inference a CDN?"
    scenario = "cdn"
    replications = 10
    legends: ClassVar[Mapping[str, Legend]] = {"cdn": Legend(
        "Left: capacity that is saved by tenants who share a pool, at equal p99 of the time to the first token; lines "
        "from the inputs alone (E100 to E102), dots simulated, with 95 % intervals over seeds. Right: that p99 by "
        "slots a tenant; where a curve crosses the dotted line is what the tenancy needs.",
        "A chart of capacity saved over the number of tenants, a line for each correlation of their bursts, and a "
        "chart of waits over slots for three tenancies; the values stand in the table")}
    rungs: ClassVar[Mapping[str, str]] = {
        "L1": "tenants are given: no demand answers a price",
        "L2": "a pool serves who comes first: there is no routing to make uniform",
    }
    limits = (
        "Slots are servers of a queue: a step lasts as long whatever it holds, so that larger batches make nobody "
        "slower. What whole replicas save beside is told in a column of its own.",
        "Bursts are on and off, with one length; ServeGen's clients also change over hours, which all of them share.",
        "One queue for all: a host that gives each tenant a quota has a different neighbour.")
    known = (
        "Square-root staffing: S. Halfin and W. Whitt, Heavy-traffic limits for queues with many exponential servers, "
        "Operations Research 29 (1981).",
        "Peakedness in place of Poisson: W. S. Hayward's approximation, in A. A. Fredericks, Congestion in blocking "
        "systems, Bell System Technical Journal 59 (1980).",
        "Clients of inference workloads: ServeGen, arXiv 2505.09999.")

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add tenants, correlations and assumptions."""
        parser.add_argument("--tenants", default="1,5,20", metavar="N,M",
                            help="tenants of the shared pools, 1 and 20 among them (default: %(default)s)")
        parser.add_argument("--correlations", default="0,0.1,0.5", metavar="X,Y",
                            help="correlations of their bursts (default: %(default)s)")
        parser.add_argument("--assume", action="append", default=[], metavar="NAME=VALUE",
                            help="change an assumption, such as correlation=0.4; may be repeated")

    def design(self, arguments: argparse.Namespace) -> SharedPools:
        """Return what the command line asks for; the seed is the rule's unless one is given."""
        from experiments.cli.options import numbers, traffic_scenario, whole_numbers
        from experiments.studies.cdn.assumed import SharedPool
        from experiments.studies.cdn.design import SharedPools
        from sim.scenario.load import override, read_as

        scenario = traffic_scenario(arguments)
        if arguments.seed is None:
            scenario = override(scenario, [f"seed={self.rule.seed}"])
        assumed = read_as(SharedPool, {}, arguments.assume, source="--assume")
        return SharedPools(scenario, assumed, whole_numbers(arguments.tenants, "--tenants"),
                           numbers(arguments.correlations, "--correlations"), arguments.replications)

    def read(self, scenario: Any, parameters: Mapping[str, Any]) -> SharedPools:  # noqa: ANN401 - checked when read
        """Return the design of a manifest."""
        from experiments.studies.cdn.assumed import SharedPool
        from experiments.studies.cdn.design import SharedPools

        return SharedPools(scenario, SharedPool.model_validate(parameters["assumed"]), tuple(parameters["tenants"]),
                           tuple(parameters["correlations"]), parameters["replications"])

    def quick(self, design: SharedPools) -> Look[SharedPools]:
        """Return a look: two seeds of a shorter run, of 20 tenants and one."""
        from dataclasses import replace

        from experiments.studies.looks import as_look

        scenario = as_look(design.scenario, f"traffic.duration_s={LOOK_S}")
        design = replace(design, scenario=scenario, tenants=(1, 20), correlations=(), replications=LOOK_SEEDS)
        return Look(design, f"{LOOK_SEEDS} seeds of {LOOK_S:g} s in place of {self.rule.seeds} of 20,000 s, and no "
                    "correlation but the assumed one")

    def find(self, design: SharedPools, results: Results | None, check: Check) -> PoolsFound:
        """Find what each tenancy needs."""
        from experiments.studies.cdn.measures import found_in

        assert results is not None
        return found_in(design, results)

    def own_tables(self, found: PoolsFound) -> dict[str, DataFrame]:
        """Return ``summary``, a row a tenancy, and ``waits``, a row a run."""
        from experiments.studies.cdn.measures import summary

        return {"summary": summary(found), "waits": found.waits}

    def draw_found(self, found: PoolsFound, folder: Path) -> None:
        """Draw savings and waits."""
        from experiments.studies.cdn.figures import draw

        draw(found, folder)

    def statistics(self, found: PoolsFound) -> Statistics:
        """Return the saving of 20 tenants, and a tenant's wait beside a bursting neighbour."""
        from experiments.studies.cdn.design import MANY, SHARED, Cell

        return {"saving_at_20": found.saving(Cell(SHARED, MANY, found.assumed.correlation)),
                "neighbour_p99_ratio": list(found.beside)}

    def control(self, found: PoolsFound) -> Sequence[float]:
        """Return the saving of a pool of one."""
        from experiments.studies.cdn.design import SHARED, Cell

        return found.saving(Cell(SHARED, 1, found.assumed.correlation))

    def inputs_alone(self, found: PoolsFound) -> Mapping[str, Sequence[float]]:
        """Return both statistics in closed form; there is no market whose rungs could add to them."""
        from experiments.studies.cdn.measures import closed_form

        alone = {f"L0 {name}": [value] for name, value in closed_form(found.assumed).items()}
        return {**alone, **{f"L3 {name}": values for name, values in self.statistics(found).items()}}

    def is_full(self, design: SharedPools) -> str:
        """Say what lacks to the smallest full design."""
        from experiments.studies.cdn.design import CORRELATIONS, DURATION_S, TENANTS

        if not set(TENANTS) <= set(design.tenants) or not set(CORRELATIONS) <= set(design.correlations):
            return "fewer tenancies than the smallest full design has"
        duration = design.scenario.traffic.duration_s
        return "" if duration >= DURATION_S else f"{duration:g} s of {DURATION_S:g} s"

    def assumptions(self, design: SharedPools) -> tuple[Sequence[Factor], At]:
        """Return the assumptions with ranges, and both statistics in closed form."""
        from experiments.designs.factor import Factor
        from experiments.studies.cdn.measures import closed_form

        factors = []
        for name, info in type(design.assumed).model_fields.items():
            extra = info.json_schema_extra
            if isinstance(extra, dict) and isinstance(extra.get("sweep"), dict):
                sweep: Any = extra["sweep"]
                factors.append(Factor(name, (), sweep["low"], sweep["high"], sweep["scale"]))
        return factors, lambda point: closed_form(design.assumed.model_copy(update=dict(point)))

    def built_so(self) -> PoolsFound:
        """Return tenants whose bursts are independent, and a neighbour that bursts as all do."""
        from experiments.studies.cdn.assumed import SharedPool
        from experiments.studies.cdn.measures import world
        from experiments.studies.cdn.square_root import burst_factor

        apart = SharedPool(correlation=0.0)
        return world(apart.model_copy(update={"neighbour_factor": burst_factor(apart)}), self.rule.seeds)

    def opposite(self) -> PoolsFound:
        """Return tenants who all burst at once."""
        from experiments.studies.cdn.assumed import SharedPool
        from experiments.studies.cdn.measures import world

        return world(SharedPool(correlation=1.0), self.rule.seeds)

    def sentences(self, folder: Folder) -> list[str]:
        """Return what the table says, in sentences."""
        from experiments.studies.cdn.words import sentences

        return sentences(folder)


STUDY: Final = CdnStudy()
