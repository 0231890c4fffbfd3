"""How posted prices behave: how often and how far they move, ties at the bottom, who follows whom how fast."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from sim.market.board import PriceChange
from sim.units import DAY_S

NO_REPRICING: Final = ("launch", "schedule")  # reasons of changes that nobody decided upon: a day's hours have prices
FOLLOW_WITHIN_S: Final = 7 * DAY_S  # a change that comes later is not an answer (assumption)
RELATIVE_TIE: Final = 1e-12


class Repricing(NamedTuple):
    """Size and frequency of changes after the launch.

    Attributes
    ----------
    changes
        How many there were.
    hazard_per_day
        Share of listed offer-days on which the price changed (2.8 % in OpenRouter quotes, orcap 2026).
    hazard_std_error
        Its standard error, offer-days taken as independent.
    median_size
        Median of abs(p1 / p0 - 1) of blended prices (25.6 %, same source); nan without any.
    cut_share
        Share of changes that were cuts.
    """

    changes: int
    hazard_per_day: float
    hazard_std_error: float
    median_size: float
    cut_share: float


class Bottom(NamedTuple):
    """The two cheapest offers of a model, over days and models with at least two offers.

    Attributes
    ----------
    tie_share
        Share with exactly equal blended prices (48 %, orcap 2026).
    median_gap
        Median of p2 / p1 - 1 of the others; nan without any.
    n
        Pairs of day and model.
    """

    tie_share: float
    median_gap: float
    n: int


def repricing(changes: Sequence[PriceChange], listed: np.ndarray) -> Repricing:
    """Frequency and size of price changes of listed offers; ``listed`` is bool (days, offers)."""
    moved = [change for change in _moves(changes) if _is_listed(change, listed)]
    days = {(int(change.time_s // DAY_S), change.offer) for change in moved}
    sizes = np.array([_relative(change) for change in moved])
    offer_days = int(listed.sum())
    hazard = len(days) / offer_days if offer_days else np.nan
    return Repricing(
        changes=len(moved),
        hazard_per_day=hazard,
        hazard_std_error=float(np.sqrt(hazard * (1 - hazard) / max(1, offer_days))),
        median_size=float(np.median(np.abs(sizes))) if len(sizes) else np.nan,
        cut_share=float(np.mean(sizes < 0)) if len(sizes) else np.nan,
    )


def bottom(price: np.ndarray, listed: np.ndarray, offer_model: np.ndarray) -> Bottom:
    """Ties and gaps between the two cheapest offers; ``price`` and ``listed`` are (days, offers)."""
    gaps = []
    for model in np.unique(offer_model):
        mine = offer_model == model
        if mine.sum() < 2:
            continue
        two = np.sort(np.where(listed[:, mine] & (price[:, mine] > 0), price[:, mine], np.inf), axis=1)[:, :2]
        two = two[np.isfinite(two[:, 1])]
        gaps.append(two[:, 1] / two[:, 0] - 1)
    gap = np.concatenate(gaps) if gaps else np.zeros(0)
    tied = gap <= RELATIVE_TIE
    return Bottom(
        tie_share=float(tied.mean()) if len(gap) else np.nan,
        median_gap=float(np.median(gap[~tied])) if (~tied).any() else np.nan,
        n=len(gap),
    )


def follower_lags_s(changes: Sequence[PriceChange], provider: Sequence[str], offer_model: np.ndarray) -> np.ndarray:
    """Seconds from a change to the first change in the same direction by each other provider of the model.

    Each change of a provider answers the latest earlier change of another provider of the same model in the same
    direction within a week that it has not answered yet; changes without such a leader answer nothing. (Published
    median: about 21 h, orcap 2026.)
    """
    lags: list[float] = []
    earlier: dict[tuple[int, bool], list[PriceChange]] = {}
    answered: dict[tuple[str, int, bool], float] = {}
    for change in sorted(_moves(changes), key=lambda change: change.time_s):
        model, cut, name = int(offer_model[change.offer]), _relative(change) < 0, provider[change.offer]
        rivals = earlier.setdefault((model, cut), [])
        since = max(answered.get((name, model, cut), -np.inf), change.time_s - FOLLOW_WITHIN_S)
        leader = next((it for it in reversed(rivals) if provider[it.offer] != name and it.time_s < change.time_s), None)
        if leader is not None and leader.time_s > since:
            lags.append(change.time_s - leader.time_s)
        answered[name, model, cut] = change.time_s
        rivals.append(change)
    return np.array(lags)


def dispersion(price: np.ndarray, listed: np.ndarray, offer_model: np.ndarray, hosts: int = 5) -> np.ndarray:
    """Coefficient of variation of a model's price, one value per day and model with at least ``hosts`` offers.

    Published: 0.15 to 0.6 with five hosts or more (genai-prices panel of August 2026; orcap 0.275).
    """
    out = []
    for model in np.unique(offer_model):
        mine = offer_model == model
        many = listed[:, mine].sum(axis=1) >= hosts
        if not many.any():
            continue
        prices = np.where(listed[:, mine], price[:, mine], np.nan)[many]
        out.append(np.nanstd(prices, axis=1, ddof=1) / np.nanmean(prices, axis=1))
    return np.concatenate(out) if out else np.zeros(0)


def _moves(changes: Sequence[PriceChange]) -> list[PriceChange]:
    """Changes of a positive price after the launch, scheduled times of day left out."""
    return [it for it in changes if it.reason not in NO_REPRICING and it.before.blended() > 0 and it.before != it.after]


def _is_listed(change: PriceChange, listed: np.ndarray) -> bool:
    day = int(change.time_s // DAY_S)
    return 0 <= day < len(listed) and bool(listed[day, change.offer])


def _relative(change: PriceChange) -> float:
    return change.after.blended() / change.before.blended() - 1
