"""A study of a claim in a few lines: a coin's bias moves a mean, and nothing moves it when the bias is off."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from experiments.designs.factor import Factor
from experiments.studies.study import Design
from experiments.verdicts.verdict_study import VerdictStudy
from sim.streams import Streams

RULE = """
claim = "A pushed coin falls on one side"
by = "a gambler"
mechanism = "The push moves its chance."
statistic = "The share of heads less one half."
depends_on = "the push"
seeds = 4
smallest_full = "4 seeds of 400 throws"

[[supported]]
statistic = "gain"
at_least = 0.1

[[contradicted]]
statistic = "gain"
less_than = 0.05
holds = "interval"

[control]
what = "no push"
statistic = "share of heads less one half"
within = 0.05
"""


@dataclass(frozen=True)
class Coin(Design):
    """Throws of a coin that is pushed."""

    kind = ""
    scenario = None
    push: float = 0.2
    throws: int = 400
    replications: int = 4

    def points(self):
        return []

    def parameters(self):
        return {"push": self.push, "throws": self.throws, "replications": self.replications}


@dataclass(frozen=True)
class Heads:
    """Share of heads by seed, pushed and not."""

    pushed: list[float]
    fair: list[float]


class CoinStudy(VerdictStudy[Coin, Heads]):
    """Does a push show?"""

    name, summary, title, scenario = "coin", "a coin that is pushed", "A pushed coin", None

    def __init__(self, file: Path):
        self.file = file
        if not file.exists():
            file.write_text(RULE, encoding="utf-8")

    @property
    def rule_file(self):
        return self.file

    def design(self, arguments):
        return Coin()

    def read(self, scenario, parameters):
        return Coin(**parameters)

    def find(self, design, results, check):
        draws = [Streams(self.rule.seed, number).generator("coin").random(design.throws)
                 for number in range(design.replications)]
        return Heads([float((it < 0.5 + design.push).mean()) for it in draws],
                     [float((it < 0.5).mean()) for it in draws])

    def own_tables(self, found):
        return {"summary": pd.DataFrame({"heads": found.pushed, "fair": found.fair})}

    def statistics(self, found):
        return {"gain": [it - 0.5 for it in found.pushed]}

    def control(self, found):
        return [it - 0.5 for it in found.fair]

    def inputs_alone(self, found):
        return {"L0 the push itself": [0.2]}

    def is_full(self, design):
        return "" if design.throws >= 400 else f"{design.throws} of 400 throws"

    def assumptions(self, design):
        return [Factor("push", (), 0.0, 0.4), Factor("colour", (), 0.0, 1.0)], lambda point: {"gain": point["push"]}

    def built_so(self):
        return Heads([0.7] * 4, [0.5] * 4)

    def opposite(self):
        return Heads([0.5] * 4, [0.5] * 4)
