"""The numbers by which policies are compared, computed from the counters of one run: one function a measure."""

import math
from collections.abc import Callable, Iterable
from functools import cached_property, partial
from typing import Final

import numpy as np

from experiments.measures.catalogue import SHARE_PREFIX
from experiments.measures.censored import quantile_of_all
from experiments.measures.market import shares
from sim.engines import outcome as o
from sim.engines.outcome import TrafficOutcome
from sim.histogram import FINE_BITS, quantile
from sim.units import NANO_PER_USD, NANO_PER_USD_PER_MTOK

PERCENTS: Final = (50, 90, 99)


class Measured:
    """The measured requests of a run, added up over classes.

    Attributes
    ----------
    run
        The run.
    """

    def __init__(self, run: TrafficOutcome) -> None:
        self.run = run

    @cached_property
    def born(self) -> float:
        """Requests born."""
        return float(self.run.born[:, o.MEASURED].sum())

    @cached_property
    def ended(self) -> np.ndarray:
        """Requests by outcome."""
        return np.asarray(self.run.outcomes[:, o.MEASURED].sum(axis=0))

    @cached_property
    def total(self) -> np.ndarray:
        """The sums of `outcome.CLASS_SUMS`."""
        return np.asarray(self.run.class_sums[:, o.MEASURED].sum(axis=0))

    @cached_property
    def tokens(self) -> float:
        """Prompt and output tokens of completed requests."""
        return float(self.total[o.PROMPT_TOKENS] + self.total[o.OUTPUT_TOKENS])

    @cached_property
    def histograms(self) -> np.ndarray:
        """Completed requests by kind of waiting and bin."""
        return np.ascontiguousarray(self.run.class_hist.sum(axis=0))

    @property
    def unfinished(self) -> int:
        """Requests that were not completed, for whatever reason."""
        return int(self.born) - int(self.ended[o.COMPLETED])

    def share(self, outcome: int) -> float:
        """Share of requests that ended so."""
        return _ratio(self.ended[outcome], self.born)


Metric = Callable[[Measured], float]
METRICS: Final[dict[str, Metric]] = {}  # in the order of tables


def names_of(providers: Iterable[str]) -> list[str]:
    """Return the names of all metrics of a market with these providers."""
    return [*METRICS, *(f"{SHARE_PREFIX}{provider}" for provider in providers)]


def metrics(run: TrafficOutcome) -> dict[str, float]:
    """Return every metric of a run's measured requests, NaN where nothing was measured.

    Returns
    -------
    dict[str, float]
        The keys of `METRICS` in order, then ``share:PROVIDER`` in the scenario's order.
    """
    measured = Measured(run)
    return {name: function(measured) for name, function in METRICS.items()} | _provider_shares(run)


def provider_tokens(run: TrafficOutcome) -> dict[str, int]:
    """Return the prompt and output tokens that each provider served to measured requests."""
    served = run.offer_sums[:, o.MEASURED, [o.SERVED_PROMPT, o.SERVED_OUTPUT]].sum(axis=1)
    tokens = dict.fromkeys(run.world.scenario.providers, 0)
    for offer, count in zip(run.world.offers, served, strict=True):
        tokens[offer.provider] += int(count)
    return tokens


def metric(function: Metric) -> Metric:
    """Make a function a metric; its name is the measure's."""
    METRICS[function.__name__] = function
    return function


@metric
def cost_usd_per_mtok(measured: Measured) -> float:
    """Charged at posted prices over tokens."""
    return _ratio(measured.total[o.COST_NANO] / NANO_PER_USD_PER_MTOK, measured.tokens)


@metric
def paid_usd_per_mtok(measured: Measured) -> float:
    """Charged at posted prices and by the router over tokens."""
    return _ratio(measured.total[o.PAID_NANO] / NANO_PER_USD_PER_MTOK, measured.tokens)


