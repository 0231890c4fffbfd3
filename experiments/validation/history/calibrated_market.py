"""The calibration of a market from beginning to end: runs, what they tell, and the files with their provenance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from experiments.validation.facts.fact_ledger import LedgerError, ledger_digest, read_ledger
from experiments.validation.facts.fact_values import why_not_asked

if TYPE_CHECKING:
    from experiments.validation.facts.fact_ledger import FactLedger
    from experiments.validation.gates.gate_runs import HowToRun
    from experiments.validation.history.market_trials import MarketTrials, Play
    from experiments.validation.history.matching import MatchingPlan
    from sim.scenario import MarketScenario

COARSE: Final = ("horizon.sampled_per_day=4000",)  # a tenth of the usual requests: half of the time of a run
RECORD: Final = "calibration.json"
ROUND: Final = 5  # runs that a worker does between two writings: so many are lost when a calibration is killed


class CalibrationRequest(NamedTuple):
    """What is calibrated.

    Attributes
    ----------
    name
        Of the scenario, as vectors extend it.
    scenario
        The market as it is run.
    coarse
        Assignments that make its runs coarse.
    ledger
        File of the ledger.
    runs
        File of runs, read before and appended to.
    other_code
        Whether runs that other code did count.
    most
        Runs to do at most; None for all.
    """

    name: str
    scenario: MarketScenario
    coarse: tuple[str, ...]
    ledger: Path
    runs: Path
    other_code: bool
    most: int | None


class MarketCalibration(NamedTuple):
    """Files by name, what was found for programs, and for people."""

    files: dict[str, str]
    data: dict[str, Any]
    told: str


def calibrated(
    asked: CalibrationRequest, plan: MatchingPlan, how: HowToRun, truths: int, play: Play | None = None
) -> MarketCalibration:
    """Calibrate a market.

    Parameters
    ----------
    asked, plan, how
        What is calibrated, by how many runs, and how these are done.
    truths
        Pseudo-truths to hide and find again.
    play
        What does the runs; the one runner if None.

    Raises
    ------
    LedgerError
        If the ledger does not fit the scenario.
    OutOfRuns
        If more runs would have to be done than were allowed.
    """
    from experiments.validation.history.findings import (
        ADMISSIBLE,
        admissible_text,
        found_data,
        learned,
        told_text,
        vector_texts,
    )
    from experiments.validation.history.market_trials import MarketTrials, through_the_runner
    from experiments.validation.history.matching import matched
    from experiments.validation.history.priors import centre
    from experiments.validation.history.run_file import told
    from sim.scenario.load import plain

    ledger = read_ledger(asked.ledger)
    check_asked(ledger, asked.scenario)
    base = plain(asked.scenario)
    trials = MarketTrials(ledger, base, asked.runs, play or through_the_runner(how), asked.other_code)
    trials.at_once, trials.most = ROUND * how.jobs, asked.most
    found = matched(ledger, centre(ledger.parameters, base), trials, plan)
    told_of = learned(ledger, found, truths)
    data = {"provenance": _provenance(asked, ledger, plan, trials), **found_data(ledger, found, told_of)}
    files = {ADMISSIBLE: admissible_text(ledger, found), RECORD: _json(data, told),
             **vector_texts(ledger, found, base, asked.name)}
    return MarketCalibration(files, data, told_text(ledger, data))


def check_asked(ledger: FactLedger, scenario: MarketScenario) -> None:
    """Refuse a run of which a calibrated fact cannot be asked.

    Raises
    ------
    LedgerError
        If there is one.
    """
    for fact in ledger.moments:
        why = why_not_asked(fact, scenario.horizon.start, scenario.horizon.days)
        if why:
            raise LedgerError(f"fact {fact.name} is calibrated, but {why}; change horizon.start and horizon.days, or "
                              "the ledger")


def _provenance(
    asked: CalibrationRequest, ledger: FactLedger, plan: MatchingPlan, trials: MarketTrials
) -> dict[str, Any]:
    from experiments.output.versions import versions_of
    from sim.scenario.load import config_hash

    return {"ledger": ledger.title, "ledger digest": ledger_digest(asked.ledger), "scenario": asked.name,
            "scenario digest": config_hash(asked.scenario), "coarse": list(asked.coarse), "plan": plan._asdict(),
            "code": trials.code, "runs of other code taken": asked.other_code, "commit": versions_of()["commit"]}


def _json(data: dict[str, Any], told: Any) -> str:  # noqa: ANN401 - how numbers are written
    import json
    import math

    def plainly(value: Any) -> Any:  # noqa: ANN401 - whatever JSON may hold
        if isinstance(value, dict):
            return {str(key): plainly(it) for key, it in value.items()}
        if isinstance(value, Sequence) and not isinstance(value, str):
            return [plainly(it) for it in value]
        if isinstance(value, float):
            return float(told(value)) if math.isfinite(value) else None
        return value

    return json.dumps(plainly(data), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def progress_of(runs: Path, ledger: FactLedger, plan: MatchingPlan) -> list[str]:
    """Return a line a stage: how many of its runs a file has."""
    from collections import Counter

    from experiments.validation.history.matching import CENTRE, COVER, FINAL
    from experiments.validation.history.run_file import read_runs

    done = Counter(it.stage for it in read_runs(runs, ledger))
    wanted = {CENTRE: plan.centre, COVER: plan.cover,
              **{f"wave {number}": count for number, count in enumerate(plan.waves, start=1)},
              FINAL: plan.final * plan.final_replications}
    return [f"{stage}: {done[stage]} of {count} runs" for stage, count in wanted.items()]


def refuse_few(seeds: int) -> None:
    """Refuse a centre of one run, of which no variance is known.

    Raises
    ------
    LedgerError
        If there are fewer than two.
    """
    if seeds < 2:
        raise LedgerError(f"--centre is {seeds}; it must be at least 2, since one run has no variance")
