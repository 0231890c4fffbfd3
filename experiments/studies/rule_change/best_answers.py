"""Hosts who answer each other in turn with the price and the batch that earn most, under the old rule and the new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from experiments.studies.rule_change.batch_frontier import BatchFrontier, best_batch, usual_frontier
from policies.openrouter_curve import DISTANCES, PREFERENCES

if TYPE_CHECKING:
    from experiments.studies.rule_change.assumed import RuleChangeAssumptions
    from sim.streams import Streams

OLD, PRICES, NEW = "1/p^2 kept", "new rule, prices alone", "new rule, prices and batches"
ARMS: Final = (OLD, PRICES, NEW)
STEP: Final = 1.002  # between what the rule compares of an offer, at which a host looks
FIRST: Final = (1.5, 4.0)  # prices of the first day over the least cost, drawn evenly between
MOVED: Final = 0.02  # of the logarithm of a price


class HostOptions(NamedTuple):
    """What one host may choose: batches with their cost and time, float64 (batches,).

    Attributes
    ----------
    frontier
        Its own, as fast and as dear as it is, no slower than allowed.
    token_s
        Time of a request over its output tokens.
    gpu_s
        GPU time of a token, in that of a plain host's rent.
    """

    frontier: BatchFrontier
    token_s: np.ndarray
    gpu_s: np.ndarray


class HostLooks(NamedTuple):
    """What one host may come to, arrays (n,).

    Attributes
    ----------
    compared
        What the rule then compares.
    column
        Which of its undominated batches it takes.
    price, margin
        Its price, and that less cost, USD per million tokens.
    """

    compared: np.ndarray
    column: np.ndarray
    price: np.ndarray
    margin: np.ndarray


class AnswersEnd(NamedTuple):
    """What goes on in the last half of the rounds of one game; money in the least cost of a plain host.

    Attributes
    ----------
    moving
        Share of reviews that move a price by more than 2 %.
    batch_gap, log_batch
        Means over hosts of |ln(batch / batch of E138)| and of ln batch.
    paid, dispersion
        What a token costs its customer, and the standard deviation of the logarithm of prices over hosts.
    token_s
        Mean time of a request over its output tokens, of those served.
    gpus
        GPU time of a token that is served.
    profit
        Of one host, before its fixed cost, of a demand of 1.
    paths
        Prices after each review, float64 (reviews, hosts).
    """

    moving: float
    batch_gap: float
    log_batch: float
    paid: float
    dispersion: float
    token_s: float
    gpus: float
    profit: float
    paths: np.ndarray


class Rule(NamedTuple):
    """How shares follow from prices and times.

    Attributes
    ----------
    is_new
        Whether it is the generalised cost of autumn 2026; else 1/p^k.
    assumed
        Its numbers.
    """

    is_new: bool
    assumed: RuleChangeAssumptions

    def waits(self, token_s: np.ndarray) -> np.ndarray:
        """Return what the rule adds to a price, USD per million tokens: g of E25 less the price; of 1/p^k nothing."""
        given = self.assumed
        return np.asarray(self.is_new * (given.ttft_cost * given.first_s + given.speed_cost * token_s))

    def shares(self, costs: np.ndarray) -> np.ndarray:
        """Return the share of each host, float64 (..., hosts) along the last axis (E26, E17)."""
        over = costs / costs.min(axis=-1, keepdims=True)
        if not self.is_new:
            raw = over ** -self.assumed.exponent
            return np.asarray(raw / raw.sum(axis=-1, keepdims=True))
        drawn = np.interp(over - 1.0, DISTANCES, PREFERENCES, right=0.0)
        explored = self.assumed.exploration
        return np.asarray((1.0 - explored) * drawn / drawn.sum(axis=-1, keepdims=True) + explored / costs.shape[-1])

    def own_share(self, own: np.ndarray, rivals: np.ndarray) -> np.ndarray:
        """Return one host's share at each of some costs of its own, float64 (n,), the rivals' standing still."""
        all_ = np.concatenate([own[:, None], np.broadcast_to(rivals, (len(own), len(rivals)))], axis=1)
        return np.asarray(self.shares(all_)[:, 0])


def options_of(model: str, hosts: int, assumed: RuleChangeAssumptions, streams: Streams) -> list[HostOptions]:
    """Return what each host may choose: rents and engines are drawn, the fixed sequence of a model's hosts."""
    plain = usual_frontier(model, assumed)
    rents = np.exp(assumed.rent_sd * streams.generator(f"rents/{model}").standard_normal(hosts))
    engines = np.exp(assumed.engine_sd * streams.generator(f"engines/{model}").standard_normal(hosts))
    out = []
    for rent, engine in zip(rents, engines, strict=True):
        step_s = plain.step_s / engine
        kept = max(int((step_s <= assumed.slowest_token_s).sum()), 1)
        mine = BatchFrontier(plain.batch[:kept], step_s[:kept], (plain.cost * rent / engine)[:kept])
        out.append(HostOptions(mine, mine.step_s + assumed.first_s / assumed.output, plain.cost[:kept] / engine))
    return out


def least_cost(model: str, assumed: RuleChangeAssumptions) -> float:
    """Return what a token costs a plain host at the largest batch it may run, USD per million tokens."""
    plain = usual_frontier(model, assumed)
    return float(plain.cost[: max(int((plain.step_s <= assumed.slowest_token_s).sum()), 1)].min())


