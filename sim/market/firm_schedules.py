"""What firms charge, as schedules: the prices that their strategies ask, and others in proportion to these."""

from collections.abc import Iterable, Mapping

from sim.engines.schedule import Line, Schedule, Tier
from sim.engines.world import OfferSpec
from sim.market.prices import Prices
from sim.scenario.firm_settings import Firm
from sim.scenario.price_settings import RelativeSchedule


def schedule_at(relative: RelativeSchedule, asked: Prices) -> Schedule:
    """Return the schedule at which a firm sells at the prices that its strategy asks (E190 of ``docs/theory.md``).

    Parameters
    ----------
    relative
        What it charges in proportion to them.
    asked
        Prices of a request with a short prompt, pico-dollars per token.

    Returns
    -------
    Schedule
        Every price rounded to whole pico-dollars by itself.
    """
    write = 1.0 if relative.cache_write_factor is None else relative.cache_write_factor
    base = Line(*asked, round(asked.input * write))
    return Schedule(base, tiers=tuple(
        Tier(tier.above_tokens, Line(*(round(price * factor) for price, factor in zip(
            (*asked, asked.input * write),
            (tier.input_factor, tier.output_factor, tier.input_factor, tier.input_factor), strict=True))))
        for tier in relative.tiers))


def schedules_of(firms: Mapping[str, Firm], offers: Iterable[OfferSpec]) -> dict[int, RelativeSchedule]:
    """Return, by row, what offers charge beside the prices asked; offers that charge nothing else are left out."""
    found = {row: firms[offer.provider].schedule for row, offer in enumerate(offers) if offer.provider in firms}
    return {row: relative for row, relative in found.items() if not relative.is_plain}
