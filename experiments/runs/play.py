"""Do one run: in this process, in a worker, or on another machine."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from experiments.runs.records import RunRecord, RunSpec
from sim.errors import MarketError

if TYPE_CHECKING:
    from pandas import DataFrame


def play(spec: RunSpec) -> RunRecord:
    """Do a run and reduce it to its tables; a run that fails, for whatever reason, is a record of that.

    Only an interrupt passes through.
    """
    started = time.perf_counter()
    if spec.scenario is None:
        return RunRecord(spec.key, spec.problem)
    try:
        tables = _KINDS[spec.kind](spec.scenario, spec.replication)
    except MarketError as error:
        return RunRecord(spec.key, _line(str(error)), wall_s=time.perf_counter() - started)
    except Exception as error:  # noqa: BLE001 - one broken run must not stop the rest; its reason is kept
        return RunRecord(spec.key, _line(f"{type(error).__name__}: {error}"), wall_s=time.perf_counter() - started)
    return RunRecord(spec.key, "", tables, time.perf_counter() - started)


def _traffic(scenario: dict[str, Any], replication: int) -> "dict[str, DataFrame]":
    from experiments.runs.run_traffic import run
    from experiments.store.tables import traffic_tables
    from sim.scenario import TrafficScenario
    from sim.scenario.load import scenario_of

    return traffic_tables(run(scenario_of(scenario, form=TrafficScenario), replication))


def _market(scenario: dict[str, Any], replication: int) -> "dict[str, DataFrame]":
    from experiments.runs.run_market import run_market
    from experiments.store.tables import market_tables
    from sim.scenario import MarketScenario
    from sim.scenario.load import scenario_of

    result, _ = run_market(scenario_of(scenario, form=MarketScenario), replication)
    return market_tables(result)


_KINDS: Final[dict[str, Callable[[dict[str, Any], int], "dict[str, DataFrame]"]]] = {
    "traffic": _traffic, "market": _market}


def _line(text: str) -> str:
    return "; ".join(part.strip() for part in text.splitlines() if part.strip()) or "no reason given"
