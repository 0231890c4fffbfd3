"""Undercutting the cheapest rival down to a floor, and relenting there (Edgeworth)."""

from typing import Final

from numpy.random import Generator

from providers.pricing.situation import Situation
from providers.pricing.strategy import Regular, StrategyKind
from providers.pricing.tariff import RegularTariff
from sim.market.prices import Prices
from sim.scenario.base import quantity


class Undercut(RegularTariff):
    """Parameters of ``undercut``."""

    step: float = quantity(0.05, unit="1", doc="Share by which it undercuts (at least a step of the grid)", ge=0,
                           lt=1)
    markup: float = quantity(4.0, unit="1", doc="Price over unit cost at which it has no rival to fear: the ceiling",
                             gt=1)
    relent_share: float = quantity(
        0.0, unit="1", doc="Probability of a return to the ceiling when undercutting would pay less than nothing",
        ge=0, le=1,
    )


class Undercutting(Regular[Undercut]):
    """Undercuts while that pays more than the demand that rivals' full capacity leaves at the ceiling.

    With capacity ``K``, ``K'`` of all rivals and demand ``D`` the residual is ``R = D - K'``. Undercutting at ``p``
    earns ``(p - c) min(K, D)``, relenting to the ceiling ``r`` earns ``(r - c) R``; they are equal at
    ``p = c + (r - c) R / min(K, D)``, Edgeworth's lower price. Without spare demand that is cost, and it stays there.
    """

    def launch(self, situation: Situation, rng: Generator) -> Prices:
        """Undercut those who are there, or the ceiling."""
        return self._answer(situation, rng)

    def review(self, situation: Situation, rng: Generator) -> Prices | None:
        """Undercut, relent or stay."""
        return self._answer(situation, rng)

    def lower_pico(self, situation: Situation) -> float:
        """Edgeworth's lower price, blended pico-dollars per token, never below the floor."""
        capacity, cost = situation.capacity_tokens_per_day, situation.cost_pico
        floor = self.parameters.floor_pico(situation)
        if capacity <= 0 or situation.share_last_day <= 0:
            return floor
        demand = situation.tokens_last_day / situation.share_last_day
        rivals = situation.rivals_capacity_tokens_per_day
        rivals = capacity * len(situation.rivals) if rivals is None else rivals
        residual = min(max(demand - rivals, 0.0), capacity)
        if residual == 0:
            return floor
        ceiling = cost * self.parameters.markup
        return max(floor, cost + (ceiling - cost) * residual / min(capacity, demand))

    def _answer(self, situation: Situation, rng: Generator) -> Prices:
        given, rival, u = self.parameters, situation.cheapest_rival, rng.random()
        ceiling = situation.cost_pico * given.markup
        if rival is None or situation.blend(rival) > ceiling:
            return given.prices(situation, ceiling)
        lower, floor = self.lower_pico(situation), given.floor_pico(situation)
        below = self._below(situation, rival)
        if situation.blend(below) >= lower:
            return below
        if lower > floor or u < given.relent_share:
            return given.prices(situation, ceiling)
        return given.prices(situation, floor)

    def _below(self, situation: Situation, rival: Prices) -> Prices:
        """Prices below the rival's by the step, or by a step of the grid if that is more."""
        given = self.parameters
        # a share of a low price is less than a step of the grid, and rounding would give the rival's price back
        level = min(situation.blend(rival) * (1 - given.step), situation.blend(rival) - given.step_pico)
        prices = given.prices(situation, level)
        if situation.blend(prices) < situation.blend(rival):
            return prices
        # the offer's own proportions may round up to the rival's blend: then a step below each of the rival's prices
        return Prices(*(max(0, value - given.step_pico) for value in rival))


UNDERCUT: Final = StrategyKind(
    kind="undercut",
    make=Undercutting,
    parameters=Undercut,
    summary="Undercuts the cheapest rival down to Edgeworth's lower price, then returns to the ceiling.",
    source="Edgeworth 1897; Maskin and Tirole, Econometrica 1988",
)
