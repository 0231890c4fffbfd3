"""A study of a claim: its decision rule in a file beside it, and a verdict that the code computes."""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic

from experiments.output.folder import MANIFEST, Folder
from experiments.studies.study import Answer, Check, D, F, Study
from experiments.verdicts import history
from experiments.verdicts.deciding import Statistics, decide
from experiments.verdicts.judged import Judged
from experiments.verdicts.robustness import At, Robustness, robustness
from experiments.verdicts.rule import FILE, DecisionRule, read_rule

if TYPE_CHECKING:
    import argparse

    from pandas import DataFrame

    from experiments.designs.factor import Factor
    from experiments.output.origins import Origin
    from experiments.report.pieces import Legend
    from experiments.store.results import Results
    from sim.scenario import MarketScenario

RULE: Final = "rule"  # in a manifest: digest, commit, seed, and why the study is exploratory
NO_VERDICT: Final = "no_verdict"  # in a manifest: why it is no verdict
GATES: Final = "gates"  # in a manifest: what the market's certificate says


class VerdictStudy(Study[D, "Judged[F]"], Generic[D, F]):
    """A study of a claim. Beside `design` and `read`, a subclass says how its statistics are found.

    Its folder holds ``rule.toml`` (`experiments.verdicts.rule`), committed alone before the study is run in full.

    Attributes
    ----------
    legends
        Captions of its figures by name.
    limits
        What to hold against it.
    known
        Where it was first, and what it leans on: citations.
    rungs
        Rungs of the ladder of nulls (L1, L2, L3) that have no meaning for it, with the reason in a line.
    """

    legends: ClassVar[Mapping[str, Legend]] = {}
    limits: ClassVar[tuple[str, ...]] = ()
    known: ClassVar[tuple[str, ...]] = ()
    rungs: ClassVar[Mapping[str, str]] = {}

    @property
    def rule_file(self) -> Path:
        """Where its decision rule is: beside its module."""
        file = sys.modules[type(self).__module__].__file__
        assert file is not None
        return Path(file).with_name(FILE)

    @property
    def rule(self) -> DecisionRule:
        """Its decision rule."""
        return read_rule(self.rule_file)

    @abstractmethod
    def find(self, design: D, results: Results | None, check: Check) -> F:
        """Return what the runs say, as `Study.measure` does."""

    @abstractmethod
    def own_tables(self, found: F) -> dict[str, DataFrame]:
        """Return the study's own tables, among them ``summary``: the one table of its page."""

    @abstractmethod
    def statistics(self, found: F) -> Statistics:
        """Return everything that the rule compares: by name, one value a seed."""

    @abstractmethod
    def control(self, found: F) -> Sequence[float]:
        """Return the control's statistic, one value a seed; empty where null has no meaning."""

    @abstractmethod
    def inputs_alone(self, found: F) -> Mapping[str, Sequence[float]]:
        """Return the headline by rung of the ladder of nulls, one value a seed or a single one.

        Names begin with the rung: L0 inputs alone, L1 with demand at list prices, L2 with hosts and uniform routing, L3
        with all. Rungs without a meaning stand in `rungs`.
        """

    @abstractmethod
    def is_full(self, design: D) -> str:
        """Say why a design is less than the smallest full one; empty if it is not. Seeds are counted elsewhere."""

    @abstractmethod
    def built_so(self) -> F:
        """Return what a world would show that is built as the claim says: the rule must support it there."""

    @abstractmethod
    def opposite(self) -> F:
        """Return what the opposite world would show: the rule must contradict it there."""

    def assumptions(self, design: D) -> tuple[Sequence[Factor], At] | None:
        """Return what is varied to see whether the verdict stands, and how the rule's statistics are had there.

        None if that is not asked. At most some dozens of points are evaluated, so that `At` may take a second.
        """
        return None

    def draw_found(self, found: F, folder: Path) -> None:
        """Draw the figure of its page; none unless the study has one."""

    def measure(self, design: D, results: Results | None, check: Check) -> Judged[F]:
        """Return findings and verdict."""
        return self.judge(design, self.find(design, results, check))

    def judge(self, design: D, found: F) -> Judged[F]:
        """Return what the rule says of findings."""
        statistics, control = self.statistics(found), self.control(found)
        ruling = decide(self.rule, statistics, control)
        # elsewhere no control is run: what is said there is set against what the thresholds alone say here
        alone = decide(self.rule, statistics).said
        robust = self.robust(design, found, alone)
        if robust is not None and alone != ruling.said:
            robust = replace(robust, sentence=f"Control aside the verdict is “{alone}”. {robust.sentence}")
        return Judged(found, statistics, control, self.inputs_alone(found), ruling, robust, self.look(design),
                      self.rungs)

    def robust(self, design: D, found: F, said: str) -> Robustness | None:
        """Return where else the verdict is what the thresholds say, control aside; None if that is not asked."""
        varied = self.assumptions(design)
        return None if varied is None else robustness(self.rule, *varied, said)

    def look(self, design: D) -> str:
        """Say why a design gives a look and no verdict; empty if it gives one."""
        rule = self.rule
        seed = getattr(design.scenario, "seed", getattr(design, "seed", rule.seed))
        if design.replications < rule.seeds:
            return f"{design.replications} of the rule's {rule.seeds} seeds"
        if seed != rule.seed:
            return f"the seed is {seed}, and not the one that follows from the rule's text, {rule.seed}"
        return self.is_full(design)

    def tables(self, found: Judged[F]) -> dict[str, DataFrame]:
        """Return the study's own tables and those of the verdict."""
        from experiments.verdicts.verdict_tables import verdict_tables

        return {**self.own_tables(found.found), **verdict_tables(found)}

    def draw(self, found: Judged[F], folder: Path) -> None:
        """Draw the figure of the page."""
        self.draw_found(found.found, folder)

    def told(self, found: Judged[F]) -> str:
        """Return the table of the page and the verdict."""
        from experiments.verdicts.verdict_words import told

        return told(self.rule, found, self.own_tables(found.found)["summary"])

    def origin(self, arguments: argparse.Namespace) -> Origin:
        """Return what the command line makes the scenario of, the rule's seed first; nothing where there is none."""
        from experiments.output.origins import Origin

        usual = super().origin(arguments)
        return usual if self.scenario is None else Origin(usual.name, (f"seed={self.rule.seed}", *usual.assignments))

    def gates_told(self, design: D) -> list[str]:
        """Return the same where the rule names gates; nothing where it needs none."""
        return super().gates_told(design) if self.rule.gates else []

    def write_up(self, folder: Folder, figures: Path) -> Answer:
        """Return the page: claim, mechanism, figure, table, what would change the verdict, limits."""
        from experiments.verdicts.verdict_words import ClaimPage, answer

        page = ClaimPage(self.rule, self.legends, tuple(self.sentences(folder)), self.limits, self.known)
        return answer(page, folder, figures)

    def sentences(self, folder: Folder) -> list[str]:
        """Return what the study says of its own numbers, made from the folder's tables."""
        return []

    def record(self, design: D) -> dict[str, Any]:
        """Return what the manifest keeps beside the design: the rule, and what stands between it and a verdict."""
        look, gates = self.look(design), gates_missed(self.rule, design.scenario)
        return {RULE: history.record_of_rule(self.name, self.rule_file, self.rule),
                **({NO_VERDICT: look} if look else {}), **({GATES: gates} if gates else {})}

    def finished(self, design: D, found: Judged[F]) -> None:
        """Enter a full run in the ledger, so that a rule that is changed afterwards makes the study exploratory."""
        if not found.look:
            commit = history.commit_of(self.rule_file)
            history.add_full_run(history.FullRun(self.name, self.rule.digest, commit, found.ruling.said))


