"""Trials of a market: the runs that a calibration asks for, through the one runner, each written down once done."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from experiments.validation.facts.fact_values import fact_values
from experiments.validation.history.priors import point_of, values_at
from experiments.validation.history.run_file import DoneRun, append_runs, read_runs, told

if TYPE_CHECKING:
    from experiments.runs.specs import RunSpec
    from experiments.validation.facts.fact_ledger import FactLedger
    from experiments.validation.gates.gate_runs import HowToRun
    from experiments.validation.history.matching import Facts, MarketTrial

KIND: Final = "market"
STUDY: Final = "calibrate-market"
Play = Callable[["Sequence[RunSpec]"], "list[dict[str, float]]"]  # numbers of runs by name; empty of one that failed


class MarketTrials:
    """Does trials of a market, and remembers those that a file of runs has.

    Parameters
    ----------
    ledger
        Facts and parameters.
    base
        The complete scenario, as `sim.scenario.load.plain` gives it.
    runs
        File of runs.
    play
        Does runs.
    other_code
        Whether runs that other code did count. They are known by their parameters and replication alone: of a scenario
        that has got a field since, the digest is another.
    """

    def __init__(
        self, ledger: FactLedger, base: dict[str, Any], runs: Path, play: Play, other_code: bool = False
    ) -> None:
        from experiments.runs.keys import code_version

        self.ledger, self.base, self.path, self.play, self.code = ledger, base, runs, play, code_version()
        known = read_runs(runs, ledger)
        self._known = {it.run: it.facts for it in known if it.code == self.code}
        self._of_others = {(it.values, it.replication): it.facts for it in known} if other_code else {}
        self.left_out = sum(it.code != self.code for it in known) if not other_code else 0
        self.counts = {"read": 0, "done": 0, "failed": 0}
        self.at_once = 1
        self.most: int | None = None

    def __call__(self, trials: Sequence[MarketTrial]) -> list[Facts]:
        """Return what trials say, in their order.

        Raises
        ------
        OutOfRuns
            If more runs would have to be done than were allowed.
        """
        wanted = [self._prepared(trial) for trial in trials]
        for (name, spec, values) in wanted:
            if name not in self._known and (values, spec.replication) in self._of_others:
                self._known[name] = self._of_others[values, spec.replication]
        todo = [row for row, (name, _, _) in enumerate(wanted) if name not in self._known]
        self.counts["read"] += len(wanted) - len(todo)
        while todo:
            allowed = self.at_once if self.most is None else min(self.at_once, self.most - self.counts["done"])
            if not allowed:
                raise OutOfRuns(f"{self.counts['done']} runs were done, as many as were allowed")
            rows, todo = todo[:allowed], todo[allowed:]
            found = self.play([replace(wanted[row][1], row=row) for row in rows])
            done = []
            for row, numbers in zip(rows, found, strict=True):
                name, _, values = wanted[row]
                facts = {key: _as_written(value) for key, value in fact_values(self.ledger, numbers).items()}
                done.append(DoneRun(name, self.code, trials[row].stage, trials[row].replication, values, facts))
                self._known[name] = facts
                self.counts["failed"] += not numbers
            append_runs(self.path, self.ledger, done)
            self.counts["done"] += len(done)
        return [self._known[name] for name, _, _ in wanted]

    def _prepared(self, trial: MarketTrial) -> tuple[str, RunSpec, tuple[float, ...]]:
        """Name, run and values of the parameters of a trial."""
        from experiments.output.inputs import digest_of
        from experiments.runs.keys import specs_of

        values = values_at(self.ledger.parameters, np.array(trial.place))
        point = point_of(self.ledger.parameters, values, self.base)
        spec, = specs_of(KIND, self.base, [point], range(trial.replication, trial.replication + 1))
        text = json.dumps([spec.scenario or [self.base, point], trial.replication], ensure_ascii=False)
        return digest_of(text.encode()), spec, values


class OutOfRuns(Exception):
    """No more runs may be done; those that were stand in the file of runs."""


def _as_written(value: float) -> float:
    """A number as it is read again, so that a calibration that was resumed says the same."""
    return float(told(value) or "nan")


def through_the_runner(how: HowToRun) -> Play:
    """Return what does runs through the one runner and store."""
    def play(specs: Sequence[RunSpec]) -> list[dict[str, float]]:
        from experiments.runs.runner import run_all
        from experiments.store.store import Store

        with Store(how.store) as store:
            store.begin(STUDY, {"kind": KIND}, specs)
            run_all(specs, store, jobs=how.jobs, quiet=how.quiet)
            table = store.table("metrics", STUDY)  # a run that failed is told as one without facts
        rows: dict[tuple[int, int], dict[str, float]] = {}
        for row, replication, metric, value in zip(table["row"], table["replication"], table["metric"], table["value"],
                                                   strict=True):
            rows.setdefault((int(row), int(replication)), {})[str(metric)] = float(value)
        return [rows.get((spec.row, spec.replication), {}) for spec in specs]

    return play
