"""What sellers know of the demand they face: told the rules through which they sell, or learned from what they saw."""

from collections.abc import Generator, Sequence
from typing import Any, Final

import numpy as np
from simpy import Event

from providers.firms.rule_mix import ModelDemand
from providers.pricing.residual_demand import Belief, ResidualDemand
from providers.pricing.sold_through import OPENROUTER_UNTIL_2026, Rules
from sim.market.desk import Desk
from sim.scenario.pricing_settings import DemandLearning
from sim.units import DAY_S

LOOK_S: Final = 60.0  # after midnight, when the day is booked: all look before those move who wait for it


class Knowledge:
    """Rules and beliefs of all sellers; rows as in ``Desk.offers``.

    Parameters
    ----------
    models
        Name of each offer's model.
    learning
        How they learn; None if they are told.

    Attributes
    ----------
    published
        What all were told, from which those who learn start; OpenRouter's rule until 2026 while nobody told them.
    """

    def __init__(self, models: Sequence[str], learning: DemandLearning | None) -> None:
        self.published = OPENROUTER_UNTIL_2026
        self._of_model: dict[str, ModelDemand] = {}
        self._rules: dict[int, Rules] = {}  # told, by row of who asked since anybody was told
        self._models, self._learning = models, learning
        numbers = {name: number for number, name in enumerate(dict.fromkeys(models))}
        model = np.array([numbers[name] for name in models], np.int64)
        self._seen = None if learning is None else ResidualDemand(model, learning.memory_days)

    def tell(self, rules: Rules) -> None:
        """Tell all sellers the rules through which they sell."""
        self.published = rules
        self._rules.clear()

    def tell_of_model(self, demand: ModelDemand) -> None:
        """Tell the sellers of one model how its customers come."""
        self._of_model[demand.model] = demand
        self._rules.clear()

    def demand_of(self, row: int) -> ModelDemand:
        """How customers of an offer's model come, as those hear who sell it or might; who learns hears what all do."""
        told = None if self.learns else self._of_model.get(self._models[row])
        return ModelDemand(self._models[row], self.published, 1.0, {}) if told is None else told

    @property
    def learns(self) -> bool:
        """Whether sellers learn."""
        return self._seen is not None

    def watch(self, desk: Desk) -> Generator[Event, Any, None]:
        """Process: note every day just after its end."""
        while self._seen is not None:
            yield desk.env.timeout(DAY_S - desk.env.now % DAY_S + LOOK_S)
            last = desk.offer_days[-1]
            sold = (last.prompt_tokens + last.output_tokens).astype(float)
            self._seen.look(sold, desk.board.prices, desk.board.listed)

    def belief(self, row: int, price: float, token_s: float) -> Belief | None:
        """What a seller has learned of its exponent, from the published one on; None if it is told the rules.

        Parameters
        ----------
        row
            The offer.
        price, token_s
            Its price in USD per million tokens, and the seconds that a token takes.
        """
        if self._seen is None or self._learning is None:
            return None
        exponent = self.published.elasticity(0.0, price, token_s)
        return self._seen.belief(row, Belief(exponent, self._learning.prior_sd))

    def rules_of(self, row: int, belief: Belief | None) -> Rules:
        """The rules that a seller answers: those that it was told, or the power of price that it believes in."""
        if belief is not None:
            return Rules.single(max(belief.mean, 0.0))
        rules = self._rules.get(row)
        if rules is None:
            rules = self._rules[row] = self.demand_of(row).rules_of(row)
        return rules