class Game:
    """Hosts of one model under one rule.

    Parameters
    ----------
    model, hosts, arm
        What is played, by how many, and one of `ARMS`.
    assumed
        Requests, hosts, rules.
    streams
        Luck: rents, engines, first prices, and the order of each round.
    """

    def __init__(self, model: str, hosts: int, arm: str, assumed: RuleChangeAssumptions, streams: Streams) -> None:
        self.rule, self.hosts = Rule(arm != OLD, assumed), hosts
        self.options = options_of(model, hosts, assumed, streams)
        self.closed = np.array([it.frontier.batch[best_batch(it.frontier, assumed.speed_cost)] for it in self.options])
        if arm == PRICES:  # the batch stays what it was
            self.options = [_fastened(it) for it in self.options]
        self.least = least_cost(model, assumed)
        self.ceiling = assumed.ceiling * self.least
        self.waits = [self.rule.waits(it.token_s) for it in self.options]
        self.places = [undominated(it.frontier.cost, waits) for it, waits in zip(self.options, self.waits, strict=True)]
        ends = np.array([[(it.frontier.cost + waits).min(), self.ceiling + waits.max()]
                         for it, waits in zip(self.options, self.waits, strict=True)])
        steps = int(np.log(ends[:, 1].max() / ends[:, 0].min()) / np.log(STEP)) + 1
        tried = ends[:, 0].min() * STEP ** np.arange(steps, dtype=float)
        self.looks = [looks_of(it.frontier.cost[places], waits[places], tried, self.ceiling)
                      for it, waits, places in zip(self.options, self.waits, self.places, strict=True)]
        draws = streams.generator(f"first prices/{model}").uniform(*FIRST, hosts)
        self.price = np.minimum(draws * self.least, self.ceiling)
        self.place = np.array([len(it.frontier.batch) - 1 for it in self.options])
        self.order = streams.generator(f"orders/{model}")

    def answer(self, host: int) -> None:
        """Let a host take the price and the batch that earn most, the others standing still; the first of equals.

        It looks at what the rule may compare of it, with each batch at the price that this leaves; and at the ceiling
        with each batch.
        """
        looks = self.looks[host]
        share = self.rule.own_share(looks.compared, self.costs[np.arange(self.hosts) != host])
        best = int((looks.margin * share).argmax())
        self.price[host], self.place[host] = looks.price[best], self.places[host][looks.column[best]]

    @property
    def costs(self) -> np.ndarray:
        """What the rule compares, float64 (hosts,)."""
        return np.asarray(self.price + self._chosen(self.waits))

    def play(self, rounds: int) -> AnswersEnd:
        """Let all answer in turn, each round in another order, and return what goes on in the last half."""
        moved, rows, path = [], [], []
        for number in range(rounds):
            for host in self.order.permutation(self.hosts).tolist():
                before = self.price[host]
                self.answer(host)
                path.append(self.price / self.least)
                if number >= rounds // 2:
                    moved.append(abs(np.log(self.price[host] / before)) > MOVED)
                    rows.append(self._now())
        means = np.mean(rows, axis=0).tolist()
        return AnswersEnd._make([float(np.mean(moved)), *means, np.array(path)])

    def _now(self) -> list[float]:
        share, batch = self.rule.shares(self.costs), self._chosen([it.frontier.batch for it in self.options])
        cost = self._chosen([it.frontier.cost for it in self.options])
        return [float(np.abs(np.log(batch / self.closed)).mean()), float(np.log(batch).mean()),
                float(share @ self.price) / self.least, float(np.log(self.price).std()),
                float(share @ self._chosen([it.token_s for it in self.options])),
                float(share @ self._chosen([it.gpu_s for it in self.options])) / self.least,
                float(share @ (self.price - cost)) / self.least / self.hosts]

    def _chosen(self, rows: list[np.ndarray]) -> np.ndarray:
        return np.array([row[place] for row, place in zip(rows, self.place, strict=True)])


def looks_of(cost: np.ndarray, waits: np.ndarray, tried: np.ndarray, ceiling: float) -> HostLooks:
    """Return what is worth a look: at each g the batch of the largest margin, and the ceiling with every batch.

    Parameters
    ----------
    cost, waits
        Of a host's batches, the least waits first, float64 (batches,).
    tried
        What the rule may compare, float64 (n,).
    ceiling
        Highest price.
    """
    total, last = cost + waits, len(cost) - 1
    best = np.empty(last + 1, np.int64)  # of the batches from each on
    best[last] = last
    for at in range(last - 1, -1, -1):
        best[at] = at if total[at] <= total[best[at + 1]] else best[at + 1]
    first = np.searchsorted(waits, tried - ceiling)  # of those that leave a price below the ceiling
    kept = first <= last
    column = np.concatenate([best[first[kept]], np.arange(last + 1)])
    compared = np.concatenate([tried[kept], ceiling + waits])
    price = compared - waits[column]
    return HostLooks(compared, column, price, price - cost[column])


def undominated(cost: np.ndarray, waits: np.ndarray) -> np.ndarray:
    """Return the places at which nothing cheaper is waited for as little, nor anything as cheap less, int64 (places,).

    Examples
    --------
    >>> undominated(np.array([3.0, 2.0, 2.5, 1.0]), np.array([1.0, 2.0, 3.0, 4.0])).tolist()
    [0, 1, 3]
    >>> undominated(np.array([3.0, 1.0, 2.0]), np.zeros(3)).tolist()
    [1]
    """
    worse = (cost[:, None] >= cost) & (waits[:, None] >= waits) & ((cost[:, None] > cost) | (waits[:, None] > waits))
    return np.flatnonzero(~worse.any(axis=1))


def _fastened(options: HostOptions) -> HostOptions:
    """The largest batch alone."""
    frontier = BatchFrontier(*(row[-1:] for row in options.frontier))
    return HostOptions(frontier, options.token_s[-1:], options.gpu_s[-1:])