def gates_missed(rule: DecisionRule, scenario: MarketScenario | None) -> str:
    """Say how the market stands to the gates that a rule needs; empty if it needs none, or all are passed.

    Parameters
    ----------
    rule
        The decision rule.
    scenario
        The market that was run.
    """
    from experiments.runs.keys import code_version
    from experiments.validation.gates.certificate import market_digest, status_of
    from experiments.validation.gates.gate import PASS
    from sim.scenario import MarketScenario
    from sim.scenario.load import plain

    if not rule.gates:
        return ""
    if not isinstance(scenario, MarketScenario):
        return f"gates needed: {', '.join(rule.gates)}; this study runs no market that could have passed them"
    status = status_of(market_digest(plain(scenario)), code_version())
    said = {it.gate: it.said for it in status.gates}
    open_ = [f"{gate} ({said.get(gate, 'not asked')})" for gate in rule.gates if said.get(gate) != PASS]
    return f"gates needed and not passed: {', '.join(open_)}; {status.sentence}" if open_ else ""


def last_verdict(path: Path, name: str) -> str:
    """Return the verdict that a folder of a study holds; empty if there is none that can be read."""
    from experiments.output.folder import FolderError, read_folder
    from experiments.verdicts.verdict_tables import said_in

    if not (path / MANIFEST).is_file():
        return ""
    try:
        folder = read_folder(path)
        return said_in(folder) if folder.study == name else ""
    except (FolderError, KeyError, IndexError):
        return ""
