"""Prices that follow a calendar from the launch: exponential decline and steps."""

from typing import Final

from numpy.random import Generator
from pydantic import Field, field_validator

from providers.pricing.situation import Situation
from providers.pricing.strategy import P, Regular, Steady, StrategyKind
from providers.pricing.tariff import ListedTariff, RegularListedTariff
from sim.market.prices import USUAL_MIX, Mix, Prices
from sim.scenario.base import quantity
from sim.units import DAY_S, DAYS_PER_YEAR


class _FromLaunch(Steady[P]):
    """Remembers the blended price of its launch and scales it with the age of the offer.

    What it blends by may move with what it serves, and then the price of the launch does: it is the same prices.
    """

    launched_pico: float = 0.0
    launch_mix: Mix = USUAL_MIX

    def launch(self, situation: Situation, rng: Generator) -> Prices:
        """The anchor, remembered."""
        self.launched_pico, self.launch_mix = self.parameters.anchor_pico(situation), situation.mix
        return super().launch(situation, rng)

    def review(self, situation: Situation, rng: Generator) -> Prices | None:
        """Launch price times the factor of this age."""
        parts = self.parameters.proportions(situation)
        then, now = self.launch_mix.blend(parts), situation.mix.blend(parts)
        level = self.launched_pico * (now / then if then > 0 else 1.0)
        return self.parameters.prices(situation, level * self.factor(situation.age_days))

    def factor(self, age_days: float) -> float:
        """Share of the launch price at an age."""
        raise NotImplementedError


class Decline(RegularListedTariff):
    """Parameters of ``decline``."""

    decline_per_year: float = quantity(
        0.47, unit="1", doc="Share of the price that is lost in a year, 0 to 1", ge=0, lt=1,
        source="Du, Tiered Super-Moore (arXiv 2603.28576): half-life 1.10 years in the economy tier",
    )
    review_days: float = quantity(30.0, unit="days", doc="Time between price changes", gt=0)


class ExponentialDecline(_FromLaunch[Decline], Regular[Decline]):
    """``launch * (1 - decline_per_year) ** years``, changed every ``review_days``."""

    def factor(self, age_days: float) -> float:
        """Share of the launch price at an age."""
        return float((1 - self.parameters.decline_per_year) ** (age_days / DAYS_PER_YEAR))


class Steps(ListedTariff):
    """Parameters of ``steps``."""

    days: tuple[float, ...] = Field(
        (180.0, 360.0), description="Ages at which the price changes, rising [days] (source: assumption)",
        json_schema_extra={"unit": "days", "source": "assumption"},
    )
    factors: tuple[float, ...] = Field(
        (0.5, 0.25), description="Share of the launch price from each of these ages [1] (source: assumption)",
        json_schema_extra={"unit": "1", "source": "assumption"},
    )

    @field_validator("days")
    @classmethod
    def _rising(cls, days: tuple[float, ...]) -> tuple[float, ...]:
        if any(day <= 0 for day in days) or list(days) != sorted(set(days)):
            raise ValueError("ages must be positive and rise")
        return days

    @field_validator("factors")
    @classmethod
    def _matching(cls, factors: tuple[float, ...], info: object) -> tuple[float, ...]:
        days = getattr(info, "data", {}).get("days")
        if any(factor < 0 for factor in factors) or (days is not None and len(factors) != len(days)):
            raise ValueError("there must be one factor, 0 or more, for each of the days")
        return factors


class StepSchedule(_FromLaunch[Steps]):
    """Changes its price at given ages and at no other time."""

    def next_review_s(self, situation: Situation, rng: Generator) -> float:
        """Time to the next step; never after the last."""
        # an age is a difference of times in seconds: without the tolerance the step that was just taken would be due
        # again
        ahead = (day - situation.age_days for day in self.parameters.days if day > situation.age_days + 1e-9)
        return min(ahead, default=float("inf")) * DAY_S

    def factor(self, age_days: float) -> float:
        """Share of the launch price at an age."""
        passed = sum(day <= age_days + 1e-9 for day in self.parameters.days)
        return self.parameters.factors[passed - 1] if passed else 1.0


DECLINE: Final = StrategyKind(
    kind="decline",
    make=ExponentialDecline,
    parameters=Decline,
    summary="Lowers the launch price exponentially with the age of the offer.",
    source="Du, Tiered Super-Moore (arXiv 2603.28576): half-lives of same-tier prices",
)
STEPS: Final = StrategyKind(
    kind="steps",
    make=StepSchedule,
    parameters=Steps,
    summary="Changes the price at given ages, to given shares of the launch price.",
    source="vendors' price pages: list prices move rarely and in steps (o3: 10/40 to 2/8 USD after two months)",
)
