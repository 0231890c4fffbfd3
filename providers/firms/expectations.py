"""What sellers read from the books of each day: load, demand in replicas, revenue to expect; all offers at once."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from providers.firms.served import ServedRequests
from providers.firms.shelf import PlannedOffer, price_before_launch
from sim.market.board import Board
from sim.market.desk import Desk
from sim.market.usage import OfferDay
from sim.scenario.firm_settings import SupplySettings
from sim.units import DAY_S, MTOK_PER_TOKEN, USD_PER_NANO

LEAST_FULL: Final = 0.2  # of the planned load of its replicas, below which an offer is not full, whatever it loses
MOST_PRESSURE: Final = 2.0  # losses at most double the estimate of a day's demand: other hosts see the same requests


class Usage:
    """Load and expectations of every offer; rows as in ``Desk.offers``. Call ``refresh`` before reading.

    The load of an offer (S2) is the time its replicas would need, at their reference batch, for the tokens it served,
    those that a prefix cache had left out.
    Expectations are exponentially weighted means over the days on which the offer was listed. Before the launch they
    are the firm's prior: a share of the planned load that halves with the model's age; an offer that is off the
    shelf loses its expectations at the same rate.

    Attributes
    ----------
    served
        What requests are like at each offer, by what was served.
    utilisation
        float64 (offers,): load of the last day over the time of the listed replicas, 0 to 1.
    tokens, tokens_total
        float64 (offers,): tokens of the last day and since the start.
    share
        float64 (offers,): share of the model's tokens on the last day.
    replicas
        float64 (offers,): replicas that the expected demand fills at the planned utilisation.
    revenue
        float64 (offers,): expected revenue, USD per day.
    crowding
        float64 (offers,): what a replica of an offer that was full on the last day earned over what one earns as
        planned; of others 1.
    platform_tokens
        Tokens of all offers, a day, oldest first.
    """

    def __init__(
        self, planned: Sequence[PlannedOffer], settings: SupplySettings, price_factor: float = 1.0
    ) -> None:
        count, shelf = len(planned), settings.shelf
        self.served = ServedRequests(planned, settings)
        self._planned_share = settings.autoscaling.target_utilisation
        self._weight = 1.0 - np.exp(-1.0 / settings.autoscaling.smoothing_days)
        self._loss_tolerated = settings.autoscaling.loss_tolerated
        self._expected_load, self._half_life_days = shelf.expected_load, shelf.half_life_days
        self._release_day = np.array([offer.model.release_day for offer in planned])
        prices = [price_before_launch(offer, settings) for offer in planned]
        # USD per token, input and output: a list price says nothing of cached input, which so costs as much
        self._usd = price_factor * MTOK_PER_TOKEN * np.array(prices).reshape(count, 2).T
        self.utilisation, self.tokens, self.tokens_total, self.share, self.replicas, self.revenue = np.zeros((6, count))
        self.crowding = np.ones(count)
        self.platform_tokens: list[float] = []
        self._launched = np.zeros(count, bool)
        self._days_read = -1

    def refresh(self, desk: Desk) -> None:
        """Read the day that ended last, once."""
        ended = len(desk.offer_days)
        if ended == self._days_read or not len(self.tokens):
            return
        self._days_read = ended
        if ended:
            self._read(desk)
        self._expect_of_the_rest(desk)

    def enter(self, rows: Sequence[int], factor: float) -> None:
        """Multiply the expectations of a firm that enters, as if its GPUs had been at work before."""
        chosen = list(rows)
        self.replicas[chosen] *= factor
        self.revenue[chosen] *= factor

    def expect(self, row: int, replicas: float, revenue_usd: float) -> None:
        """Begin an offer with what its host reckoned with: replicas that demand fills, and revenue a day."""
        self.replicas[row], self.revenue[row] = replicas, revenue_usd

    def _read(self, desk: Desk) -> None:
        last, running, served = desk.offer_days[-1], desk.board.replicas, self.served
        # at the capacity by which its replicas were planned; from the next day on at what this one teaches
        computed = last.prompt_tokens - served.found(last.cached_tokens)
        work = computed * served.prompt_s + last.output_tokens * served.output_s
        self.utilisation = np.minimum(1.0, work / np.maximum(running * float(DAY_S), 1.0))
        self.tokens = (last.prompt_tokens + last.output_tokens).astype(np.float64)
        self.tokens_total += self.tokens
        self.platform_tokens.append(float(self.tokens.sum()))
        of_model = np.bincount(desk.offer_model, self.tokens, len(desk.models))[desk.offer_model]
        self.share = self.tokens / np.maximum(of_model, 1.0)
        self._launched |= desk.board.listed
        self._learn(last, desk.board, work / (DAY_S * self._planned_share))
        served.learn(last)

    def _learn(self, last: OfferDay, board: Board, filled: np.ndarray) -> None:
        """Move the expectations of listed offers; ``filled`` is how many replicas the tokens served would fill.

        An offer that loses requests for want of room is full, whatever its load seems to be. Then demand is at least
        what runs, and it is followed at once if it rises: up at once, down slowly (S5).
        """
        running, lost = board.replicas, last.refused + last.failed + last.abandoned
        pressure = np.clip(last.placed / np.maximum(last.placed - lost, 1), 1.0, MOST_PRESSURE)
        full = last.queue_full + last.abandoned > self._loss_tolerated * last.placed
        # with little to do it loses for another reason, which more replicas would not mend: doubling would have no end
        full &= filled >= LEAST_FULL * running
        demand = np.where(full, np.maximum(filled, running), filled) * pressure
        # who was served paid for all replicas that they filled, running or not (S5), and who was not would have paid so
        revenue = last.revenue_nano * USD_PER_NANO * np.where(full, pressure, 1.0)
        # beyond its plan a replica serves until it is busy all the time, and no more
        self.crowding = np.where(full, np.clip(filled / np.maximum(running, 1), 1.0, 1.0 / self._planned_share), 1.0)
        for estimate, today in ((self.replicas, demand), (self.revenue, revenue)):
            # an offer that is full measures its capacity, not its demand: averaging would take days to follow a rise
            weight = np.where(full & (today > estimate), 1.0, self._weight)
            estimate += np.where(board.listed, weight * (today - estimate), 0.0)

    def _expect_of_the_rest(self, desk: Desk) -> None:
        """Priors before the launch; decay off the shelf."""
        age = np.maximum(0.0, desk.env.now / DAY_S - self._release_day)
        prior = self._expected_load * 0.5 ** (age / self._half_life_days)
        waiting = ~self._launched & ~desk.board.listed
        self.replicas[waiting] = prior[waiting]
        self.revenue[waiting] = (prior * self._full_usd())[waiting]
        # what is not for sale sees no requests: its last estimate would stand for ever
        resting = self._launched & ~desk.board.listed
        decay = 0.5 ** (1.0 / self._half_life_days)
        self.replicas[resting] *= decay
        self.revenue[resting] *= decay

    def _full_usd(self) -> np.ndarray:
        """Revenue of a replica per day at the planned utilisation and the prices before the launch, USD."""
        served = self.served
        request_usd = served.prompt * self._usd[0] + served.output * self._usd[1]
        return np.asarray(served.requests_per_s * self._planned_share * DAY_S * request_usd)
