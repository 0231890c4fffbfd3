"""Expected volumes of a day, hour by hour: what customers buy at the prices, shares and losses of that hour.

A sampled run does not count its day: it counts what a sample teaches (`sim.market.surfaces`), and expects the rest.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from sim.compiled import njit
from sim.engines.wanted import RULES
from sim.engines.world import World
from sim.market.billed_tokens import TokenBill
from sim.market.board import Board
from sim.market.lengths_now import MeanLengths
from sim.market.room import work
from sim.market.rule_shares import DEFAULT, FLOOR, RuledRequests, mixed_shares, within
from sim.market.sampled_shares import UNSERVED
from sim.market.surfaces import Surfaces
from sim.price_response import STEEPEST
from sim.units import HOUR_S, PICO_PER_NANO

LEAST_COST: Final = 1e-6  # pico-dollars: an offer that is free attracts no more than nearly everything


@dataclass
class Volumes:
    """Sums of a day, float64: (workloads,) up to `cost_nano`, (offers,) from `served` on.

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
    attempts
        float64 (offers, columns of ``UNSERVED``): those that were not served. Reckoned hour by hour: what is measured
        in the course of a day holds from then on, and each number comes from one measurement.
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
    attempts: np.ndarray
    model: np.ndarray

    @classmethod
    def none(cls, workloads: int, offers: int) -> "Volumes":
        """A day that begins."""
        columns = [*np.zeros((7, workloads)), *np.zeros((7, offers)), np.zeros((offers, len(UNSERVED))),
                   np.full(workloads, -1, np.int64)]
        return cls(*columns)


