"""A day of a market's agents: what placement and price reviews take where there are many firms and offers.

Usage: ``python benchmarks/agents_day.py [DAYS] [FIRMS] [OFFERS]`` (default 60 days of 80 firms and 940 offers). The
firms are those of `openrouter-2026` with four times their GPUs, again and again under other names, each with random
streams of its own; all but the labs take every open model that fits, and of the offers that this makes the last are
left out. Requests are few, so that a run is short: what agents do in a day depends on what was sold, not on how many
requests stand for it.

What is timed is processor time of this process (other processes of a shared machine do not count) in the events of the
calendar, less accounting, customers and requests that are served meanwhile: firms at midnight, what they load and
order, reviews and reactions of prices with what a change of the board does to the engine. The median and the slowest
day are told; the first ten days, in which firms enter, are left out.
"""

import sys
import time
from collections.abc import Callable, Generator
from typing import Any

import numpy as np

from experiments.runs.run_market import Stage, stage
from experiments.scenarios import load_market
from providers.firms import supply_side
from sim.market.market import run_calendar
from sim.scenario import MarketScenario
from sim.scenario.load import plain
from sim.units import DAY_S

WARM_UP_DAYS = 10
REQUESTS_PER_S = 2.0


def marketplace(days: int, firms: int) -> MarketScenario:
    """The market of `openrouter-2026` with so many firms."""
    settings = plain(load_market("openrouter-2026", [f"horizon.days={days}",
                                                     f"customers.requests_per_s={REQUESTS_PER_S}"]))
    known = settings["supply"]["firms"]
    names = list(known)
    for firm in known.values():
        if firm["kind"] != "lab":
            firm["adoption"] |= {"probability": 1.0, "max_age_days": 10_000.0, "families": [], "creators": [],
                                 "min_total_b": 0.0, "max_total_b": 1e6}
        for pool in firm["pools"]:
            pool["count"] *= 4
    settings["supply"]["firms"] = {
        name if turn == 0 else f"{name}-{turn + 1}": known[name]
        for turn in range(-(-firms // len(names))) for name in names[:firms - turn * len(names)]
    }
    return MarketScenario.model_validate(settings)


class Watch:
    """Processor time by day, and what of it others than the agents took."""

    def __init__(self) -> None:
        self.others_s = 0.0

    def process(self, generator: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """A process whose time is not that of agents."""
        value = None
        while True:
            begun = time.process_time()
            try:
                event = generator.send(value)
            except StopIteration:
                return
            finally:
                self.others_s += time.process_time() - begun
            value = yield event

    def call(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function whose time is not that of agents."""
        def timed(*arguments: Any) -> Any:  # noqa: ANN401 - whatever the function takes
            begun = time.process_time()
            result = function(*arguments)
            self.others_s += time.process_time() - begun
            return result

        return timed


def days_of(staged: Stage) -> np.ndarray:
    """Run a market and return the agents' time of each day, float64 (days,) seconds."""
    market, watch = staged.market, Watch()
    env, spent = market.env, np.zeros(int(market.clock.days) + 1)
    market.close_day = watch.call(market.close_day)  # type: ignore[method-assign]
    engine: Any = market.engine
    engine._catch_up = watch.call(engine._catch_up)  # requests that were left behind are served before a change
    agents = [process(market) for process in staged.supply.processes()]
    step = env.step

    def timed_step() -> None:
        day, others_s, begun = int(env.peek() // DAY_S), watch.others_s, time.process_time()
        step()
        spent[day] += time.process_time() - begun - (watch.others_s - others_s)

    env.step = timed_step  # type: ignore[method-assign]
    run_calendar(market, staged.feed, [*agents, watch.process(market.customers.process(market))])
    return spent[:-1]


def offers_left(most: int) -> None:
    """Let supply plan no more than so many offers, the last of each model less."""
    supply: Any = supply_side
    planned_offers, left = supply.planned_offers, [most]

    def fewer(*arguments: Any) -> list[Any]:  # noqa: ANN401 - those of `planned_offers`
        offers: list[Any] = planned_offers(*arguments)[:left[0]]
        left[0] -= len(offers)
        return offers

    supply.planned_offers = fewer


def main() -> None:
    """Run one market and tell its days."""
    days, firms, offers = (int(text) for text in [*sys.argv[1:], *("60", "80", "940")[len(sys.argv) - 1:]])
    if offers:
        offers_left(offers)
    staged = stage(marketplace(days, firms))
    spent = 1e3 * days_of(staged)[WARM_UP_DAYS:]
    board = staged.market.board
    print(f"{len(staged.supply.firms)} firms, {len(staged.market.offers)} offers ({board.listed.sum()} listed at the "
          f"end); a day has {len(board.price_changes) / days:.0f} changes of prices and "
          f"{len(board.listing_changes) / days:.0f} of replicas")
    print(f"processor time of the agents: median day {np.median(spent):.1f} ms, mean {spent.mean():.1f} ms, slowest "
          f"{spent.max():.1f} ms of {len(spent)} days")


if __name__ == "__main__":
    main()
