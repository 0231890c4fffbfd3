"""Expected volumes of a day, hour by hour: what customers buy at the prices, shares and losses of that hour.

A sampled run does not count its day: it counts what a sample teaches (`sim.market.surfaces`), and expects the rest.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from sim.engines.world import World
from sim.market.billed_tokens import TokenBill
from sim.market.board import Board
from sim.market.lengths_now import MeanLengths
from sim.market.rule_shares import RuledRequests, mixed_shares
from sim.market.surfaces import Surfaces
from sim.units import HOUR_S, PICO_PER_NANO

LEAST_COST: Final = 1e-6  # pico-dollars: an offer that is free attracts no more than nearly everything


@dataclass
class Volumes:
    """Sums of a day, float64: (workloads,) but for `offers` and `busy_s`, (offers,), and `latencies`, (2, bins).

    Attributes
    ----------
    lost, completed, cut
        Requests that ended without an answer, with one, and with one that was cut.
    prompt, cached, output
        Tokens of the completed.
    cost_nano
        What they cost.
    served, sold_prompt, sold_cached, sold_output, revenue_nano
        The same at each offer.
    busy_s, replica_s
        Work of each offer's replicas, and how long they were there.
    model
        int64 (workloads,): the model that each used last on this day, -1 for none.
    """

    lost: np.ndarray
    completed: np.ndarray
    cut: np.ndarray
    prompt: np.ndarray
    cached: np.ndarray
    output: np.ndarray
    cost_nano: np.ndarray
    served: np.ndarray
    sold_prompt: np.ndarray
    sold_cached: np.ndarray
    sold_output: np.ndarray
    revenue_nano: np.ndarray
    busy_s: np.ndarray
    replica_s: np.ndarray
    model: np.ndarray

    @classmethod
    def none(cls, workloads: int, offers: int) -> "Volumes":
        """A day that begins."""
        columns = [*np.zeros((7, workloads)), *np.zeros((7, offers)), np.full(workloads, -1, np.int64)]
        return cls(*columns)


class MeanTerms(NamedTuple):
    """Terms of a model's offers, weighted with their shares, float64 (models,).

    Attributes
    ----------
    prompt_nano, cached_nano, output_nano
        What a token costs: of the prompt, of what a workload expects to be cached on top of that, and of the answer.
    found, expected
        Share of the prompt found in offers' own caches, and share of what is expected to be cached that is so billed.
    """

    prompt_nano: np.ndarray
    cached_nano: np.ndarray
    output_nano: np.ndarray
    found: np.ndarray
    expected: np.ndarray


class VolumeMeter:
    """Adds up a day of expected volumes.

    Parameters
    ----------
    world
        Its offers, and whether they have caches of their own.
    surfaces
        What was measured.
    exponent
        The router's rule: shares are cost to the power of minus this, times what was measured beyond it.
    """

    def __init__(self, world: World, surfaces: Surfaces, exponent: float) -> None:
        self.surfaces, self._exponent = surfaces, exponent
        self._has_cache = np.array([offer.block_tokens > 0 for offer in world.offers])
        self._workloads, self._offers = len(world.classes), len(world.offers)
        self.bill = TokenBill(self._workloads, len(surfaces.outcomes))
        self.day = Volumes.none(self._workloads, self._offers)

    def close(self) -> Volumes:
        """Return the day that ends, and begin another."""
        ended, self.day = self.day, Volumes.none(self._workloads, self._offers)
        return ended

    def rule_shares(self, board: Board, is_open: np.ndarray, prompt: np.ndarray, output: np.ndarray,
                    ruled: RuledRequests | None = None) -> np.ndarray:
        """Share of each offer in its model's requests by the rules alone, float64 (offers,); 0 for those not open.

        Parameters
        ----------
        board
            Posted prices.
        is_open
            bool (offers,): listed and up.
        prompt, output
            float64 (models,): mean lengths, in any unit.
        ruled
            The requests by the rules that place them; None: the router's own places all.
        """
        of = self.surfaces.offer_model
        cost = board.prices[:, 0] * prompt[of] + board.prices[:, 1] * output[of]
        least = np.full(len(prompt), np.inf)
        np.minimum.at(least, of[is_open], cost[is_open])
        # over the least: powers of pico-dollars would overflow
        relative = np.maximum(cost, LEAST_COST) / np.maximum(least, LEAST_COST)[of]
        own = _shares(np.where(is_open, np.maximum(relative, 1e-9) ** -self._exponent, 0.0), of, len(prompt))
        return own if ruled is None else mixed_shares(ruled, own, relative, of)

    def shares(self, rule: np.ndarray) -> np.ndarray:
        """Shares as measured: the rule's, each inclined as its samples were."""
        of = self.surfaces.offer_model
        return _shares(rule * self.surfaces.inclination(), of, len(self.surfaces.outcomes))

    def hour(self, board: Board, up: np.ndarray, model: np.ndarray, requests: np.ndarray, lengths: MeanLengths,
             ruled: RuledRequests | None = None) -> None:
        """Add an hour.

        Parameters
        ----------
        board, up
            Listings, prices and replicas of that hour, and the share of it in which each offer was in no outage.
        model, requests
            (workloads,): model in use, and requests of the hour.
        lengths
            Their mean lengths.
        ruled
            The requests by rule; None: the router's own places all.
        """
        used = np.flatnonzero((model >= 0) & (requests > 0))
        at, asked, models = model[used], requests[used], len(self.surfaces.outcomes)
        bought = MeanLengths(*(asked * column[used] for column in lengths))
        means = [np.bincount(at, values, models) for values in bought]
        there = np.where(board.listed, up, 0.0)
        share = self.shares(self.rule_shares(board, there > 0, means[0], means[2], ruled) * there)
        none = np.ones(models)  # chance that none of a model's offers is up: their outages are independent
        np.multiply.at(none, self.surfaces.offer_model, 1.0 - there)
        completed = asked * self.surfaces.completed_share(model, board.replicas)[used] * (1.0 - none[at])
        day = self.day
        day.model[used] = at
        day.lost[used] += asked - completed
        day.completed[used] += completed
        day.cut[used] += completed * self.surfaces.cut_share()[at]
        billed = self.bill.ratio(model)[used] * (completed / asked)[:, None]
        tokens = MeanLengths(*(values * billed[:, place] for values, place in zip(bought, (0, 0, 1), strict=True)))
        sums = MeanLengths(*(np.bincount(at, values, models) for values in tokens))
        served = np.bincount(at, completed, models)
        self._buy(used, at, tokens, self._sell(share, served, sums, board))
        self._work(share, board, served)

    def _sell(self, share: np.ndarray, served: np.ndarray, sums: MeanLengths, board: Board) -> MeanTerms:
        """Add what offers sell; return on which terms a model is sold on average."""
        of, day = self.surfaces.offer_model, self.day
        # a share of each prompt is read from the offer's own cache, as was measured; or what its workload expects
        found = np.where(self._has_cache, self.surfaces.found_share(), 0.0)
        expected = np.where(self._has_cache, 0.0, 1.0)
        prompt, output = share * sums.prompt[of], share * sums.output[of]
        cached = found * prompt + expected * share * sums.cached[of]
        price = board.prices / PICO_PER_NANO
        day.served += share * served[of]
        day.sold_prompt += prompt
        day.sold_cached += cached
        day.sold_output += output
        day.revenue_nano += (prompt - cached) * price[:, 0] + cached * price[:, 2] + output * price[:, 1]
        saved = price[:, 0] - price[:, 2]
        terms = (price[:, 0] - found * saved, -expected * saved, price[:, 1], found, expected)
        return MeanTerms(*(np.bincount(of, share * term, len(served)) for term in terms))

    def _buy(self, used: np.ndarray, at: np.ndarray, tokens: MeanLengths, terms: MeanTerms) -> None:
        """Add what workloads buy, at their models' mean terms."""
        day = self.day
        day.prompt[used] += tokens.prompt
        day.output[used] += tokens.output
        day.cached[used] += tokens.prompt * terms.found[at] + tokens.cached * terms.expected[at]
        day.cost_nano[used] += (tokens.prompt * terms.prompt_nano[at] + tokens.cached * terms.cached_nano[at]
                                + tokens.output * terms.output_nano[at])

    def _work(self, share: np.ndarray, board: Board, served: np.ndarray) -> None:
        per_request_s = self.surfaces.per_served(self.surfaces.busy_s)
        self.day.busy_s += share * served[self.surfaces.offer_model] * per_request_s
        self.day.replica_s += board.replicas * float(HOUR_S)


def _shares(weights: np.ndarray, of: np.ndarray, models: int) -> np.ndarray:
    """Weights over those of all offers of a model; 0 where none has any."""
    total = np.bincount(of, weights, models)[of]
    return np.asarray(np.where(total > 0, weights / np.where(total > 0, total, 1.0), 0.0))
