"""Where the climb stops holding: the rule's statistics on shorter runs of one seed, with assumptions varied.

Varied are worths, tastes, inertia, the need from which quality counts (and with it how many uses are live, and how they
answer prices), and the ladder's top: the dearest model that is sold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from experiments.designs.factor import Factor
from experiments.runs.specs import Value

if TYPE_CHECKING:
    from pandas import DataFrame

    from experiments.studies.climb.design import Climb
    from experiments.verdicts.robustness import At
    from sim.scenario import MarketScenario

DAYS: Final = (30, 60)
DIVISORS: Final = (1.0, 2.0, 20.0)
TOP: Final = "dearest model sold, USD per million output tokens"
NEED: Final = "highest need"
FACTORS: Final = (  # ranges are assumptions, those of fields as their own sweeps
    Factor("customers.uses.worth_factor", (), 0.05, 1.0, "log"),
    Factor("customers.choice.taste", (), 0.01, 0.2, "log"),
    Factor("customers.choice.reviews_per_month", (), 0.1, 4.0, "log"),
    Factor(NEED, (), 0.4, 0.95),
    Factor(TOP, (), 1.0, 75.0, "log"),
)


def varied(design: Climb) -> tuple[Sequence[Factor], At]:
    """Return what is varied, and how the rule's statistics are had at a point of it."""
    return FACTORS, partial(statistics_at, design)


def statistics_at(design: Climb, point: Mapping[str, Value]) -> Mapping[str, float]:
    """Return the rule's statistics at a point: of one seed, 60 days and falls at once to a half and to a twentieth."""
    from dataclasses import replace

    from experiments.studies.climb.measures import Found, frame_of
    from experiments.studies.climb.weighing import MOVED, statistics

    short = replace(design, divisors=DIVISORS, after=DAYS, fall_days=0, replications=1,
                    measured_days=min(design.measured_days, DAYS[0]))
    short = replace(short, scenario=_at(short, point))
    cells = short.cells()
    runs = {(row, 0): _run(short, row) for row, cell in enumerate(cells) if cell.control in MOVED}
    found = statistics(Found(short, frame_of(short, runs)))
    return {name: values[0] if values else float("nan") for name, values in found.items()}


def _run(design: Climb, row: int) -> DataFrame:
    from experiments.runs.demand_alone import demand_alone
    from sim.scenario.load import override

    point = design.points()[row]
    return demand_alone(override(design.scenario, [f"{path}={_told(value)}" for path, value in point.items()]))


def _at(design: Climb, point: Mapping[str, Value]) -> MarketScenario:
    """The scenario at a point; models that are dearer than the ladder's top are left out."""
    from sim.market.models.catalogue import load_catalogue
    from sim.scenario.load import override
    from sim.streams import Streams

    scenario, low = design.base, design.scenario.customers.uses.needs[0]
    fields = [f"{path}={_told(value)}" for path, value in point.items() if path not in (TOP, NEED)]
    models = load_catalogue(scenario.models, scenario.horizon.start, scenario.horizon.days, Streams(scenario.seed, 0))
    dear = [row.name for row in models.rows if (row.list_out_usd or 0.0) > float(point[TOP])]
    left_out = ", ".join(f'"{name}"' for name in (*scenario.models.catalogue.exclude, *dear))
    return override(scenario, [*fields, f"customers.uses.needs=[{low}, {point[NEED]}]",
                               f"models.catalogue.exclude=[{left_out}]"])


def _told(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)
