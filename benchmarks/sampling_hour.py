"""One hour of a grown market: what a sampled run expects of it, against every request of it simulated.

Usage: ``python benchmarks/sampling_hour.py [days] [hour] [seed] [threads]`` (607 days, 12 o'clock, seed 0, two threads:
the default market's last day, some 20 million requests in the hour; two to five minutes).

The sampled market runs to that hour; what it then expects to be sold is kept. A second engine holds all replicas of all
offers as they are at that moment, with their prices, outages and software, and serves every request that the same
customers send, ten minutes before the hour and in it. Told is first how what the run expected differs: by samples that
are up to some weeks old, of other hours of the day. Then every model has a turn within that hour, thinned as on its
day and as long as a month's savings allow, and what is expected by these samples is told. Fails where that differs by
more than may be.
"""

import sys
import time
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import numpy as np
from simpy import Environment, Event

from experiments.runs.run_market import Stage, stage
from experiments.scenarios import load_market
from experiments.validation.sampled_against_full import ALLOWED, LOSSES, POINTS, SoldNumbers, differences
from providers.cost.software import RELEASE_DAYS, software_speed
from providers.faults import fault_processes
from sim.engines import outcome
from sim.histogram import FINE_BITS, quantile
from sim.market.accounts import FAILED_ATTEMPTS, QUEUE_FULL, RATE_LIMITED, TOO_LONG, difference
from sim.market.board import Board
from sim.market.market import run_calendar
from sim.market.market_clock import Slice
from sim.units import DAY_S, HOUR_S

WARM_UP_S, PART_S = 600.0, 300.0
SMALL = 0.0005  # share of an offer from which on it is listed among the largest differences


def expected(staged: Stage, begin_s: float) -> SoldNumbers:
    """What the sampled market expects of the hour that begins then, by the samples that it has now."""
    days, feed = staged.market.days, staged.market.traffic.feed
    days._meter.close()
    requests = feed.rates_per_s(begin_s + HOUR_S / 2) * HOUR_S
    days.hour(requests)
    volumes = days._meter.close()
    sold, counts = days._expected.offers(volumes), np.zeros(days._surfaces.all_latencies().shape[1])
    for offer, histogram in days._surfaces.histograms.items():
        if histogram[outcome.TTFT].any():
            counts += histogram[outcome.TTFT] * (volumes.served[offer] / histogram[outcome.TTFT].sum())
    tokens = volumes.sold_prompt + volumes.sold_output
    p99_s = quantile(np.rint(counts).astype(np.int64), 0.99, FINE_BITS)
    lost = np.array([sold.rate_limited.sum(), sold.queue_full.sum(), sold.too_long.sum(), sold.failed.sum(),
                     sold.abandoned.sum()]) / requests.sum()
    paid = float(volumes.revenue_nano.sum() / tokens.sum())
    return SoldNumbers({"tokens": float(tokens.sum()), "price paid": paid, "TTFT p99": p99_s}, tokens / tokens.sum(),
                       lost)


def sample_all(staged: Stage, day: int) -> None:
    """Simulate within the hour a turn of every model, thinned as its own turn would be.

    On a calendar of its own, on which nobody else acts: customers, sellers and outages are those of the hour in full.
    """
    calendar = Environment(staged.market.env.now)
    calendar.process(_turns(staged, calendar, day))
    while calendar.peek() < np.inf:
        staged.market.traffic.reach(calendar.peek())
        calendar.step()


def _turns(staged: Stage, env: Environment, day: int) -> Generator[Event, Any, None]:
    sampler, begun = staged.market.days._sampler, env.now
    sampler._credit = np.inf  # it takes what may be saved at most
    turns = sampler._choose(day, begun)
    assert sampler._credit > 0, "some models had no turn"
    yield from sampler._simulate(env, day, turns)
    yield env.timeout(begun + HOUR_S - 1.0 - env.now)
    sampler._meter.bill.settle(sampler._counted())


