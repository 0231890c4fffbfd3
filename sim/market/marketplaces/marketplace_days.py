"""What each marketplace sold on an accounting day."""

from typing import NamedTuple

import numpy as np

from sim.market.usage import WorkloadDay


class MarketplacePart(NamedTuple):
    """A marketplace's part of a day.

    Attributes
    ----------
    workloads
        What was bought through it.
    revenue_nano
        int64 (offers,): what each offer charged for it.
    """

    workloads: WorkloadDay
    revenue_nano: np.ndarray


class MarketplaceDay(NamedTuple):
    """A day of all marketplaces, arrays (marketplaces,) but for the last two.

    Attributes
    ----------
    customers
        int64: workloads with a model that are there at the day's end.
    requests, completed, prompt_tokens, output_tokens, cost_nano, fee_nano
        int64: what was bought through each.
    reference_nano
        float64: what these tokens would have cost at the mean prices of all marketplaces together.
    wait_s
        float64: times to the first token of the completed, added up.
    moves
        int64 (marketplaces, marketplaces): workloads that went from the row's to the column's.
    by_rule
        int64 (marketplaces, models, rules): completed requests by the rule that placed them
        (``sim.engines.wanted.RULES``).
    """

    customers: np.ndarray
    requests: np.ndarray
    completed: np.ndarray
    prompt_tokens: np.ndarray
    output_tokens: np.ndarray
    cost_nano: np.ndarray
    fee_nano: np.ndarray
    reference_nano: np.ndarray
    wait_s: np.ndarray
    moves: np.ndarray
    by_rule: np.ndarray


class MarketplaceWaits(NamedTuple):
    """Times to the first token up to the end of a month.

    Attributes
    ----------
    day
        Its last day.
    counts
        int64 (marketplaces, bins): of simulated requests since the run began (`sim.histogram`, fine).
    """

    day: int
    counts: np.ndarray
