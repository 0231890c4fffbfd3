"""What is assumed of a lab, its customers and its fleet: every number with its range and its source."""

from typing import Final

from providers.training.production import Production
from sim.scenario.base import Part, Sweep, quantity

OPENAI_2024: Final = "Epoch AI, OpenAI compute spend (10 October 2025): inference 1.8 to 2 of 7 billion USD in 2024"
RHYTHM: Final = "OpenRouter, August 2026, own computation from public data"
EPOCH: Final = "Epoch AI x Exponential View (January 2026): GPT-5, August to December 2025; .30 elsewhere"


class Serving(Part):
    """Requests, and the fleet that serves them. Money is in units of the fleet's rent."""

    load: float = quantity(0.27, unit="1", gt=0, lt=1, source=OPENAI_2024,
                           doc="Load of a lab that is as good as the others, over its fleet",
                           sweep=Sweep(0.15, 0.5))
    slots: float = quantity(100_000.0, unit="requests", ge=100, doc="Requests that the fleet could hold at once",
                            source="assumption: some thousand GPUs", sweep=Sweep(1e4, 1e6, "log"))
    peakedness: float = quantity(
        300.0, unit="1", gt=0, doc="Variance of the requests that would be in service at once, over their mean, within "
        "an hour", source="assumption; counts of requests on OpenRouter have about 1,000 (pluriholonomic/ai-routing)",
        sweep=Sweep(30.0, 2000.0, "log"))
    service_s: float = quantity(12.0, unit="s", gt=0, doc="Mean time that a request holds a slot",
                                source="473 tokens of an answer at 40 a second; " + RHYTHM)
    first_token_s: float = quantity(0.6, unit="s", gt=0, doc="Time to the first token without a wait",
                                    source="assumption: that of the default market at list prices")
    longest_wait_s: float = quantity(10.0, unit="s", gt=0, doc="Who would wait longer is answered with 429",
                                     source="assumption", sweep=Sweep(2.0, 30.0, "log"))
    busiest: float = quantity(1.56, unit="1", ge=1, doc="Busiest over quietest hour of a day", source=RHYTHM,
                              sweep=Sweep(1.2, 3.6, source="1.56 of the platform, 3.6 of a trace of chat"))
    weekend: float = quantity(0.846, unit="1", gt=0, le=1, source=RHYTHM,
                              doc="Load at weekends over that of other days")
    noise: float = quantity(0.1, unit="1", ge=0, le=1, source="assumption", doc="Standard deviation of the logarithm "
                            "of an hour's load about what the hour usually has",
                            sweep=Sweep(0.03, 0.3, "log"))
    noise_hours: float = quantity(12.0, unit="h", gt=0, doc="Hours in which such a deviation falls to a third",
                                  source="assumption")
    gross_margin: float = quantity(0.48, unit="1", ge=0, lt=1, doc="Revenue less rent of the GPUs that serve, over "
                                   "revenue, at the planned utilisation", source=EPOCH, sweep=Sweep(0.30, 0.70))
    utilisation: float = quantity(0.6, unit="1", gt=0, le=1, doc="That utilisation: what a GPU earns that is busy all "
                                  "the time is its rent over this and over 1 less the margin",
                                  source="assumption: .4 to .8")
    goodwill: float = quantity(1.0, unit="1", ge=0, doc="What a request that is turned away costs later, over what it "
                               "would have paid", source="assumption", sweep=Sweep(0.0, 5.0))

    @property
    def busy_worth(self) -> float:
        """Revenue of a GPU that is busy all the time, over its rent."""
        return 1.0 / ((1.0 - self.gross_margin) * self.utilisation)


class Lead(Part):
    """How customers answer that a lab's model is better than the others'."""

    share: float = quantity(0.25, unit="1", gt=0, lt=1, source="assumption: four labs",
                            doc="Share of all custom of a lab that is as good as the others")
    answer: float = quantity(
        0.1, unit="1/point", ge=0, doc="Rise of the logarithm of its share's odds by a point of a benchmark",
        source="assumption: the default market's tastes spread by .05 of quality, of which a point is .006 to .01",
        sweep=Sweep(0.03, 0.2, "log"))
    reviews_per_month: float = quantity(0.8, unit="1/month", gt=0, doc="Rate at which customers look anew",
                                        source="the default market: one a month, of four in five workloads",
                                        sweep=Sweep(0.3, 3.0, "log"))


class Moving(Part):
    """What it costs to move GPUs."""

    hours: float = quantity(0.25, unit="h", ge=0, doc="Hours that a GPU is idle when it goes from serving to training, "
                            "and as many when it comes back: state is saved, weights are loaded", source="assumption",
                            sweep=Sweep(0.0, 2.0))
    night_begins: float = quantity(22.0, unit="h", ge=0, lt=24, doc="When the night begins, customers' time",
                                   source="assumption: load is then at its mean and falls")
    night_hours: float = quantity(12.0, unit="h", gt=0, lt=24, doc="How long it is", source="definition: half a day")


class FleetAssumptions(Part):
    """All that is assumed of a lab that trains and serves."""

    production: Production = Production()
    serving: Serving = Serving()
    lead: Lead = Lead()
    moving: Moving = Moving()
