"""The runs by which a market is held to facts: on some seeds, or those that a calibration did at its centre."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from experiments.validation.facts.fact_ledger import FactLedger, LedgerError, read_ledger
from experiments.validation.facts.fact_table import MarketFacts
from experiments.validation.facts.fact_values import fact_values, why_not_asked

if TYPE_CHECKING:
    from experiments.validation.gates.gate_runs import HowToRun
    from sim.scenario import MarketScenario


class FactFiles(NamedTuple):
    """Files that a market is held to facts with.

    Attributes
    ----------
    ledger
        The ledger of facts.
    runs
        Runs of a calibration, whose replications at the centre, of the code of the last run, are taken in the place of
        new ones; None: run.
    admissible
        Admissible vectors of a calibration; None: there are none.
    """

    ledger: Path
    runs: Path | None
    admissible: Path | None


def market_facts(scenario: MarketScenario, files: FactFiles, how: HowToRun, changes: tuple[str, ...]) -> MarketFacts:
    """Return what runs, inputs alone and admissible vectors say of every fact.

    Parameters
    ----------
    scenario
        The market as it is run.
    files, how
        Which files, and how runs are done.
    changes
        What was changed of the named scenario, to be told.

    Raises
    ------
    MarketError
        If a run fails or a file cannot be used.
    """
    from experiments.validation.facts.fact_nulls import facts_at_inputs
    from experiments.validation.history.findings import read_admissible
    from sim.scenario.load import config_hash

    ledger = read_ledger(files.ledger)
    horizon = scenario.horizon
    unasked = {fact.name: why for fact in ledger.facts if (why := why_not_asked(fact, horizon.start, horizon.days))}
    vectors = read_admissible(files.admissible, ledger) if files.admissible is not None else []
    runs, code = _runs(scenario, ledger, files.runs, how)
    names = [fact.name for fact in ledger.facts if fact.name not in unasked]
    inputs = fact_values(ledger, facts_at_inputs(scenario))
    return MarketFacts(scenario.name, config_hash(scenario), code, changes, unasked,
                       {name: [run[name] for run in runs] for name in names}, inputs,
                       {name: [it[name] for it in vectors] for name in names} if vectors else {})


class _Runs(NamedTuple):
    """Facts of each run, and the digest of the code that did them."""

    facts: list[dict[str, float]]
    code: str


def _runs(scenario: MarketScenario, ledger: FactLedger, file: Path | None, how: HowToRun) -> _Runs:
    if file is not None:
        from experiments.validation.history.matching import CENTRE
        from experiments.validation.history.run_file import read_runs

        done = read_runs(file, ledger)
        found = [dict(it.facts) for it in done if it.stage == CENTRE and it.code == done[-1].code]
        if not found:
            raise LedgerError(f"{file} has no run at the centre of a calibration; leave --runs out to run the market")
        return _Runs(found, done[-1].code)
    from experiments.runs.keys import code_version
    from experiments.validation.gates.gate_runs import played
    from experiments.validation.ladder.ladder_runs import KIND, TABLE, numbers_by_seed

    table = played(scenario, {"facts": scenario}, how, KIND, TABLE)["facts"]
    return _Runs([fact_values(ledger, numbers) for numbers in numbers_by_seed(table)], code_version())


def told_data(found: MarketFacts, ledger: FactLedger) -> list[dict[str, Any]]:
    """Return what was found, for programs: a mapping a fact."""
    from experiments.validation.facts.fact_table import held

    return [{"fact": it.fact.name, "says": it.fact.says, "place": it.fact.place, "observed": it.fact.observed,
             "low": it.fact.low, "high": it.fact.high, "inputs": it.inputs, "mean": it.simulated.mean,
             "half_width": it.simulated.half_width, "runs": it.simulated.n,
             "over_set": None if it.over_set is None else it.over_set._asdict(), "verdict": it.said, "far": it.far,
             "counts": it.counts, "note": it.note, "source": it.fact.source} for it in held(ledger, found)]
