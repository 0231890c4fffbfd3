"""How a day becomes numbers where marketplaces compete: each has decisions, losses and sales of its own."""

import numpy as np

from sim.engines.outcome import REVENUE_FOR_NANO, SERVED_FOR, Tally
from sim.engines.world import World
from sim.market.accounts import difference, offer_day, workload_day
from sim.market.billed_tokens import by_model
from sim.market.board import Board
from sim.market.customers.customers import Customers
from sim.market.customers.observed import LatencyLately
from sim.market.expected_days import ExpectedDays, Pace
from sim.market.market_traffic import MarketTraffic
from sim.market.marketplaces.marketplace_days import MarketplacePart
from sim.market.marketplaces.marketplaces import Marketplaces
from sim.market.marketplaces.split import of_one, offers_together, together, workloads_together
from sim.market.models.model import Models
from sim.market.rule_shares import RequestRules
from sim.market.sampler import Sampler
from sim.market.surfaces import ENOUGH, Sample, Surfaces, quantiles_s
from sim.market.traffic_days import CountedDays, SampledDays, rule_exponent
from sim.market.usage import OfferDay, WorkloadDay
from sim.market.volume_meter import VolumeMeter


class CountedMarketplaces(CountedDays):
    """Full resolution: what the engine counted since the last day, by marketplace too.

    Parameters
    ----------
    traffic, board, customers, latency
        Of the market.

    Attributes
    ----------
    parts
        Of the day that ended last.
    """

    parts: tuple[MarketplacePart, ...] = ()

    def close(self) -> tuple[OfferDay, WorkloadDay]:
        """Return the day that ended, before fees."""
        from dataclasses import replace

        seen, waited = self._traffic.engine.tally(), self._traffic.engine.take_samples(self._every)
        raw, latencies = difference(seen, self._seen), waited - self._waited
        self._seen, self._waited = seen, waited
        model, planned = self._customers.model, self._customers.planned_tokens()
        counted = together(raw, len(model))
        self._latency.see(counted, model)
        quantiles = np.array([quantiles_s(of) if of[0].sum() >= ENOUGH else np.full((2, 3), np.nan)
                              for of in latencies])
        self.parts = tuple(
            MarketplacePart(workload_day(of_one(raw, place, len(model)), model, planned),
                            raw.router_sums[:, place, REVENUE_FOR_NANO])
            for place in range(raw.router_sums.shape[1]))
        sold = offer_day(counted, self._board.replicas, quantiles)
        return (replace(sold, by_marketplace=raw.router_sums[:, :, SERVED_FOR]),
                workload_day(counted, model, planned))


class MarketplaceSales:
    """A sampled run's knowledge of one marketplace: what its own rule, requests and losses are like.

    Parameters
    ----------
    marketplace
        Its number.
    whole
        The meter of all together, whose bill of tokens it shares.
    rules, world
        By which rules requests are placed; its router and offers.
    """

    def __init__(self, marketplace: int, whole: VolumeMeter, rules: RequestRules, world: World) -> None:
        surfaces, workloads = whole.surfaces, len(whole.surfaces.workload_model)
        self.marketplace, self.rules = marketplace, rules
        self.surfaces = Surfaces.unknown(surfaces.offer_model, len(surfaces.outcomes), workloads)
        self.meter = VolumeMeter(world, self.surfaces, rule_exponent(world, marketplace))
        self.meter.bill = whole.bill
        self.expected = ExpectedDays(self.surfaces)
        self.shares = np.zeros(len(surfaces.offer_model))  # by the rule alone, of the stretch that is simulated

    def see(self, sample: Sample, counted: Tally) -> None:
        """Take in its part of a sample."""
        own = of_one(counted, self.marketplace, len(sample.model))
        nothing = np.zeros((int(sample.offers.sum()), 1, 1), np.int64)  # offers' waits are those of all
        self.surfaces.see(sample._replace(counted=own, latencies=nothing, expected=self.shares))


class MarketplaceSampler(Sampler):
    """A sampler that lets each marketplace learn its part.

    Parameters
    ----------
    traffic, board, customers, meter, sampled_per_day
        As for `Sampler`.
    """

    sales: tuple[MarketplaceSales, ...] = ()
    places: Marketplaces
    one_rule = False

    def _note(self, start_s: float, is_open: np.ndarray, model: np.ndarray, drawn: np.ndarray) -> None:
        for of in self.sales:
            mine = np.where((self.places.place == of.marketplace)[:, None], drawn, 0.0)
            _, prompt, output = by_model(mine, model, len(self._last_day)).T
            ruled = of.rules.asked(start_s, model, mine[:, 0])
            of.shares = of.meter.rule_shares(self._board, is_open, prompt, output, ruled)

    def _take_in(self, sample: Sample, counted: Tally) -> None:
        super()._take_in(sample, counted)
        for of in self.sales:
            of.see(sample, counted)


class SampledMarketplaces(SampledDays):
    """Sampled: volumes as expected hour by hour, of each marketplace by what its own samples taught.

    Parameters
    ----------
    traffic, board, customers, latency, models, sampled_per_day
        As for `SampledDays`; the traffic's feed knows who is where.

    Attributes
    ----------
    parts
        Of the day that ended last.
    """

    def __init__(self, traffic: MarketTraffic, board: Board, customers: Customers, latency: LatencyLately,
                 models: Models, sampled_per_day: int) -> None:
        super().__init__(traffic, board, customers, latency, models, sampled_per_day)
        world, places = traffic.engine.world, traffic.feed.places
        assert places is not None
        self._places = places
        self._sales = tuple(
            MarketplaceSales(number, self._meter, RequestRules(world, traffic.feed, len(models), number), world)
            for number in range(len(world.routers)))
        sampler = MarketplaceSampler(traffic, board, customers, self._meter, sampled_per_day)
        sampler.sales, sampler.places = self._sales, places
        self._sampler = sampler
        self.parts: tuple[MarketplacePart, ...] = ()

    def hour(self, requests: np.ndarray) -> None:
        """Add an hour in which workloads mean to send ``requests``."""
        model, up = self._customers.model, self._traffic.up_share()
        fit, lengths = self._fitting(requests)
        for of in self._sales:
            mine, away = np.where(self._places.place == of.marketplace, (fit, requests - fit), 0.0)
            of.meter.turn_away(away)
            asked = of.rules.asked(self._traffic.engine.now_s, model, mine)
            of.meter.hour(self._board, up, model, mine, lengths, asked)

    def close(self) -> tuple[OfferDay, WorkloadDay]:
        """Return the day that ended, before fees."""
        model, planned = self._customers.model, self._customers.planned_tokens()
        self._latency.see_means(self._surfaces.waits, model)
        pace = Pace(*self._latency.now(np.ones(len(self._board.listed), bool)))
        sold, parts = [], []
        for of in self._sales:
            day = of.meter.close()
            self._surfaces.served_since += day.served
            offers = of.expected.offers(day)
            sold.append(offers)
            parts.append(MarketplacePart(of.expected.workloads(day, offers, model, planned, pace),
                                         offers.revenue_nano))
        self.parts = tuple(parts)
        return offers_together(sold, self._surfaces.quantiles), workloads_together(parts)
