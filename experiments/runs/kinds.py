"""Kinds of runs: what is run, and which tables are kept of it. A row here is all that a new kind needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sim.errors import ScenarioError

if TYPE_CHECKING:
    from pandas import DataFrame

    from sim.engines.world import World
    from sim.market.result import MarketResult
    from sim.scenario import Kind, MarketScenario, TrafficScenario

Progress = Callable[[float], None]  # told the share of the run that is done


class Manner(NamedTuple):
    """How a run is done; its results do not depend on it: who is told of its progress, and how many threads it has."""

    progress: Progress | None = None
    threads: int = 1

    def told(self, whole: float) -> Progress | None:
        """What is told how much of a whole is done, for one that is told the share."""
        tell = self.progress
        return None if tell is None else lambda done: tell(min(1.0, done / whole) if whole else 1.0)


ALONE: Final = Manner()  # told to nobody, on one thread
Play = Callable[[Any, int, Manner], "dict[str, DataFrame]"]  # of a scenario and a replication


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

    def prepare(self, scenario: Any) -> "World":  # noqa: ANN401 - of either form
        """Assemble the world: what does not fit shows before anything is compiled or run.

        Raises
        ------
        MarketError
            If something in the scenario is wrong.
        """
        return self.world(scenario)

    def world(self, scenario: Any) -> "World":  # noqa: ANN401 - of either form
        """Assemble the world of a scenario, without an engine that would have to be compiled.

        Raises
        ------
        MarketError
            If something in the scenario is wrong.
        """
        if self.of == "market":
            from experiments.runs.run_market import stage

            # without an engine, which takes compiling and memory, and is not needed to say that something does not fit
            return stage(scenario, at_rest=True).market.world
        from experiments.runs.run_traffic import assemble

        return assemble(scenario)

    def invariants(self) -> tuple[str, ...]:
        """Return the names of what is checked after every run."""
        from sim.engines.invariants import INVARIANTS

        if self.of == "traffic":
            return tuple(sorted(INVARIANTS))
        from sim.market.market_invariants import CHECKS

        return tuple(dict.fromkeys([*INVARIANTS, *CHECKS]))

    def with_policy(self, scenario: dict[str, Any], policy: Mapping[str, Any]) -> None:
        """Put a policy in the place of that of every router of a plain scenario, marketplaces included."""
        routers = scenario["routers"].values() if self.of == "traffic" else [
            scenario["router"], *scenario["marketplaces"].values()]
        for router in routers:
            router["policy"] = dict(policy)

    def is_compiled(self, scenario: Any) -> bool:  # noqa: ANN401 - of either form
        """Return whether a scenario is run by the compiled engine."""
        engine = scenario.engine if self.of == "market" else scenario.traffic.engine
        return bool(engine == "compiled")


def _traffic(scenario: "TrafficScenario", replication: int, manner: Manner) -> "dict[str, DataFrame]":
    from experiments.runs.run_traffic import run_traffic
    from experiments.store.tables import traffic_tables

    traffic = scenario.traffic
    longest_s = traffic.duration_s + traffic.drain_s
    return traffic_tables(run_traffic(scenario, replication, progress=manner.told(longest_s), threads=manner.threads))


def _played(scenario: "MarketScenario", replication: int, manner: Manner) -> "MarketResult":
    from experiments.runs.run_market import run_market

    return run_market(scenario, replication, manner.told(scenario.horizon.days), manner.threads)[0]


def _market(scenario: "MarketScenario", replication: int, manner: Manner) -> "dict[str, DataFrame]":
    from experiments.store.tables import market_tables

    return market_tables(_played(scenario, replication, manner))


def _demand_at_list_prices(scenario: "MarketScenario", replication: int, manner: Manner) -> "dict[str, DataFrame]":
    from experiments.runs.demand_alone import demand_alone

    return {"wanted_days": demand_alone(scenario, replication, manner.told(scenario.horizon.days))}


def _market_in_full(scenario: "MarketScenario", replication: int, manner: Manner) -> "dict[str, DataFrame]":
    from experiments.store.report_tables import report_tables
    from experiments.store.tables import market_tables

    result = _played(scenario, replication, manner)
    return {**market_tables(result), **report_tables(result)}


def _market_offer_by_offer(scenario: "MarketScenario", replication: int, manner: Manner) -> "dict[str, DataFrame]":
    from experiments.store.report_tables import ASKED_FILES, report_tables
    from experiments.store.tables import market_tables

    result = _played(scenario, replication, manner)
    return {**market_tables(result), **report_tables(result, tuple(ASKED_FILES))}


def _market_for_gates(scenario: "MarketScenario", replication: int, manner: Manner) -> "dict[str, DataFrame]":
    from experiments.measures.market.gate_facts import facts_table
    from experiments.runs.rules_in_use import exponents_in_use
    from experiments.store.tables import market_tables

    result = _played(scenario, replication, manner)
    return {**market_tables(result), "gate_facts": facts_table(result, exponents_in_use(scenario))}


def _market_by_model(scenario: "MarketScenario", replication: int, manner: Manner) -> "dict[str, DataFrame]":
    import pandas as pd

    from experiments.measures.market.model_days import model_days
    from experiments.measures.market.run import Run
    from experiments.runs.demand_alone import demand_alone

    sold = pd.DataFrame(model_days(Run(_played(scenario, replication, manner))))
    return {"sold_days": sold, "wanted_days": demand_alone(scenario, replication)}


def _market_by_marketplace(scenario: "MarketScenario", replication: int, manner: Manner) -> "dict[str, DataFrame]":
    import pandas as pd

    from experiments.measures.market.by_marketplace import monthly_marketplaces
    from experiments.measures.market.run import Run

    result = _played(scenario, replication, manner)
    return {"monthly_marketplaces": pd.DataFrame(monthly_marketplaces(Run(result)))}


KINDS: Final[dict[str, RunKind]] = {
    "traffic": RunKind(_traffic, of="traffic"),
    "market": RunKind(_market, of="market"),
    "demand at list prices": RunKind(_demand_at_list_prices, of="market"),
    "market in full": RunKind(_market_in_full, of="market"),
    "market, for gates": RunKind(_market_for_gates, of="market"),
    "market, by model and day": RunKind(_market_by_model, of="market"),
    "market, by marketplace": RunKind(_market_by_marketplace, of="market"),
    "market, offers by day": RunKind(_market_offer_by_offer, of="market"),
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
