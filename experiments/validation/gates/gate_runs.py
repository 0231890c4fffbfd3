"""Which runs the gates ask for, and what they say: variants of a market, each on the same seeds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from experiments.validation.gates.gate import GateFinding
from experiments.validation.gates.own_shock import own_cost
from experiments.validation.gates.run_gates import AS_IT_IS, EXPONENTS, SHOCK, SHOCK_FACTOR, Facts, of_runs, variant_of
from sim.errors import MarketError

if TYPE_CHECKING:
    from pandas import DataFrame

    from sim.scenario import MarketScenario
    from sim.scenario.pricing_settings import PricingChoice

KIND: Final = "market, for gates"
GPU_PRICES: Final = ("h100_usd_per_hour", "trough_usd_per_hour", "recovered_usd_per_hour")


class HowToRun(NamedTuple):
    """How many seeds, in how many processes, where runs are kept (None: nowhere), and whether progress is shown."""

    seeds: int
    jobs: int
    store: Path | None = None
    quiet: bool = False


def asked(scenario: MarketScenario, how: HowToRun) -> list[GateFinding]:
    """Run a market in every variant and ask every gate.

    Raises
    ------
    MarketError
        If a run fails.
    """
    runs = played(scenario, variants(scenario), how)
    facts = {name: facts_by_seed(table) for name, table in runs.items()}
    return [*of_runs(facts, has_entry(scenario)), *own_cost(host_choices(scenario))]


def variants(scenario: MarketScenario) -> dict[str, MarketScenario]:
    """Return the variants that can be made of a market, itself among them.

    The exponent is that of the router, or of every marketplace whose policy has a parameter ``k``; dearer GPUs need
    prices that are not replayed. A variant that is the market itself is run once.
    """
    from experiments.runs.rules_in_use import with_exponent
    from sim.scenario.load import plain, scenario_of

    found, whole = {AS_IT_IS: scenario}, plain(scenario)
    for exponent in EXPONENTS:
        changed = with_exponent(scenario, exponent)
        if changed is not None:
            found[variant_of(exponent)] = changed
    if scenario.supply.gpu_prices.kind != "replayed":
        found[SHOCK] = _market(scenario_of({**whole, "supply": _dearer(whole["supply"])}))
    return found


def _market(scenario: Any) -> MarketScenario:  # noqa: ANN401 - of either form; a market changed is a market
    from sim.scenario import MarketScenario

    assert isinstance(scenario, MarketScenario)
    return scenario


def _dearer(supply: Mapping[str, Any]) -> dict[str, Any]:
    """Supply whose GPUs cost more, rented or owned."""
    rents, owned = supply["gpu_prices"], supply["ownership"]
    rents = {**rents, **{name: rents[name] * SHOCK_FACTOR for name in GPU_PRICES}}
    dear = {name: owned[name] * SHOCK_FACTOR for name in ("capex_usd", "power_usd_per_kwh", "colo_usd_per_kw_month")}
    return {**supply, "gpu_prices": rents, "ownership": {**owned, **dear}}


def has_entry(scenario: MarketScenario) -> bool:
    """Whether potential hosts may enter the market."""
    return scenario.supply.entry.types > 0


def host_choices(scenario: MarketScenario) -> dict[PricingChoice, int]:
    """Return the pricing strategies of a market's hosts, and how many have each; potential hosts included."""
    chosen = [firm.pricing for firm in scenario.supply.firms.values() if firm.kind == "host"]
    found = {choice: chosen.count(choice) for choice in chosen}
    if has_entry(scenario):
        entry = scenario.supply.entry
        found[entry.pricing] = found.get(entry.pricing, 0) + entry.types
    return found


def played(
    scenario: MarketScenario, cases: Mapping[str, MarketScenario], how: HowToRun, kind: str = KIND,
    table: str = "gate_facts",
) -> dict[str, DataFrame]:
    """Return a table of the runs of some cases, a frame a case with the column ``replication``.

    Raises
    ------
    MarketError
        If a run fails.
    """
    from experiments.runs.keys import specs_of
    from experiments.runs.runner import announce_compiling, run_all
    from experiments.store.results import Results
    from experiments.store.store import Store
    from sim.scenario.load import plain

    specs = {name: specs_of(kind, plain(case), [{}], how.seeds) for name, case in cases.items()}
    if not how.quiet:
        announce_compiling(kind, scenario)
    with Store(how.store) as store:
        for name, wanted in specs.items():
            store.begin(name, {"kind": scenario.kind, "scenario": plain(cases[name])}, wanted)
        run_all([spec for wanted in specs.values() for spec in wanted], store, jobs=how.jobs, quiet=how.quiet)
        found = {}
        for name in specs:
            results = Results(store, name)
            if len(failed := results.failures()):
                raise MarketError(f"a run of {name!r} failed: {failed['problem'].iloc[0]}")
            found[name] = results.table(table)
    return found


def facts_by_seed(table: DataFrame) -> list[Facts]:
    """Return the facts of each run of a table."""
    return [_facts(part) for _, part in table.groupby("replication", sort=True)]


def _facts(part: DataFrame) -> Facts:
    found: dict[str, dict[str, float]] = {}
    for fact, of, value in zip(part["fact"], part["of"], part["value"], strict=True):
        found.setdefault(str(fact), {})[str(of)] = float(value)
    return found