class MeanTerms(NamedTuple):
    """Terms of a model's offers, weighted with their shares of its tokens, float64 (models,).

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


class Sold(NamedTuple):
    """What open offers sell of an hour, (rows,): their rows and models, their shares of these, and requests served."""

    rows: np.ndarray
    of: np.ndarray
    share: np.ndarray
    served: np.ndarray


class Selling(NamedTuple):
    """Open offers, (rows,): their rows and models, and how they sell.

    Attributes
    ----------
    has_cache, found
        Whether each has a cache of its own, and the share of prompts found in it.
    price
        Nano-dollars a token of the prompt, of the answer, and cached, float64 (rows, 3).
    of_prompt, of_output
        Shares of their models' tokens.
    """

    rows: np.ndarray
    of: np.ndarray
    has_cache: np.ndarray
    found: np.ndarray
    price: np.ndarray
    of_prompt: np.ndarray
    of_output: np.ndarray


class Takings(NamedTuple):
    """What offers sold on a day and for how much: columns of `Volumes`."""

    prompt: np.ndarray
    cached: np.ndarray
    output: np.ndarray
    revenue_nano: np.ndarray


@njit(cache=True, error_model="numpy")
def _sell(offers: Selling, sums: MeanLengths, day: Takings) -> MeanTerms:
    models = len(sums.prompt)
    terms = MeanTerms(np.zeros(models), np.zeros(models), np.zeros(models), np.zeros(models), np.zeros(models))
    for at in range(len(offers.rows)):
        row, model, found, of_prompt = offers.rows[at], offers.of[at], offers.found[at], offers.of_prompt[at]
        expected = 0.0 if offers.has_cache[at] else 1.0
        price_in, price_out, price_cached = offers.price[at]
        prompt, output = of_prompt * sums.prompt[model], offers.of_output[at] * sums.output[model]
        cached = found * prompt + expected * of_prompt * sums.cached[model]
        day.prompt[row] += prompt
        day.cached[row] += cached
        day.output[row] += output
        day.revenue_nano[row] += (prompt - cached) * price_in + cached * price_cached + output * price_out
        saved = price_in - price_cached
        terms.prompt_nano[model] += of_prompt * (price_in - found * saved)
        terms.cached_nano[model] += -of_prompt * expected * saved
        terms.output_nano[model] += offers.of_output[at] * price_out
        terms.found[model] += of_prompt * found
        terms.expected[model] += of_prompt * expected
    return terms


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
        self._workloads, self._offers = len(surfaces.workload_model), len(world.offers)
        self.bill = TokenBill(self._workloads, len(surfaces.outcomes))
        self.day = Volumes.none(self._workloads, self._offers)

    def close(self) -> Volumes:
        """Return the day that ends, and begin another."""
        ended, self.day = self.day, Volumes.none(self._workloads, self._offers)
        return ended

    def turn_away(self, requests: np.ndarray) -> None:
        """Add requests that no offer has the context for, float64 (workloads,)."""
        self.day.lost += requests

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
        rows, shares = np.flatnonzero(is_open), np.zeros(self._offers)
        shares[rows] = self._rule_shares(board, rows, prompt, output, ruled)
        return shares

    def rule_means(self, board: Board, is_open: np.ndarray, prompt: np.ndarray, output: np.ndarray,
                   values: np.ndarray) -> np.ndarray:
        """Mean of offers' values over the requests that each rule places, float64 (models, rules) (E166).

        Who goes to the fastest goes to an offer that no price tells; whoever names one is told apart.

        Parameters
        ----------
        board, is_open, prompt, output
            As for `rule_shares`.
        values
            float64 (offers,).
        """
        rows, models = np.flatnonzero(is_open), len(prompt)
        of, found = self.surfaces.offer_model[rows], np.ones((models, len(RULES)))
        relative = self._relative(board, rows, prompt, output)
        for rule, exponent in ((DEFAULT, self._exponent), (FLOOR, STEEPEST.exponent)):
            share = within(np.maximum(relative, 1e-9) ** -exponent, of, models)
            found[:, rule] = np.where(np.bincount(of, share, models) > 0, np.bincount(of, share * values[rows], models),
                                      1.0)
        return found

    def _relative(self, board: Board, rows: np.ndarray, prompt: np.ndarray, output: np.ndarray) -> np.ndarray:
        """What a request costs at offers over the least of its model, float64 (rows,)."""
        of = self.surfaces.offer_model[rows]
        cost = board.prices[rows, 0] * prompt[of] + board.prices[rows, 1] * output[of]
        least = np.full(len(prompt), np.inf)
        np.minimum.at(least, of, cost)
        # over the least: powers of pico-dollars would overflow
        return np.asarray(np.maximum(cost, LEAST_COST) / np.maximum(least, LEAST_COST)[of])

    def _rule_shares(self, board: Board, rows: np.ndarray, prompt: np.ndarray, output: np.ndarray,
                     ruled: RuledRequests | None) -> np.ndarray:
        """The same of the offers that are open, (rows,): of thousands that there may be one day, some hundreds."""
        of, relative = self.surfaces.offer_model[rows], self._relative(board, rows, prompt, output)
        own = within(np.maximum(relative, 1e-9) ** -self._exponent, of, len(prompt))
        if ruled is None:
            return own
        return mixed_shares(ruled._replace(pinned=ruled.pinned[rows]), own, relative, of)

    def hour(self, board: Board, up: np.ndarray, model: np.ndarray, requests: np.ndarray, lengths: MeanLengths,
             ruled: RuledRequests | None = None) -> None:
        """Add an hour.

        Parameters
        ----------
        board, up
            Listings, prices and replicas of that hour, and the share of it in which each offer was in no outage.
        model, requests
            (workloads,): model in use, and requests of the hour that some offer has the context for.
        lengths
            Their mean lengths.
        ruled
            The requests by rule; None: the router's own places all.
        """
        used = np.flatnonzero((model >= 0) & (requests > 0))
        at, asked, models = model[used], requests[used], len(self.surfaces.outcomes)
        bought = MeanLengths(*(asked * column[used] for column in lengths))
        means = [np.bincount(at, values, models) for values in bought]
        rows = np.flatnonzero(board.listed & (up > 0))
        there, of = up[rows], self.surfaces.offer_model[rows]
        placed = self._rule_shares(board, rows, means[0], means[2], ruled) * there
        placed = within(placed * self.surfaces.inclination(rows), of, models)
        billed = self.bill.ratio(model)[used]
        wanted = MeanLengths(*(values * billed[:, place] for values, place in zip(bought, (0, 0, 1), strict=True)))
        load = placed * self._work_per_s(rows, MeanLengths(*(np.bincount(at, values, models) for values in wanted)))
        lost = self.surfaces.lost(rows, load, board.replicas[rows])
        share = within(placed * (1.0 - lost), of, models)
        none = np.ones(models)  # chance that none of a model's offers is up: their outages are independent
        np.multiply.at(none, of, 1.0 - there)
        completed = asked * (1.0 - none[at]) * self.surfaces.completed_share(
            model, np.bincount(of, placed * lost, models))[used]
        day = self.day
        day.model[used] = at
        day.lost[used] += asked - completed
        day.completed[used] += completed
        day.cut[used] += completed * self.surfaces.cut_share()[at]
        tokens = MeanLengths(*(values * (completed / asked) for values in wanted))
        sums = MeanLengths(*(np.bincount(at, values, models) for values in tokens))
        sold = Sold(rows, of, share, share * np.bincount(at, completed, models)[of])
        self._buy(used, at, tokens, self._sell(sold, sums, board))
        day.busy_s[rows] += sold.served * self.surfaces.busy_s_per_served(rows)
        day.attempts[rows] += sold.served[:, None] * self.surfaces.attempts_per_served(rows, lost)
        day.replica_s += board.replicas * float(HOUR_S)

    def _work_per_s(self, rows: np.ndarray, sums: MeanLengths) -> np.ndarray:
        """Work a second of each offer if it served all of an hour's tokens of its model, float64 (rows,)."""
        of, (prompt_lean, answer_lean) = self.surfaces.offer_model[rows], self.surfaces.length_leans(rows)
        prompt = prompt_lean * sums.prompt[of]
        cached = np.where(self._has_cache[rows], self.surfaces.found_share(rows) * prompt,
                          prompt_lean * sums.cached[of])
        return work(prompt, cached, answer_lean * sums.output[of]) / HOUR_S

    def _sell(self, sold: Sold, sums: MeanLengths, board: Board) -> MeanTerms:
        """Add what offers sell; return on which terms a model is sold on average."""
        rows, day = sold.rows, self.day
        # a share of each prompt is read from the offer's own cache, as was measured; or what its workload expects
        has_cache, price = self._has_cache[rows], board.prices[rows] / PICO_PER_NANO
        found = np.where(has_cache, self.surfaces.found_share(rows), 0.0)
        # longer requests go to some offers, as of those who name a provider, or ask for the fastest
        parts = [within(sold.share * lean, sold.of, len(sums.prompt)) for lean in self.surfaces.length_leans(rows)]
        day.served[rows] += sold.served
        return _sell(Selling(rows, sold.of, has_cache, found, price, *parts), sums,
                     Takings(day.sold_prompt, day.sold_cached, day.sold_output, day.revenue_nano))

    def _buy(self, used: np.ndarray, at: np.ndarray, tokens: MeanLengths, terms: MeanTerms) -> None:
        """Add what workloads buy, at their models' mean terms."""
        day = self.day
        day.prompt[used] += tokens.prompt
        day.output[used] += tokens.output
        day.cached[used] += tokens.prompt * terms.found[at] + tokens.cached * terms.expected[at]
        day.cost_nano[used] += (tokens.prompt * terms.prompt_nano[at] + tokens.cached * terms.cached_nano[at]
                                + tokens.output * terms.output_nano[at])
