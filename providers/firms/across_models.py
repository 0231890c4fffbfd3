"""What the seller of a model sees of other models: those of other creators that are as good, and its own successors."""

from collections.abc import Sequence

import numpy as np

from providers.firms.shelf import PlannedOffer
from providers.pricing.situation import Across
from sim.market.board import Board
from sim.market.prices import Mix
from sim.units import PICO_PER_USD_PER_MTOK


class AcrossModels:
    """Qualities and creators of all offers; rows as in ``Desk.offers``. A model is as good as its mean over tasks."""

    def __init__(self, planned: Sequence[PlannedOffer]) -> None:
        self._quality = np.array([np.mean(offer.model.quality) for offer in planned])
        creators = {name: number for number, name in enumerate(dict.fromkeys(it.model.creator for it in planned))}
        self._creator = np.array([creators[offer.model.creator] for offer in planned], np.int64)
        self._release = np.array([offer.model.release_day for offer in planned])
        self._model = [offer.model.name for offer in planned]
        firms = {name: number for number, name in enumerate(dict.fromkeys(it.firm for it in planned))}
        self._firm = np.array([firms[offer.firm] for offer in planned], np.int64)

    def of(self, row: int, board: Board, tokens: np.ndarray, mix: Mix) -> Across:
        """What the seller of an offer sees now.

        Parameters
        ----------
        row
            The offer.
        board
            Who is listed at which prices.
        tokens
            float64 (offers,): tokens of the last day.
        mix
            By which prices are compared: what the offer sells.
        """
        others = board.listed & (self._creator != self._creator[row])
        good = others & (self._quality >= self._quality[row])
        as_good = bool(good.any())
        if not as_good and others.any():  # the best of those below
            good = others & (self._quality == self._quality[others].max())
        prices = [board.prices_of(rival).blended(mix) for rival in np.flatnonzero(good).tolist()]
        later = board.listed & (self._creator == self._creator[row]) & (self._release > self._release[row])
        better = np.flatnonzero(later & (self._quality > self._quality[row])).tolist()
        total = float(tokens.sum())
        return Across(
            reference=min(prices, default=0.0) / PICO_PER_USD_PER_MTOK,
            as_good=as_good,
            successors=len({self._model[other] for other in better}),
            share=float(tokens[self._firm == self._firm[row]].sum()) / total if total > 0 else 0.0,
        )
