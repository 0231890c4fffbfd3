"""What is assumed of a platform whose demand is known: every number with its range and its source."""

from typing import Final

from sim.scenario.base import Part, Sweep, quantity

AI_ROUTING: Final = "pluriholonomic/ai-routing (July 2026)"
DOCS: Final = "OpenRouter, provider selection: weights 1 / price squared"


class Platform(Part):
    """Open models sold by several hosts each, through a marketplace that routes part of the requests by price."""

    models: int = quantity(40, unit="models", ge=2, le=400, doc="Models", source="77 to 88 have three hosts or more")
    least_hosts: int = quantity(3, unit="hosts", ge=2, le=50, doc="Fewest hosts of a model")
    most_hosts: int = quantity(15, unit="hosts", ge=2, le=50, doc="Most hosts of a model",
                               source="genai-prices @47df840a: 3 to 15 hosts a model")
    weeks: int = quantity(52, unit="weeks", ge=4, le=260, doc="Weeks of data")
    exponent: float = quantity(2.0, unit="1", ge=0, le=20, source=DOCS, sweep=Sweep(1.0, 4.0),
                               doc="k of the router's weights 1 / price to the k; 0: at random")
    routed: float = quantity(0.57, unit="1", gt=0, le=1, doc="phi, share of requests that the router places",
                             source="calculated from NBER w34608: elasticity -1.11 over k = 2, rounded up",
                             sweep=Sweep(0.3, 0.9))
    own_elasticity: float = quantity(
        0.0, unit="1", ge=0, le=10, doc="How strongly those who choose a host themselves answer to its price, as the "
        "exponent of their weights", source="assumption: they pin a host for other reasons", sweep=Sweep(0.0, 1.0))
    experiment: float = quantity(0.1, unit="1", ge=0, lt=1, sweep=Sweep(0.02, 0.3),
                                 doc="Share of routed requests that are placed at random, whatever the price")
    requests_per_week: float = quantity(200_000.0, unit="requests", ge=100, doc="Median requests of a model a week",
                                        source="590 M a day over 300 models; far fewer here, so that small models are "
                                        "there", sweep=Sweep(2e4, 2e6, "log"))


class Prices(Part):
    """How hosts' costs and prices move."""

    review_per_day: float = quantity(0.028, unit="1/day", gt=0, le=1, doc="Hazard of a price's change",
                                     source=AI_ROUTING, sweep=Sweep(0.01, 0.1))
    change_sd: float = quantity(0.2, unit="1", ge=0, doc="Standard deviation of what a new price has besides its "
                                "cost, in logarithms", source=AI_ROUTING + ": median change .256",
                                sweep=Sweep(0.1, 0.4))
    gpu_types: int = quantity(6, unit="types", ge=2, le=50, doc="Types of GPUs, each with a rent of its own")
    rent_sd_per_week: float = quantity(
        0.05, unit="1", gt=0, doc="Standard deviation of a week's change of a type's rent, in logarithms",
        source="H100: 2.35 to 1.70 to 2.35 USD/h within eighteen months", sweep=Sweep(0.02, 0.1))
    pass_on: float = quantity(0.7, unit="1", gt=0, le=1, doc="How much of a change of rent a new price has in it",
                              source="assumption: the share of GPUs in cost", sweep=Sweep(0.3, 1.0))
    liking_sd: float = quantity(0.5, unit="1", ge=0, doc="Standard deviation of a host's popularity among those who "
                                "choose themselves, in logarithms", sweep=Sweep(0.2, 1.0))
    liking_memory: float = quantity(0.8, unit="1", ge=0, lt=1, doc="How much of a week's liking lasts to the next")
    answer: float = quantity(0.2, unit="1", ge=0, le=2, sweep=Sweep(0.0, 0.5),
                             doc="By how much of its liking a host raises its price at a review: prices answer demand")


class PlatformAssumptions(Part):
    """All that is assumed of a platform whose demand is known."""

    platform: Platform = Platform()
    prices: Prices = Prices()
