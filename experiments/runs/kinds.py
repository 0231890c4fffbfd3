"""Kinds of runs: what is run, and which tables are kept of it. A row here is all that a new kind needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sim.errors import ScenarioError

if TYPE_CHECKING:
    from pandas import DataFrame

    from sim.market.result import MarketResult
    from sim.scenario import Kind, MarketScenario, TrafficScenario

Progress = Callable[[float], None]  # told the share of the run that is done
Play = Callable[[Any, int, Progress | None], "dict[str, DataFrame]"]  # of a scenario and a replication


@dataclass(frozen=True)
class RunKind:
    """What is run, and which tables are kept of it.

    Attributes
    ----------
    play
        Runs a scenario with the streams of a replication, and reduces it to its tables.
    of
        What its scenarios describe: traffic, or a market.
    """

    play: Play
    of: "Kind"

    def prepare(self, scenario: Any) -> None:  # noqa: ANN401 - of either form
        """Assemble the world and throw it away: what does not fit shows before anything is compiled or run.

        Raises
        ------
        MarketError
            If something in the scenario is wrong.
        """
        if self.of == "market":
            from experiments.runs.run_market import stage

            # the reference engine, which needs no compiling to say that something does not fit
            stage(scenario.model_copy(update={"engine": "reference"}))
            return
        from experiments.runs.run_traffic import assemble

        assemble(scenario)

    def invariants(self) -> tuple[str, ...]:
        """Return the names of what is checked after every run."""
        from sim.engines.invariants import INVARIANTS

        if self.of == "traffic":
            return tuple(sorted(INVARIANTS))
        from sim.market.market_invariants import CHECKS

        return tuple(dict.fromkeys([*INVARIANTS, *CHECKS]))

    def with_policy(self, scenario: dict[str, Any], policy: Mapping[str, Any]) -> None:
        """Put a policy in the place of that of every router of a plain scenario."""
        for router in [scenario["router"]] if self.of == "market" else scenario["routers"].values():
            router["policy"] = dict(policy)

    def is_compiled(self, scenario: Any) -> bool:  # noqa: ANN401 - of either form
        """Return whether a scenario is run by the compiled engine."""
        engine = scenario.engine if self.of == "market" else scenario.traffic.engine
        return bool(engine == "compiled")


def _traffic(scenario: "TrafficScenario", replication: int, progress: Progress | None) -> "dict[str, DataFrame]":
    from experiments.runs.run_traffic import run_traffic
    from experiments.store.tables import traffic_tables

    traffic = scenario.traffic
    longest_s = traffic.duration_s + traffic.drain_s
    return traffic_tables(run_traffic(scenario, replication, _share_of(longest_s, progress)))


def _played(scenario: "MarketScenario", replication: int, progress: Progress | None) -> "MarketResult":
    from experiments.runs.run_market import run_market

    return run_market(scenario, replication, _share_of(scenario.horizon.days, progress))[0]


def _market(scenario: "MarketScenario", replication: int, progress: Progress | None) -> "dict[str, DataFrame]":
    from experiments.store.tables import market_tables

    return market_tables(_played(scenario, replication, progress))


def _market_by_day(scenario: "MarketScenario", replication: int, progress: Progress | None) -> "dict[str, DataFrame]":
    from experiments.measures.market_days import day_tables
    from experiments.store.tables import market_tables

    result = _played(scenario, replication, progress)
    return {**market_tables(result), **day_tables(result)}


def _market_in_full(scenario: "MarketScenario", replication: int, progress: Progress | None) -> "dict[str, DataFrame]":
    from experiments.store.report_tables import report_tables
    from experiments.store.tables import market_tables

    result = _played(scenario, replication, progress)
    return {**market_tables(result), **report_tables(result)}


def _share_of(whole: float, progress: Progress | None) -> Progress | None:
    return None if progress is None else lambda reached: progress(min(1.0, reached / whole) if whole else 1.0)


KINDS: Final[dict[str, RunKind]] = {
    "traffic": RunKind(_traffic, of="traffic"),
    "market": RunKind(_market, of="market"),
    "market by day": RunKind(_market_by_day, of="market"),
    "market in full": RunKind(_market_in_full, of="market"),
}


def kind_named(name: str) -> RunKind:
    """Return a kind of runs by its name.

    Raises
    ------
    ScenarioError
        If there is none.
    """
    if name not in KINDS:
        raise ScenarioError(f"there is no kind of runs {name!r}; kinds are {', '.join(KINDS)}")
    return KINDS[name]