@metric
def cost_per_good_usd(measured: Measured) -> float:
    """Charged at posted prices, for bad answers too, over good requests."""
    return _ratio(measured.total[o.COST_NANO] / NANO_PER_USD, measured.total[o.GOOD])


def _of_all(row: int, percent: int, measured: Measured) -> float:
    """Quantile of one kind of waiting, with those not completed as the latest."""
    return quantile_of_all(measured.histograms[row], measured.unfinished, percent)


def _of_completed(row: int, percent: int, measured: Measured) -> float:
    """Quantile of one kind of waiting of those completed."""
    return float(quantile(measured.histograms[row], percent / 100, FINE_BITS))


METRICS.update({f"{name}_p{percent}{whose}": partial(function, row, percent)
                for row, name in enumerate(o.METRICS) for percent in PERCENTS
                for whose, function in (("_s", _of_all), ("_completed_s", _of_completed))})


@metric
def goodput_per_s(measured: Measured) -> float:
    """Good requests over the measured time: the warm-up is not in it, as its requests are not."""
    world = measured.run.world
    return float(measured.total[o.GOOD]) / (world.measured_until_s - world.scenario.traffic.warmup_s)


@metric
def good_share(measured: Measured) -> float:
    """Good over born."""
    return _ratio(measured.total[o.GOOD], measured.born)


@metric
def completed_share(measured: Measured) -> float:
    """Completed over born."""
    return measured.share(o.COMPLETED)


@metric
def refused_share(measured: Measured) -> float:
    """Refused over born."""
    return measured.share(o.REFUSED)


@metric
def failed_share(measured: Measured) -> float:
    """Failed over born."""
    return measured.share(o.FAILED)


@metric
def abandoned_share(measured: Measured) -> float:
    """Abandoned over born."""
    return measured.share(o.ABANDONED)


@metric
def timed_out_share(measured: Measured) -> float:
    """Timed out over born."""
    return measured.share(o.TIMED_OUT)


@metric
def cut_share(measured: Measured) -> float:
    """Cut over completed."""
    return _ratio(measured.total[o.CUT], float(measured.ended[o.COMPLETED]))


@metric
def cached_share(measured: Measured) -> float:
    """Prompt tokens billed as read from a cache over all, of completed requests."""
    return _ratio(measured.total[o.CACHED_TOKENS], float(measured.total[o.PROMPT_TOKENS]))


@metric
def attempts_per_request(measured: Measured) -> float:
    """Attempts over born."""
    return _ratio(measured.total[o.ATTEMPTS], measured.born)


@metric
def utilisation(measured: Measured) -> float:
    """Replica-seconds in steps over those of active replicas, both of the measured window."""
    return _ratio(measured.run.offer_work[:, o.BUSY_S].sum(), measured.run.replica_s.sum())


@metric
def revenue_usd(measured: Measured) -> float:
    """Charged at posted prices."""
    return float(measured.total[o.COST_NANO]) / NANO_PER_USD


@metric
def written_off_usd(measured: Measured) -> float:
    """Worth of the answers in part that providers bear."""
    return float(measured.run.offer_sums[:, o.MEASURED, o.WRITTEN_OFF_NANO].sum()) / NANO_PER_USD


@metric
def fee_usd(measured: Measured) -> float:
    """The router's fees."""
    return float(measured.total[o.FEE_NANO]) / NANO_PER_USD


@metric
def hhi(measured: Measured) -> float:
    """Concentration of providers by tokens served."""
    return float(shares.hhi(np.array(list(provider_tokens(measured.run).values()))))


@metric
def requests(measured: Measured) -> float:
    """Requests born."""
    return measured.born


def _provider_shares(run: TrafficOutcome) -> dict[str, float]:
    tokens = provider_tokens(run)
    found = shares.shares(np.array(list(tokens.values())))
    return {f"{SHARE_PREFIX}{provider}": float(share) for provider, share in zip(tokens, found, strict=True)}


def _ratio(a: float, b: float) -> float:
    return float(a) / b if b > 0 else math.nan
