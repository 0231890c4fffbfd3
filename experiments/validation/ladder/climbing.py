"""Which rung of the ladder moves a headline, and whether a fact is there before anything is simulated (E78)."""

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from experiments.validation.ladder.rungs import INPUTS, RUNGS

ERRORS: Final = 2.0  # standard errors of a paired difference from which a rung moves a headline
BELOW: Final = 1e-9  # a difference that is no more, relative to the value, is rounding

Levels = Mapping[str, Sequence[float]]  # by rung, a value a seed; rungs that have none are left out


class Fact(NamedTuple):
    """What is known of the world; ends of a band, and where from."""

    low: float
    high: float
    source: str


class Headline(NamedTuple):
    """A number that is told of a market, by its name in the summary, and what is known of it (None: nothing)."""

    name: str
    fact: Fact | None = None


class Rung(NamedTuple):
    """A headline at one rung: mean over seeds, its standard error, and how far it is from the rung below.

    Attributes
    ----------
    value, std_error
        nan where the rung has no such number.
    step, step_error
        Mean of paired differences to the next lower rung that has one, and its standard error.
    moves
        Whether the step is above two of its standard errors; None with one seed.
    """

    value: float
    std_error: float
    step: float
    step_error: float
    moves: bool | None


class HeadlineOnLadder(NamedTuple):
    """A headline on every rung.

    Attributes
    ----------
    headline
        Which.
    rungs
        By name, in order.
    moved_by
        Rungs that move it, in order: it belongs to the first.
    arithmetic
        Whether the fact is met by inputs alone; None where there is no fact, or no such number of inputs.
    """

    headline: Headline
    rungs: Mapping[str, Rung]
    moved_by: tuple[str, ...]
    arithmetic: bool | None


def around(value: float, source: str) -> Fact:
    """Return a fact that is known as one number: a band of a fifth to either side (assumption)."""
    return Fact(0.8 * value, 1.2 * value, source) if value > 0 else Fact(1.2 * value, 0.8 * value, source)


OPENROUTER: Final = "OpenRouter, August 2026"
HEADLINES: Final = (
    Headline("constant_quality_fall", Fact(9.0, 900.0, "Epoch, March 2025")),
    Headline("same_model_fall"),
    Headline("price_last"),
    Headline("requests_growth"),
    Headline("requests_growth_price_and_quality"),
    Headline("open_share_last"),
    Headline("size_last"),
    Headline("spend_effect_mix"),
    Headline("providers_per_model_mean", around(2.9, OPENROUTER)),
    Headline("providers_per_model_median", around(1.0, OPENROUTER)),
    Headline("providers_per_model_p90", around(7.0, OPENROUTER)),
    Headline("providers_per_model_max", around(27.0, OPENROUTER)),
    Headline("models_with_three_providers", Fact(77.0, 88.0, OPENROUTER)),
    Headline("hhi_providers_last"),
    Headline("elasticity_within_models", around(-1.11, "NBER w34608")),
    Headline("elasticity_across_models", Fact(-0.07, -0.05, "arXiv 2601.10088")),
    Headline("reprice_hazard", around(0.028, "orcap 2026")),
    Headline("reprice_median_size", around(0.256, "orcap 2026")),
    Headline("bottom_tie_share", around(0.48, "orcap 2026")),
    Headline("same_model_price_cv", Fact(0.15, 0.6, "genai-prices, August 2026")),
    Headline("retention_month_5_all", around(0.4, "a16z and OpenRouter 2025")),
    Headline("provider_margin"),
    Headline("ttft_p99_of_daily_means"),
)


def climbed(headline: Headline, levels: Levels) -> HeadlineOnLadder:
    """Hold the rungs of a headline against each other, seed by seed.

    Parameters
    ----------
    headline
        Which.
    levels
        Its values; the same seeds in the same order on every rung.
    """
    rungs, before = {}, None
    for name in RUNGS:
        values = levels.get(name)
        if values is None or not values or not all(map(math.isfinite, values)):
            rungs[name] = Rung(math.nan, math.nan, math.nan, math.nan, False)
            continue
        rungs[name] = _rung(values, before)
        before = values
    moved = tuple(name for name, rung in rungs.items() if rung.moves)
    low = rungs[INPUTS].value
    known = headline.fact is not None and math.isfinite(low)
    arithmetic = headline.fact.low <= low <= headline.fact.high if known and headline.fact is not None else None
    return HeadlineOnLadder(headline, rungs, moved, arithmetic)


def _rung(values: Sequence[float], before: Sequence[float] | None) -> Rung:
    mean, error = _mean(values)
    if before is None:
        return Rung(mean, error, math.nan, math.nan, False)
    steps = [b - a for a, b in zip(before, values, strict=True)]
    step, step_error = _mean(steps)
    if len(steps) < 2:
        return Rung(mean, error, step, step_error, None)
    clear = abs(step) > BELOW * max(1.0, abs(mean))
    return Rung(mean, error, step, step_error, clear and abs(step) > ERRORS * step_error)


def _mean(values: Sequence[float]) -> tuple[float, float]:
    """Mean, and its standard error over seeds (nan with one)."""
    mean = sum(values) / len(values)
    if len(values) < 2:
        return mean, math.nan
    return mean, math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values))


def rows(found: Sequence[HeadlineOnLadder]) -> list[tuple[str, ...]]:
    """Return a head and a row of text a headline."""
    head = ("headline", "known", *RUNGS, "moved by", "fact at L0")
    return [head, *((it.headline.name, _known(it.headline.fact), *(_level(it.rungs[name]) for name in RUNGS),
                     _moved(it), {None: "", True: "arithmetic", False: "outside"}[it.arithmetic]) for it in found)]


def _known(fact: Fact | None) -> str:
    return "" if fact is None else f"{fact.low:.3g} to {fact.high:.3g}"


def _level(rung: Rung) -> str:
    if not math.isfinite(rung.value):
        return "–"
    random = rung.std_error > BELOW * abs(rung.value)
    return f"{rung.value:.3g}" + (f" ± {rung.std_error:.1g}" if random else "")


def _moved(found: HeadlineOnLadder) -> str:
    if any(rung.moves is None for rung in found.rungs.values()):
        return "cannot be said of one seed"
    return ", ".join(found.moved_by) or "none"
