"""What a supply side is built in: the money, the GPU types and the calendar of its run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from providers.hardware.gpus import GPUS, Gpu


@dataclass(frozen=True)
class Around:
    """The surroundings of all firms.

    Attributes
    ----------
    days
        Length of the run.
    price_factor
        Factor of the board on all posted prices: all costs are multiplied by it too, but strategies see prices and
        costs before it, so that they post what they would post without it.
    gpus
        GPU types by name.
    start
        Date of day 0.
    """

    days: float
    price_factor: float = 1.0
    gpus: Mapping[str, Gpu] = field(default_factory=lambda: GPUS)
    start: date = date(2025, 1, 1)
