"""Every parameter of every pricing strategy changes a price or a time somewhere: none is only written down."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from pydantic import ValidationError

from providers.pricing import STRATEGIES, Situation, Strategy, bind
from providers.pricing.situation import Across, DatedList
from sim.errors import ScenarioError
from sim.market.prices import Mix, Prices, prices_of_usd
from sim.scenario.pricing_settings import PricingChoice
from sim.units import DAY_S, HOUR_S

STEPS = 150  # situations of a history
SEEDS = range(3)
# A markup of what costs nothing is nothing, and where serving costs something logit demand has an answer without one.
UNREAD = {("best_response_logit", "markup")}
FIELDS = [(kind, name) for kind, strategy in STRATEGIES.items() for name in strategy.parameters.model_fields
          if (kind, name) not in UNREAD]
CHANGES = tuple(DatedList(day * DAY_S, prices_of_usd(usd, 4 * usd)) for day, usd in ((60, 0.2), (200, 0.05)))
# what else is set, where a parameter is read only then
BESIDE: dict[tuple[str, str], dict[str, object]] = {
    ("constant", "output_ratio"): {"input_usd": 0.3}, ("constant", "output_usd"): {"input_usd": 0.3},
    ("constant", "cached_usd"): {"input_usd": 0.3},
}


def others(value: object) -> list[object]:
    """Values to try instead of one."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, max(value - 1, 0), value * 2, value // 3]
    if isinstance(value, float):
        return [value * 3 + 0.1, value / 3, min(1.0, value * 1.5), value * 10, 0.0, value * 0.9, 1.0, value + 5.0]
    if isinstance(value, tuple):
        return [tuple(part * 0.5 for part in value), tuple(part * 2 for part in value), value[:-1]]
    return [0.3, 2.0, "total", "last_day", "day", "list"]


@cache
def history(seed: int) -> tuple[Situation, ...]:
    """What a seller meets, whatever it charges: with a list price and without, with rivals and alone."""
    rng, now_s, found = np.random.default_rng(seed), 0.0, []
    listed = [None, prices_of_usd(0.4, 1.2, 0.1), prices_of_usd(0.5, 1.0)][seed]
    for _ in range(STEPS):
        now_s += float(rng.exponential(3 * DAY_S))
        rivals = tuple(prices_of_usd(*np.round(rng.uniform(0.1, 2.0, 3), 2)) for _ in range(int(rng.integers(0, 4))))
        found.append(Situation(
            now_s=now_s, hour=now_s % DAY_S / HOUR_S, launched_s=0.0,
            own=prices_of_usd(*np.round(rng.uniform(0.1, 2.0, 3), 2)), rivals=rivals,
            rivals_changed_s=tuple(now_s - rng.exponential(DAY_S) for _ in rivals),
            unit_cost_usd_per_mtok=float(rng.uniform(0.02, 1.0)), mix=Mix(0.5, 0.2, 0.3), list_price=listed,
            list_changes=CHANGES if listed else (),
            utilisation=float(rng.random()), tokens_last_day=float(rng.exponential(3e9)),
            tokens_total=now_s * 1e5, share_last_day=float(rng.uniform(0.1, 0.9)),
            capacity_tokens_per_day=float(rng.choice([0.0, 2e9, 1e10])),
            rivals_capacity_tokens_per_day=float(rng.uniform(1e8, 3e9)),
            across=Across(float(rng.uniform(0.2, 3.0)), bool(rng.random() < 0.5), int(now_s // (100 * DAY_S)), 0.1)
            if listed else None))
    return tuple(found)


def answers(strategy: Strategy, seed: int) -> Iterator[tuple[object, ...]]:
    """All that it says in one history; what it draws is its own."""
    rng = np.random.default_rng(1)
    for step, now in enumerate(history(seed)):
        alone = replace(now, own=None, rivals=now.rivals[:step % 2], rivals_changed_s=now.rivals_changed_s[:step % 2])
        launched: Prices | None = strategy.launch(alone, rng) if step % 101 == 0 else None
        yield (launched, strategy.next_review_s(now, rng), strategy.review(now, rng), strategy.react_s(now, rng),
               strategy.react(now, rng))


def differ(kind: str, one: dict[str, object], other: dict[str, object]) -> bool:
    """Whether two choices of parameters ever answer differently."""
    return any(a != b for seed in SEEDS for a, b in zip(
        answers(bind(PricingChoice(kind=kind, **one)), seed), answers(bind(PricingChoice(kind=kind, **other)), seed),
        strict=True))


@pytest.mark.parametrize(("kind", "name"), FIELDS)
def test_a_parameter_changes_an_answer(kind: str, name: str) -> None:
    given = BESIDE.get((kind, name), {})
    default = STRATEGIES[kind].parameters.model_validate(given)
    for value in others(getattr(default, name)):
        changed = {**given, name: value}
        try:
            bind(PricingChoice(kind=kind, **changed))
        except (ScenarioError, ValidationError):
            continue  # out of its bounds
        if differ(kind, given, changed):
            return
    pytest.fail(f"no value of {name} changes an answer of {kind}")
