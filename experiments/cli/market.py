"""What the commands of the command line do with whole markets."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from experiments.runs.run_market import load_market
from sim.errors import ScenarioError

if TYPE_CHECKING:
    from sim.market.result import MarketResult
    from sim.scenario.market_scenario import MarketScenario

MEASURED_DAYS = 30  # of a climb, unless it is shorter
Check = Callable[[], None]  # raises if the user has interrupted


def market(arguments: argparse.Namespace) -> int:
    """Run a market over its horizon."""
    scenario = load_market(arguments.scenario, _overrides(arguments))
    return play_market(scenario, arguments.replications, arguments)


def climb(arguments: argparse.Namespace) -> int:
    """Run the climb."""
    from experiments.studies.climb.design import ClimbDesign

    overrides = [f"horizon.days={arguments.days}", *_overrides(arguments)]
    scenario = load_market(arguments.scenario, overrides)
    measured_days = min(MEASURED_DAYS, scenario.horizon.days)
    if arguments.measured_days is not None:
        measured_days = arguments.measured_days
    design = ClimbDesign(scenario, _numbers(arguments.divisors, "--divisors"), arguments.replications,
                         measured_days, arguments.fleet)
    return play_climb(design, arguments)


def _numbers(text: str, option: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if not numbers:
        raise ScenarioError(f"{option} is {text!r}, but must be numbers such as 1,2,5")
    return numbers


def _overrides(arguments: argparse.Namespace) -> list[str]:
    seed = [] if arguments.seed is None else [f"seed={arguments.seed}"]
    return [*arguments.overrides, *seed]


def play_market(scenario: MarketScenario, replications: int, arguments: argparse.Namespace) -> int:
    """Run a market, write its folder and print its table."""
    from experiments.output.manifest import digests, input_files, provenance
    from experiments.output.writer import output_folder, write_manifest
    from experiments.studies.market.files import table, write
    from sim.market.market_invariants import CHECKS

    started = time.monotonic()
    with output_folder(arguments.out) as folder:
        compile_first(scenario)
        results = [_run(scenario, replication, arguments.check) for replication in range(replications)]
        served = time.monotonic() - started
        frames = write(results[0], scenario.name, folder)
        _draw_upgrades(scenario, results[0], folder)
        _replace_summary(results, frames, folder)
        rows = {f"{name}.csv": len(frame) for name, frame in frames.items()}
        checks = dict.fromkeys(CHECKS, replications)
        inputs = digests(input_files(scenario))
        manifest = provenance(("market", {"replications": replications}), scenario, inputs, checks)
        write_manifest({**manifest, "rows": rows}, folder)
        arguments.check()
    print(table(frames["monthly_market"]))
    simulated = sum(int(day.born.sum()) // result.scale for result in results for day in result.workload_days)
    print(f"\nwrote {arguments.out}/ ({simulated:,} requests simulated, {simulated / served:,.0f} a second; "
          f"{time.monotonic() - started:.1f} s in all)")
    return 0


def play_climb(design: Any, arguments: argparse.Namespace) -> int:  # noqa: ANN401 - ClimbDesign, imported late
    """Run the climb, write its folder and print its table."""
    from experiments.output.manifest import digests, input_files, provenance
    from experiments.output.writer import output_folder, write_manifest
    from experiments.runs.workers import default_jobs
    from experiments.studies.climb import design as study
    from experiments.studies.climb.figures import climb as draw
    from sim.market.market_invariants import CHECKS

    started = time.monotonic()
    scenario = design.scenario
    jobs = default_jobs() if arguments.jobs is None else arguments.jobs
    with output_folder(arguments.out) as folder:
        compile_first(scenario)
        with Bar("runs", arguments.check) as bar:
            frame = study.climb(design, jobs, bar.tick)
        frames = {"climb": frame, "summary": study.summary(frame)}
        for name, table in frames.items():
            table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
        draw(frame, scenario.name, folder)
        parameters = {"divisors": list(design.divisors), "replications": design.replications,
                      "measured_days": design.measured_days, "fleet": design.fleet}
        checks = dict.fromkeys(CHECKS, len(list(design.cells())))
        manifest = provenance(("climb", parameters), scenario, digests(input_files(scenario)), checks)
        write_manifest({**manifest, "rows": {f"{n}.csv": len(t) for n, t in frames.items()}}, folder)
        arguments.check()
    print(study.table(frame))
    print(f"\nwrote {arguments.out}/ ({time.monotonic() - started:.1f} s)")
    return 0


def replay(arguments: argparse.Namespace, study: str) -> int:
    """Run the manifest of a market or a climb again."""
    from experiments.output.manifest import market_of
    from experiments.studies.climb.design import ClimbDesign

    scenario, parameters = market_of(arguments.manifest)
    if study == "market":
        return play_market(scenario, parameters["replications"], arguments)
    return play_climb(ClimbDesign(scenario, tuple(parameters["divisors"]), parameters["replications"],
                                  parameters["measured_days"], parameters["fleet"]), arguments)


def compile_first(scenario: MarketScenario) -> None:
    """Say so if the engine has to be compiled, once on a machine; before that, what is wrong in the scenario shows."""
    if scenario.engine != "compiled":
        return
    from experiments.runs.run_market import stage
    from sim.compiled import is_compiled

    if not is_compiled():
        stage(scenario.model_copy(update={"engine": "reference"}))
        print("compiling the traffic engine, once on this machine (about 30 s)", file=sys.stderr, flush=True)


def _draw_upgrades(scenario: MarketScenario, result: MarketResult, folder: Path) -> None:
    """Draw the moves between the models that were used most, if any were."""
    from experiments.studies.market.upgrade_figure import draw_upgrades, most_used

    names = most_used(result)
    if names:
        draw_upgrades(result.models, scenario.models, scenario.horizon.start, folder / "upgrades", names)


def _run(scenario: MarketScenario, replication: int, check: Check) -> MarketResult:
    from experiments.runs.run_market import run_market

    with Bar("days", check) as bar:
        result, _ = run_market(scenario, replication, lambda day: bar.tick(round(day), scenario.horizon.days))
    return result


def _replace_summary(results: list[MarketResult], frames: dict[str, Any], folder: Path) -> None:
    """With several replications the summary holds means and half-widths over them."""
    if len(results) == 1:
        return
    from experiments.measures.market_summary import over_replications

    frames["summary"] = over_replications(results)
    frames["summary"].to_csv(folder / "summary.csv", index=False, lineterminator="\n")


class Bar:
    """A progress bar on the terminal, none where standard error is a file; it looks for interrupts, too."""

    def __init__(self, unit: str, check: Check) -> None:
        self._unit, self._check = unit, check

    def __enter__(self) -> Bar:
        from tqdm import tqdm

        self._bar: Any = tqdm(unit=f" {self._unit}", disable=None, leave=False)
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._bar.close()

    def tick(self, done: int, total: int) -> None:
        """Show how far it is."""
        self._check()
        self._bar.total = total
        self._bar.update(done - self._bar.n)
