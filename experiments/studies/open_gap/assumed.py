"""What is assumed of closed and open models that follow each other: every number with its range and its source."""

from typing import Final

from sim.scenario.base import Part, Sweep, quantity

CATALOGUE: Final = "best closed model of the built-in catalogue on 1 January 2025, by rule M1"
EPOCH: Final = "Epoch AI x Exponential View (January 2026): GPT-5, August to December 2025; .30 elsewhere"


class LagBehind(Part):
    """How far open models are behind: what the study's cases change."""

    months: float = quantity(
        4.0, unit="months", doc="Lag at which closed models' profit is compared with that at the longest lag", ge=0,
        le=24, source="Epoch AI: open models were 3.5 months (90 % CI 1.1 to 5.3) behind in 2025, 4 in May 2026",
        sweep=Sweep(1.1, 6.0, source="Epoch AI's interval, to the claim's half a year"))
    long_months: float = quantity(
        24.0, unit="months", doc="Lag that stands for a lead that lasts", ge=0, le=36,
        source="assumption: the longest of the issue's range")
    gap: float = quantity(
        0.0, unit="1", doc="Share of their ability by which open models are worse besides; 100 points of a benchmark "
        "are an ability of 1 (M1), and quality is ability to the power of the task's ease (M2)", ge=0, lt=1,
        source="the claim: 3 to 5 %; here apart from the lag", sweep=Sweep(0.0, 0.1))


class Releases(Part):
    """When models come, and how good they are."""

    ability: float = quantity(0.485, unit="1", doc="General ability of the closed frontier on the first day", gt=0,
                              lt=1, source=CATALOGUE)
    coding: float = quantity(0.345, unit="1", doc="Its coding ability on the first day", gt=0, lt=1, source=CATALOGUE)
    growth: float = quantity(
        1.08, unit="log-odds/year", doc="Growth of the closed frontier's ability", ge=0, le=10,
        source="least squares over the built-in catalogue (docs/market/models.md)", sweep=Sweep(0.5, 2.0, "log"))
    before_months: float = quantity(
        12.0, unit="months", doc="Models that came this long before the first day are on sale on it", gt=0,
        source="assumption: about a closed model's life")
    open_life_months: float = quantity(
        18.0, unit="months", doc="After so long no host lists an open model any more", gt=0,
        source="assumption: nine tenths of the catalogue's open models have lost half of their tokens by then")


class Costs(Part):
    """What serving costs, and what open models' hosts charge."""

    gross_margin: float = quantity(
        0.48, unit="1", doc="Of a closed model at its list price when it comes: less cost of serving, over price", gt=0,
        lt=1, source=EPOCH, sweep=Sweep(0.30, 0.70))
    fall: float = quantity(
        2.0, unit="1/year", doc="What serving a model costs is divided by this a year: software 1.4, hardware 1.4",
        ge=1, source="theory of the default market: software 1.2 to 2; hardware -30 %/year (Stanford AI Index 2025)",
        sweep=Sweep(1.2, 3.0, "log"))
    host_markup: float = quantity(
        1.33, unit="1", doc="List price of an open model when it comes, over what a host pays to serve it", gt=1,
        source="assumption: what five hosts would charge over their cost, half of sales at an exponent of 2 and half "
        "at 8", sweep=Sweep(1.1, 2.5, "log"))
    exponent: float = quantity(
        5.0, unit="1", doc="Exponent of price by which hosts of a model share its sales", gt=1.05, le=50,
        source="assumption: the mean of rules of 2 and of 8")
    gpu_usd_per_hour: float = quantity(2.35, unit="USD/h", doc="Rent of a GPU", gt=0, source="H100, March 2026")
    gpu_room_b: float = quantity(60.0, unit="billion parameters", doc="Parameters that a GPU holds beside its cache: "
                                 "a host's smallest fleet is as many GPUs as the model needs", gt=0,
                                 source="assumption: 80 GB, 8 bits a parameter, a quarter for the cache")
    hurdle: float = quantity(0.15, unit="1/year", doc="Rate at which later profit is discounted", ge=0,
                             source="the default market's firms")


class Sales(Part):
    """How closed models are sold."""

    cloud_share: float = quantity(0.0, unit="1", doc="Share of closed models' tokens that clouds sell, at the same "
                                  "price", ge=0, le=1, source="off: one of the study's cases puts a half here")
    cloud_keeps: float = quantity(0.25, unit="1", doc="Share of the price that a cloud keeps", ge=0, lt=1,
                                  source="assumption")
    review_weeks: int = quantity(13, unit="weeks", doc="Time between two answers of a creator to all other prices",
                                 ge=1, source="assumption: a quarter")
    brand: float = quantity(
        1.0, unit="1", doc="What creators' names and open weights count with customers, over the default market's; 0: "
        "nothing", ge=0, le=5, source="the default market's workloads: calibrated to token shares of early 2025",
        sweep=Sweep(0.5, 2.0, "log"))


class GapAssumptions(Part):
    """All that is assumed of closed and open models."""

    behind: LagBehind = LagBehind()
    releases: Releases = Releases()
    costs: Costs = Costs()
    sales: Sales = Sales()
