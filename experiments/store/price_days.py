"""What an offer of a run of traffic charged over the measured window."""

from typing import NamedTuple

import numpy as np

from sim.engines.schedule import shown_usd
from sim.engines.window import Window
from sim.engines.world import OfferSpec
from sim.units import DAY_S


class PriceDays(NamedTuple):
    """Base prices after the discount, USD per million tokens times days that they held, and how often they changed."""

    input_usd: float
    output_usd: float
    changes: int


def price_days(offer: OfferSpec, window: Window) -> PriceDays:
    """Prices of an offer over the measured window: its later schedules count from their time on."""
    later_s = [float(np.clip(later.from_s, window.begins_s, window.ends_s)) for later in offer.later_prices]
    days = np.diff([window.begins_s, *later_s, window.ends_s]) / DAY_S
    held = list(zip(days.tolist(), offer.all_prices, strict=True))
    into = sum(span * shown_usd(price.base.input, price.kept_ppm) for span, price in held)
    out = sum(span * shown_usd(price.base.output, price.kept_ppm) for span, price in held)
    changes = sum(window.begins_s < later.from_s < window.ends_s for later in offer.later_prices)
    return PriceDays(float(into), float(out), changes)
