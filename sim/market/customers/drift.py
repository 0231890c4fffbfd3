"""Requests of later years: a population with the lengths and cached shares of a day.

A longer request is taken to do as much more work as it costs more at the template's reference prices: worths, tastes,
costs of moving, budgets and the cost for which volumes were planned grow alike, so that drift alone moves no choice
between models of one price structure, and nobody's budget runs out because requests grew.
"""

from dataclasses import replace

import numpy as np

from sim.market.customers.answer_lengths import kept_share
from sim.market.customers.population import CACHED_SAVED, Population
from sim.scenario.drift_settings import RequestDrift
from sim.units import DAYS_PER_YEAR, MTOK_PER_TOKEN

GROWN = ("c0_usd", "value_usd", "sigma_usd", "psi_usd", "open_penalty_usd", "budget_usd_per_day")


def drifted(first: Population, drift: RequestDrift, day: float) -> Population:
    """Return a population as its requests are on a day.

    Parameters
    ----------
    first
        The population as drawn.
    drift
        How requests change.
    day
        Days since the start of the run.
    """
    years = day / DAYS_PER_YEAR
    prompt = first.prompt_tokens * (1 + drift.prompt_growth_per_year) ** years
    # whatever prompts shrink to, what they begin with is a part of them
    prompt = np.maximum(prompt, np.where(first.shared_tokens > 0, first.shared_tokens + 1.0, 1.0))
    output = np.maximum(first.output_tokens * (1 + drift.output_growth_per_year) ** years, 1.0)
    cached = first.cached_share / (first.cached_share + (1 - first.cached_share)
                                   * np.exp(-drift.cached_log_odds_per_year * years))
    grown = replace(first, prompt_tokens=prompt, output_tokens=output, cached_share=cached)
    work = _reference_usd(grown) / _reference_usd(first)
    brands = tuple({name: worth * float(factor) for name, worth in row.items()}
                   for row, factor in zip(first.brand_usd, work, strict=True))
    return replace(grown, brand_usd=brands, **{name: getattr(first, name) * work for name in GROWN})


def _reference_usd(people: Population) -> np.ndarray:
    """Cost of a request with a model of verbosity 1 at the template's reference prices."""
    kept = kept_share(people.output_tokens, people.length_sigma, people.max_tokens)
    charged = people.prompt_tokens * (1 - CACHED_SAVED * people.cached_share)
    return np.asarray(MTOK_PER_TOKEN * (charged * people.reference_in_usd
                                        + people.output_tokens * kept * people.reference_out_usd))
