"""How models come up and go down: how fast a new one is taken up, from whom it takes, how long the top ten last."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from sim.market.result import Switch
from sim.units import DAY_S, DAYS_PER_WEEK

SETTLED_DAYS: Final = 91  # after which a new model's tokens are its level, as published: three months
LEVEL_DAYS: Final = 14  # over which that level is taken
REACHED: Final = 0.8
NEW_DAYS: Final = 30  # after its release in which a model's customers are those that it won as new
TOP: Final = 10


def adoption_weeks(tokens: np.ndarray, release_day: np.ndarray, quality: np.ndarray) -> float:
    """Weeks until a new frontier model's tokens of a week are four fifths of those of its third month, median.

    Frontier models are at their release as good as every model that was there. Those count whose third month is over
    within the run and has tokens; nan without any.

    Parameters
    ----------
    tokens
        (days, models).
    release_day, quality
        (models,): quality is the mean over tasks.
    """
    weeks = []
    for model, released in enumerate(release_day):
        day = int(np.ceil(released))
        if released < 0 or day + SETTLED_DAYS > len(tokens) or quality[model] < quality[release_day < released].max(
                initial=-np.inf):
            continue
        sold = tokens[day:day + SETTLED_DAYS, model]
        level = sold[-LEVEL_DAYS:].mean()
        if level > 0:
            week = np.convolve(sold, np.ones(DAYS_PER_WEEK) / DAYS_PER_WEEK, mode="valid")
            weeks.append((int(np.argmax(week >= REACHED * level)) + DAYS_PER_WEEK) / DAYS_PER_WEEK)
    return float(np.median(weeks)) if weeks else np.nan


def family_diversion(switches: Sequence[Switch], families: Sequence[str], release_day: np.ndarray) -> float:
    """Share of the moves to new models, from other models, that came from one of the same family; nan without any."""
    same = []
    for move in switches:
        age = move.time_s / DAY_S - release_day[move.after] if move.after >= 0 else -1.0
        if move.before >= 0 and release_day[move.after] >= 0 and 0 <= age <= NEW_DAYS:
            same.append(families[move.before] == families[move.after])
    return float(np.mean(same)) if same else np.nan


def top_ten_half_life(tokens: np.ndarray) -> float:
    """Months until the joint share of the ten models that lead a month has halved, median; nan without tokens.

    The median over months is Kaplan and Meier's (1958), as some months' leaders have not halved when the run ends; if
    fewer than half of them have, it is the longest time over which any was seen: the least that the median can be.

    Parameters
    ----------
    tokens
        (months, models).
    """
    sold = tokens.sum(axis=1)
    share = tokens[sold > 0] / sold[sold > 0][:, None]
    times, halved = [], []
    for month, row in enumerate(share[:-1]):
        leaders = np.argsort(-row, kind="stable")[:TOP]
        later = share[month + 1:, leaders].sum(axis=1) <= row[leaders].sum() / 2
        times.append(int(np.argmax(later)) + 1 if later.any() else len(later))
        halved.append(bool(later.any()))
    return _median_time(np.array(times), np.array(halved)) if times else np.nan


def _median_time(times: np.ndarray, ended: np.ndarray) -> float:
    """Median of times of which some had not ended when they were last seen."""
    left = 1.0
    for time in np.unique(times):
        left *= 1 - (ended & (times == time)).sum() / (times >= time).sum()
        if left <= 0.5:
            return float(time)
    return float(times.max())
