"""Who comes in: types look one after the other, and each sees those who came before it."""

from collections.abc import Generator, Iterator, Sequence
from typing import Any, Final

import numpy as np
from simpy import Event

from providers.entry.appraisal import Candidate, Prospect
from providers.entry.newcomer import Beliefs, Newcomer
from providers.entry.outlook import STEP_DAYS
from providers.firms.expectations import Usage
from sim.market.desk import Desk
from sim.market.hosts import EntryValue
from sim.scenario.entry_settings import EntrySettings
from sim.streams import Streams
from sim.units import DAY_S

QUARTER_DAYS: Final = 91
SURVEY_DAYS: Final = 5  # between looks at which models have room for one more


class PoolEntrance:
    """Sequential free entry: at midnights, as many looks as the settings say, in an order drawn for each round.

    A round is one look of everybody; in each, a type's place is a draw of its own. A type that came in never looks
    again, whether it left or not.

    Parameters
    ----------
    settings
        The pool.
    newcomers
        All types, in the order of their numbers.
    usage, beliefs
        What sellers know, and with what newcomers reckon.
    streams
        Streams of this replication: ``providers/entry/round/<n>``.
    """

    def __init__(self, settings: EntrySettings, newcomers: Sequence[Newcomer], usage: Usage, beliefs: Beliefs,
                 streams: Streams) -> None:
        self._settings, self._newcomers = settings, newcomers
        self._usage, self._beliefs, self._streams = usage, beliefs, streams
        self.values: list[EntryValue] = []

    def run(self, desk: Desk, horizon_days: float) -> Generator[Event, Any, None]:
        """Let types look from the first day of looks to the horizon."""
        first, turns, due = self._settings.first_look_day, self._turns(), 0.0
        yield desk.env.timeout(first * DAY_S)
        while desk.env.now < horizon_days * DAY_S:
            day = int(desk.env.now // DAY_S)
            due += self._settings.looks_per_month / STEP_DAYS
            self._usage.refresh(desk)
            self._beliefs.outlook.read(desk.offer_days)
            if (day - first) % SURVEY_DAYS == 0:
                self._survey(desk, day)
            for _ in range(int(due + 1e-9)):
                one = next(turns, None)
                if one is not None:
                    self._look(desk, one, day)
            due -= int(due + 1e-9)
            if (day - first) % QUARTER_DAYS == 0:
                self._ask_all(desk, day)
            yield desk.env.timeout((day + 1) * DAY_S - desk.env.now)

    def _look(self, desk: Desk, one: Newcomer, day: int) -> None:
        prospects = one.prospects(desk, day)
        chosen = one.worth_listing(prospects)
        if chosen and one.value_usd(prospects) >= 0:
            one.enter(desk, chosen, day)
            self._beliefs.outlook.entered(len(chosen))

    def _survey(self, desk: Desk, day: int) -> None:
        """See which models have room for one more of the median type."""
        seats: dict[int, Candidate] = {}
        for one in self._newcomers:
            for row in one.candidates(day):
                if (model := int(desk.offer_model[row])) not in seats:
                    seats[model] = one.seat(row)
        beliefs = self._beliefs
        roomy = [model for model, seat in seats.items()
                 if beliefs.appraisal.has_room(desk, beliefs.outlook, seat, day)]
        beliefs.outlook.survey(roomy, desk.board.listed, day, SURVEY_DAYS / STEP_DAYS)

    def _ask_all(self, desk: Desk, day: int) -> None:
        """What entering would be worth to each type outside, now."""
        outside = [one for one in self._newcomers if one.is_outside]
        # all rows of a model at once: they meet the same incumbents
        by_model: dict[int, dict[int, Newcomer]] = {}
        for one in outside:
            for row in one.candidates(day):
                by_model.setdefault(int(desk.offer_model[row]), {})[row] = one
        found: dict[str, list[Prospect]] = {one.name: [] for one in outside}
        for of_row in by_model.values():
            seats = [one.seat(row) for row, one in of_row.items()]
            for prospect in self._beliefs.appraisal.newcomers(desk, self._beliefs.outlook, seats, day):
                found[of_row[prospect.row].name].append(prospect)
        self.values.extend(EntryValue(day, one.name, one.value_usd(found[one.name])) for one in outside)

    def _turns(self) -> Iterator[Newcomer]:
        """Those outside, round after round; it ends when nobody is left outside."""
        number = 0
        while any(one.is_outside for one in self._newcomers):
            places = self._streams.generator(f"providers/entry/round/{number}").random(len(self._newcomers))
            number += 1
            for index in np.argsort(places, kind="stable").tolist():
                if self._newcomers[index].is_outside:
                    yield self._newcomers[index]
