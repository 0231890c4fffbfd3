"""What demand a potential host expects of a model: what it was lately, how models age, how the platform grows.

    (E52)  D(t + tau) = D S(a + tau) / S(a) e^(g tau)          S(a) = product of R_b over months b of age up to a

D is the mean of the last ``demand_days``, R_b what a model of b months sold the month after over what it sold then, as
shares of the platform, over all models seen so far; and g a share of the platform's growth over 90 days.
"""

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from providers.firms.growth import GROWTH_DAYS, growth_per_day
from sim.errors import MarketError
from sim.market.models.model import Models
from sim.market.usage import OfferDay
from sim.scenario.entry_settings import EntrySettings
from sim.text_files import text_of, why_unread

STEP_DAYS: Final = 30
PRIOR: Final = 0.05  # months of the whole platform that the prior of ageing counts for
HOSTS_BEFORE: Final = 3.0  # hosts that the prior of how many models one brings counts for
MODELS_BEFORE: Final = 2.0  # that prior
MONTHS_BEFORE: Final = 3.0  # months of a model with room that the prior of its listings counts for
LISTED_BEFORE: Final = 0.5  # that prior: of those who look and can serve it, so many list it
AGES: Final = 120  # months of age that are told apart
YOUNG, OLD = 0, 1  # models in their first month, and others: on the shelves of many firms those come at once


class EntryPathError(MarketError):
    """A path of expected growth cannot be used; the text names the file and what is wrong."""