def counted(staged: Stage, market_s: float, threads: int) -> SoldNumbers:
    """The same hour, every request of it simulated."""
    from sim.engines.compiled.engine import CompiledEngine

    market, feed = staged.market, staged.market.traffic.feed
    held = tuple(replace(offer, replicas=max(1, int(n)))
                 for offer, n in zip(market.world.offers, market.board.replicas, strict=True))
    engine = CompiledEngine(replace(market.world, offers=held), feed, threads=threads)
    board = Board(held, engine, staged.scenario.price_factor)
    engine.advance(market_s - WARM_UP_S)
    day = RELEASE_DAYS * (int(market_s / DAY_S) // RELEASE_DAYS)
    speed = software_speed(staged.scenario.supply.costing.software_per_year, day)
    for offer in np.flatnonzero(market.board.listed).tolist():
        board.post(engine.now_s, offer, market.board.prices_of(offer), "launch")
        board.set_replicas(engine.now_s, offer, int(market.board.replicas[offer]))
        engine.set_slowdown(offer, 1.0 / speed)
        engine.set_up(offer, bool(market.traffic.up[offer]))
    every, looks = np.arange(len(held)), []
    parts = int((WARM_UP_S + HOUR_S) / PART_S)
    for part in range(parts):
        if part == int(WARM_UP_S / PART_S):
            looks = [engine.tally(), engine.take_samples(every)]
        begin_s = market_s - WARM_UP_S + part * PART_S
        # numbers of slices that no stretch of the run has: requests of their own
        feed.simulate([Slice(10**9 + part, begin_s, PART_S)], [np.ones(len(market.customers.model))])
        engine.advance(begin_s + PART_S)
    tally, latencies = difference(engine.tally(), looks[0]), engine.take_samples(every) - looks[1]
    sums = tally.offer_sums.sum(axis=1)
    tokens = sums[:, outcome.SERVED_PROMPT] + sums[:, outcome.SERVED_OUTPUT]
    born = tally.born.sum()
    print(f"{born:,} requests simulated in the hour at {len(np.flatnonzero(market.board.listed))} offers", flush=True)
    lost = np.array([sums[:, RATE_LIMITED].sum(), sums[:, QUEUE_FULL].sum(), sums[:, TOO_LONG].sum(),
                     sums[:, FAILED_ATTEMPTS].sum(), sums[:, outcome.CANCELLED].sum()]) / born
    p99_s = quantile(latencies[:, outcome.TTFT].sum(axis=0), 0.99, FINE_BITS)
    paid = float(sums[:, outcome.REVENUE_NANO].sum() / tokens.sum())
    return SoldNumbers({"tokens": float(tokens.sum()), "price paid": paid, "TTFT p99": p99_s}, tokens / tokens.sum(),
                       lost)


def main() -> None:
    """Run the market to the hour, expect and count it, and print how they differ."""
    days, hour, seed, threads = map(int, (sys.argv[1:] + ["607", "12", "0", "2"][len(sys.argv) - 1:])[:4])
    begun = time.perf_counter()
    staged = stage(load_market("openrouter-2026", [f"horizon.days={days}"]), seed, threads)
    market, at_s = staged.market, float((days - 1) * DAY_S + hour * HOUR_S)

    own_s = market.traffic.clock.stretch_s(days - 1)
    if at_s - 2 * HOUR_S < own_s < at_s + HOUR_S:  # with the hour in which its requests end
        sys.exit(f"the run simulates a stretch of its own from {own_s % DAY_S / HOUR_S:.1f} h on: take an hour that is "
                 "before it, or two hours after")

    def look(env: Environment) -> Generator[Event, Any, None]:
        yield env.timeout(at_s)
        sampled = expected(staged, at_s)
        print(f"day {days}, {hour}:00 after {time.perf_counter() - begun:.0f} s", flush=True)
        full = counted(staged, at_s, threads)
        print(f"the hour simulated after {time.perf_counter() - begun:.0f} s", flush=True)
        tell(staged, sampled, full)
        before = int(market.traffic.engine.tally().born.sum())
        sample_all(staged, days)  # a day that the run does not have: requests of their own
        simulated = int(market.traffic.engine.tally().born.sum()) - before
        print(f"every model sampled in that hour, {simulated:,} requests, after {time.perf_counter() - begun:.0f} s:")
        sys.exit(tell(staged, expected(staged, at_s), full) > 0)

    software = staged.scenario.supply.costing.software_per_year
    faults = [process(market.env, market.traffic)
              for process in fault_processes(market.world, market.streams, software)]
    agents = [process(market) for process in (*staged.tellers, *staged.supply.processes())]
    run_calendar(market, [*faults, *agents, market.customers.process(market), look(market.env)])


def tell(staged: Stage, sampled: SoldNumbers, full: SoldNumbers) -> int:
    """Print the differences and the offers whose shares differ most; return how many are larger than may be."""
    bad = 0
    for name, value in differences(sampled, full).items():
        wrong = abs(value) > ALLOWED.get(name, POINTS)
        bad += wrong
        print(f"  {name:14s} {value:+9.4f}{' ' if name in ALLOWED else ' points'}{' *' if wrong else ''}")
    print("  in full:", {name: float(f"{value:.4g}") for name, value in full.of.items()},
          dict(zip(LOSSES, full.losses.round(5).tolist(), strict=True)))
    apart = sampled.shares - full.shares
    for offer in np.argsort(-np.abs(apart))[:8].tolist():
        if abs(apart[offer]) >= SMALL:
            one = staged.market.offers[offer]
            print(f"    {one.provider} {one.model}: {full.shares[offer]:.4f} in full, {apart[offer]:+.4f}")
    return bad


if __name__ == "__main__":
    main()
