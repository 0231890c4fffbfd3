"""The options of a sweep, and the design that they, or a design file, describe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import argparse

    from experiments.designs import Factor
    from experiments.designs.design_file import DesignFile
    from experiments.output.origins import Origin
    from experiments.studies.sweep.design import Sweep
    from sim.scenario import Scenario

SCENARIOS: Final = {"tournament": "tournament", "market": "openrouter-2026"}  # by what is done at a point
EPILOG: Final = """\
examples:
  tokenmarket sweep tournament --grid traffic.load=0.6,1,1.4 --policies cheapest,power_of_d --out results/load
  tokenmarket sweep tournament --design morris --samples 10 --vary traffic.load --vary routers.main.fee_share
  tokenmarket sweep market --set horizon.days=90 --grid price_factor=0.5,1,2 --replications 3
  tokenmarket sweep study.toml --dask tcp://scheduler:8786
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Add what is run, the design and what is shown."""
    from experiments.cli.options import add_set

    parser.epilog = EPILOG
    parser.add_argument("study", metavar="STUDY", help="tournament, market, or a design file (TOML)")
    parser.add_argument("scenario", metavar="SCENARIO", nargs="?", default="",
                        help="a built-in scenario or a TOML file (default: the study's own)")
    add_set(parser)
    parser.add_argument("--grid", action="append", default=[], metavar="FIELD=A,B,C", help="levels of a field")
    parser.add_argument("--vary", action="append", default=[], metavar="FIELD[=LOW..HIGH[:SCALE]]",
                        help="range of a field, on a linear, log or integer scale (default: the field's own range)")
    parser.add_argument("--design", metavar="KIND", default=None,
                        help="grid, one-at-a-time, latin-hypercube, sobol-sequence, random, morris, sobol, "
                             "sobol-pairs or morris+sobol (default: grid)")
    parser.add_argument("--samples", type=int, metavar="N", default=None, help="samples of a design that draws points")
    parser.add_argument("--design-seed", type=int, metavar="N", default=None,
                        help="seed of what is drawn (default: 1)")
    parser.add_argument("--policies", metavar="A,B", default=None,
                        help="policies at every point (default: the scenario's)")
    parser.add_argument("--metrics", metavar="A,B", default=None, help="metrics of figures and indices")


def design_of(arguments: argparse.Namespace) -> Sweep:
    """Return the design; options win over the file.

    Raises
    ------
    MarketError
        If something in it is not allowed.
    """
    from experiments.cli.options import listed
    from experiments.scenarios import load
    from experiments.studies.sweep.design import Sweep, planned

    given, origin = _given(arguments), origin_of(arguments)
    part, plan = given.study, given.design
    scenario = load(origin.name, *origin.assignments)
    _check_kind(part.kind, scenario)
    factors = (*given.listed(), *_factors(arguments))
    points = planned(_chosen(arguments.design, plan.kind), factors, scenario,
                     _chosen(arguments.samples, plan.samples), _chosen(arguments.design_seed, plan.seed))
    return Sweep(scenario, points, listed(arguments.policies, part.policies),
                 _chosen(arguments.replications, part.replications), listed(arguments.metrics, part.metrics))


def origin_of(arguments: argparse.Namespace) -> Origin:
    """Return what the scenario is made of: that of the options, of the design file, or the study's own."""
    from experiments.cli.options import seed_of
    from experiments.output.origins import Origin

    part = _given(arguments).study
    return Origin(arguments.scenario or part.scenario or SCENARIOS[part.kind],
                  (*part.set, *arguments.overrides, *seed_of(arguments)))


def _given(arguments: argparse.Namespace) -> DesignFile:
    """Return the design file, or an empty one for the study that was named in its place."""
    from experiments.designs.design_file import DesignFile, DesignPart, StudyPart, read_design
    from sim.errors import ScenarioError

    if arguments.study in SCENARIOS:
        return DesignFile.model_construct(study=StudyPart(kind=arguments.study), design=DesignPart(), factors={})
    if arguments.study.endswith(".toml"):
        return read_design(Path(arguments.study))
    raise ScenarioError(f"the study is {arguments.study!r}, but must be {', '.join(SCENARIOS)} or a design "
                        "file (.toml)")


def _check_kind(study: str, scenario: Scenario) -> None:
    from experiments.scenarios import STUDY
    from sim.errors import ScenarioError

    if STUDY[scenario.kind] != study:
        raise ScenarioError(f"scenario {scenario.name} describes {'a market' if study != 'market' else 'traffic'}: "
                            f"`tokenmarket sweep {STUDY[scenario.kind]} {scenario.name}`")


def _factors(arguments: argparse.Namespace) -> list[Factor]:
    from experiments.designs import parse_grid, parse_vary

    return [*(parse_grid(text) for text in arguments.grid), *(parse_vary(text) for text in arguments.vary)]


def _chosen(asked: Any, given: Any) -> Any:  # noqa: ANN401 - any option
    return given if asked is None else asked
