"""The runs of the ladder: inputs alone, and three markets on the same seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from experiments.validation.gates.gate_runs import HowToRun, played
from experiments.validation.ladder.climbing import HEADLINES, HeadlineOnLadder, climbed
from experiments.validation.ladder.null_inputs import inputs_alone
from experiments.validation.ladder.rungs import INPUTS, simulated

if TYPE_CHECKING:
    from pandas import DataFrame

    from sim.scenario import MarketScenario

KIND: Final = "market"
TABLE: Final = "metrics"


def up_the_ladder(scenario: MarketScenario, how: HowToRun) -> list[HeadlineOnLadder]:
    """Run every rung on the same seeds and tell every headline.

    Raises
    ------
    MarketError
        If a run fails, or the market has no lab.
    """
    nulls = [inputs_alone(scenario, seed) for seed in range(how.seeds)]
    found = {rung: numbers_by_seed(table) for rung, table in played(scenario, simulated(scenario), how, KIND,
                                                                    TABLE).items()}
    found[INPUTS] = nulls
    return [climbed(headline, {rung: [seed[headline.name] for seed in seeds] for rung, seeds in found.items()
                               if all(headline.name in seed for seed in seeds)}) for headline in HEADLINES]


def numbers_by_seed(table: DataFrame) -> list[dict[str, float]]:
    """Return the numbers of each run of a table of metrics, seeds in order."""
    return [dict(zip(part["metric"].astype(str), part["value"].astype(float), strict=True))
            for _, part in table.groupby("replication", sort=True)]
