"""How a lab prices its own models: jointly, against other creators' models, and seldom anew."""

import math
from typing import Final

from numpy.random import Generator

from providers.pricing.situation import Situation
from providers.pricing.strategy import Regular, StrategyKind
from providers.pricing.tariff import RegularTariff
from sim.market.prices import Prices
from sim.scenario.base import quantity

LARGEST_SHARE: Final = 0.95  # beyond it the formula has no sensible answer


class LabLogit(RegularTariff):
    """Parameters of ``lab_logit``; ``markup`` is for a model to which there is no other."""

    elasticity: float = quantity(
        2.0, unit="1", doc="Long-run elasticity of a small lab's sales at the price of the best other model", gt=1,
        source="assumption: uses that a tenth of all could have answer with about 2 (log-normal worths, sigma 0.9)")
    half_price: float = quantity(
        0.5, unit="1", doc="A model as good at less than this share of the price makes the lab think again", gt=0, lt=1,
        source="assumption: half the price")
    review_days: float = quantity(7.0, unit="days", doc="How often it looks for a reason", gt=0)


class LabPrices(Regular[LabLogit]):
    """Launches at the joint logit price; thinks again at a successor of its own, or a rival as good at half the price.

    With utility lost alpha for a unit of price, the owner of models with a share S of all sales takes the margin
    ``1 / (alpha (1 - S))`` on each (P1, E43). Alpha is the long-run elasticity over the price of the best other model:
    customers who choose between models of 10 USD mind a dollar less than those who choose between models of one.
    """

    def __init__(self, parameters: LabLogit) -> None:
        super().__init__(parameters)
        self._successors, self._reference = 0, math.inf  # that it has answered; none yet

    def launch(self, situation: Situation, rng: Generator) -> Prices:
        """The joint price; cost times markup while there is no other creator's model."""
        return self._joint(situation) or super().launch(situation, rng)

    def review(self, situation: Situation, rng: Generator) -> Prices | None:
        """The joint price if there is a reason to think again; None without."""
        across = situation.across
        if across is None or situation.own is None:
            return None
        # one that it has answered is no news; on the first day of a market nobody else may be there yet
        least = min(self.parameters.half_price * situation.price, self._reference)
        undercut = across.as_good and 0 < across.reference < least
        succeeded = across.successors > self._successors
        return self._joint(situation) if undercut or succeeded or math.isinf(self._reference) else None

    def _joint(self, situation: Situation) -> Prices | None:
        across = situation.across
        if across is None:
            return None
        self._successors = across.successors
        if across.reference <= 0:
            return None
        self._reference = across.reference
        price = joint_price(situation.cost_pico / situation.money_pico, across.reference, across.share,
                            self.parameters.elasticity)
        return self.parameters.prices(situation, price * situation.money_pico)


def joint_price(cost: float, reference: float, share: float, elasticity: float) -> float:
    """Price of each model of a lab (E43).

    Parameters
    ----------
    cost, reference
        Unit cost, and the price of the best other model.
    share
        The lab's share of all sales.
    elasticity
        Long-run elasticity at that price of a lab that sells next to nothing.
    """
    return cost + reference / (elasticity * (1.0 - min(share, LARGEST_SHARE)))


LAB_LOGIT: Final = StrategyKind(
    kind="lab_logit",
    make=LabPrices,
    parameters=LabLogit,
    summary="A lab's joint logit price at launch; anew at its own successor, or a model as good at half the price.",
    source="joint logit pricing (Train 2009; Nevo 2001); occasions: assumption",
    looks_across=True,
)