class Outlook:
    """Expected demand of all models, by what was sold so far.

    Parameters
    ----------
    models, offer_model
        All models, and the row of each offer's model.
    settings
        How far growth is expected to go on.
    half_life_days
        Age at which a model's share is expected to halve while none was seen.

    Attributes
    ----------
    outside
        Types that never came in so far.
    """

    def __init__(self, models: Models, offer_model: np.ndarray, settings: EntrySettings, half_life_days: float) -> None:
        self._release, self._offer_model = models.release_day, offer_model
        self._share, self._mean_days = settings.expected_growth_share, settings.demand_days
        self._prior = 0.5 ** (STEP_DAYS / half_life_days)
        self._path = None if settings.growth_path is None else read_path(settings.growth_path)
        self._days: list[np.ndarray] = []  # tokens of each model, a day
        self._now, self._next = np.zeros(AGES), np.zeros(AGES)  # shares of models by age, and those a month later
        self._months = 0
        self._mean = (-1, np.zeros(0))  # of a day
        # until another day ends: demand ahead by months of age, day and months, and ageing by month of age
        self._factors: dict[tuple[int, int, int], np.ndarray] = {}
        self._ageing: np.ndarray | None = None
        self._platform: list[float] = []  # tokens of all models, a day
        self.outside = settings.types
        self._hosts, self._entered_with = HOSTS_BEFORE, HOSTS_BEFORE * MODELS_BEFORE
        self._roomy: frozenset[int] = frozenset()
        self._listed = np.zeros(len(offer_model), bool)
        # of models in their first month, and of others
        self._room_months = np.full(2, MONTHS_BEFORE)
        self._listings = self._room_months * LISTED_BEFORE * settings.looks_per_month * settings.familiar_share

    def survey(self, roomy: Sequence[int], listed: np.ndarray, day: float, months: float) -> None:
        """Note who listed models that had room at the last survey, and which have room for so many months from now.

        Parameters
        ----------
        roomy
            Rows of models with room for another seller.
        listed
            bool (offers,): which are listed now, those of all firms.
        day, months
            Today, and the time to the next survey.
        """
        for model in self._offer_model[listed & ~self._listed].tolist():
            self._listings[self._class(model, day - STEP_DAYS * months)] += model in self._roomy
        self._roomy, self._listed = frozenset(roomy), listed.copy()
        for model in self._roomy:
            self._room_months[self._class(model, day)] += months

    def _class(self, model: int, day: float) -> int:
        return YOUNG if day - self._release[model] < STEP_DAYS else OLD

    def entered(self, models: int) -> None:
        """Note that a type came in with so many models."""
        self.outside -= 1
        self._hosts += 1.0
        self._entered_with += models

    @property
    def models_a_host(self) -> float:
        """With how many models a type comes in, as seen so far."""
        return float(self._entered_with / self._hosts)

    @property
    def pace(self) -> np.ndarray:
        """Listings a month of a model that has room for one, as seen so far; in its first month, and later."""
        return np.asarray(self._listings / self._room_months)

    def behind(self, model: int, day: int, months: int) -> np.ndarray:
        """Sellers expected to come while there is room, by the middle of each month ahead; float64 (months,)."""
        middle, young = np.arange(months) + 0.5, max(0.0, 1.0 - max(0.0, day - self._release[model]) / STEP_DAYS)
        return np.asarray(self.pace[YOUNG] * np.minimum(middle, young) + self.pace[OLD] * np.maximum(middle - young, 0))

    def read(self, days: Sequence[OfferDay]) -> None:
        """Take in all days that ended since it was last called."""
        if len(days) > len(self._days):
            self._factors, self._ageing, self._mean = {}, None, (-1, np.zeros(0))
        for day in days[len(self._days):]:
            tokens = (day.prompt_tokens + day.output_tokens).astype(float)
            self._days.append(np.bincount(self._offer_model, tokens, len(self._release)))
            self._platform.append(float(self._days[-1].sum()))
        while len(self._days) >= STEP_DAYS * (self._months + 2):
            self._age(self._months)
            self._months += 1

    def tokens_on(self, day: int, model: int) -> float:
        """Tokens of a model on a day that was read."""
        return float(self._days[day][model])

    def mean_tokens(self, day: int) -> np.ndarray:
        """Tokens a day of each model: mean over the last ``demand_days``, or since its release; float64 (models,)."""
        if not self._days:
            return np.zeros(len(self._release))
        if self._mean[0] != day:
            days = self._days[-self._mean_days:]
            there = np.minimum(len(days), np.maximum(day - self._release, 1.0))
            self._mean = (day, np.array(days).sum(axis=0) / np.maximum(there, 1.0))
        return self._mean[1]

    def growth_per_day(self) -> float:
        """Expected growth g of the platform, of its logarithm a day; 0 in its first 90 days."""
        return self._share * growth_per_day(self._platform[-GROWTH_DAYS:])

    def factors(self, model: int, day: int, ahead_days: int) -> np.ndarray:
        """Expected demand over today's in each month ahead, at its middle; float64 (months,)."""
        age, months = int(max(0.0, day - self._release[model]) // STEP_DAYS), max(1, ahead_days // STEP_DAYS)
        if (age, day, months) not in self._factors:
            self._factors[age, day, months] = self._aged(age, day, np.arange(months))
        return self._factors[age, day, months]

    def _aged(self, age: int, day: int, months: np.ndarray) -> np.ndarray:
        ratios = self._ratios()
        aged = np.cumprod(np.append(1.0, ratios[np.minimum(age + months, AGES - 1)]))[:-1]
        # in the middle of a month half of its ageing has come
        aged = aged * np.sqrt(ratios[np.minimum(age + months, AGES - 1)])
        middle = (months + 0.5) * STEP_DAYS
        return np.asarray(aged * (self._along(day, middle) if self._path is not None
                                  else np.exp(self.growth_per_day() * middle)))

    def _along(self, day: int, ahead: np.ndarray) -> np.ndarray:
        path = self._path
        assert path is not None
        at = np.interp(day + ahead, np.arange(len(path)), path)
        return np.asarray(at / np.interp(day, np.arange(len(path)), path))

    def _age(self, month: int) -> None:
        """Compare a month of every model with the month after."""
        now, then = (np.array(self._days[STEP_DAYS * m:STEP_DAYS * (m + 1)]).sum(axis=0)
                     for m in (month, month + 1))
        if now.sum() <= 0 or then.sum() <= 0:
            return
        day = STEP_DAYS * month
        seen = (self._release <= day) & (now > 0)
        age = np.minimum((np.maximum(day - self._release[seen], 0.0) // STEP_DAYS).astype(int), AGES - 1)
        np.add.at(self._now, age, now[seen] / now.sum())
        np.add.at(self._next, age, then[seen] / then.sum())

    def _ratios(self) -> np.ndarray:
        """R by month of age: of an age seldom seen it is near that of all ages."""
        if self._ageing is None:
            every = (self._next.sum() + PRIOR * self._prior) / (self._now.sum() + PRIOR)
            self._ageing = (self._next + PRIOR * every) / (self._now + PRIOR)
        return self._ageing


def read_path(path: str) -> np.ndarray:
    """Tokens of the platform by day, from a file with the columns day and tokens; float64 (days,).

    Raises
    ------
    EntryPathError
        If it cannot be read, or days or tokens are missing or not above 0.
    """
    try:
        rows = [(int(row["day"]), float(row["tokens"])) for row in csv.DictReader(io.StringIO(text_of(Path(path))))]
    except (OSError, UnicodeDecodeError) as error:
        raise EntryPathError(f"cannot read supply.entry.growth_path {path}: {why_unread(error)}") from None
    except (KeyError, TypeError, ValueError):
        raise EntryPathError(f"{path} must have the columns day and tokens, with numbers") from None
    if [day for day, _ in rows] != list(range(len(rows))) or not rows:
        raise EntryPathError(f"{path} must have one row a day, from day 0 on, none left out")
    if not all(math.isfinite(tokens) and tokens > 0 for _, tokens in rows):
        raise EntryPathError(f"{path}: tokens of every day must be above 0")
    return np.array([tokens for _, tokens in rows])
