"""A sampled run's day in whole numbers: what offers sold and workloads bought are the same sums, to the nano-dollar."""

from typing import NamedTuple

import numpy as np

from sim.engines import outcome
from sim.engines.wanted import RULES
from sim.market.sampled_shares import UNSERVED
from sim.market.surfaces import Surfaces
from sim.market.usage import OfferDay, WorkloadDay
from sim.market.volume_meter import Volumes
from sim.market.whole_numbers import Carry, apportioned


class Pace(NamedTuple):
    """What customers know of models' speeds, float64 (models,): TTFT and TPOT, s."""

    ttft_s: np.ndarray
    tpot_s: np.ndarray


class ExpectedDays:
    """Makes days of offers and workloads out of expected volumes.

    Parameters
    ----------
    surfaces
        What was measured.
    """

    def __init__(self, surfaces: Surfaces) -> None:
        self._surfaces = surfaces
        self._attempts = Carry(len(surfaces.offer_model), len(UNSERVED))
        self._cut = Carry(len(surfaces.offer_model))

    def offers(self, day: Volumes) -> OfferDay:
        """Return the day of all offers."""
        surfaces = self._surfaces
        served, prompt, output = _whole(day.served), _whole(day.sold_prompt), _whole(day.sold_output)
        revenue = _whole(_where_sold(day.revenue_nano, prompt + output))
        limited, full, too_long, failed, abandoned, written_off = self._attempts.whole(day.attempts).T
        cut = surfaces.per_served(surfaces.sums[:, outcome.SERVED_CUT])
        refused = limited + full + too_long
        return OfferDay(
            placed=served + refused + failed + abandoned, served=served, refused=refused, failed=failed,
            abandoned=abandoned, queue_full=full, prompt_tokens=prompt, output_tokens=output,
            revenue_nano=revenue, busy_share=_busy_share(day),
            cut=np.minimum(self._cut.whole(day.served * cut), served), written_off_nano=written_off,
            cached_tokens=np.minimum(_whole(day.sold_cached), prompt),
            rate_limited=limited, too_long=too_long,
            by_rule=self._by_rule(served),
            ttft_s=surfaces.quantiles[:, 0].copy(), tpot_s=surfaces.quantiles[:, 1].copy(),
        )

    def _by_rule(self, served: np.ndarray) -> np.ndarray:
        """Split what offers served by the rules that placed it, as measured; the rest is the router's own rule's."""
        shares = self._surfaces.per_served(self._surfaces.sums[:, outcome.BY_RULE + 1:outcome.BY_RULE + len(RULES)])
        named = np.floor(served[:, None] * shares).astype(np.int64)
        return np.column_stack([served - named.sum(axis=1), named])

    def workloads(self, day: Volumes, sold: OfferDay, model: np.ndarray, planned_tokens: np.ndarray,
                  pace: Pace) -> WorkloadDay:
        """Return the day of all workloads before fees, which depend on it; they bought exactly what was ``sold``."""
        completed, prompt, output = (
            apportioned(int(whole.sum()), shares) for whole, shares in (
                (sold.served, day.completed), (sold.prompt_tokens, day.prompt), (sold.output_tokens, day.output)))
        cost = apportioned(int(sold.revenue_nano.sum()), _where_sold(day.cost_nano, prompt + output))
        waits = np.where(day.completed > 0, self._waits(day, np.maximum(day.model, 0), pace), np.nan)
        return WorkloadDay(
            model=model.copy(), planned_tokens=planned_tokens, born=completed + _whole(day.lost), completed=completed,
            prompt_tokens=prompt, output_tokens=output, cost_nano=cost,
            fee_nano=np.zeros(len(model), np.int64), ttft_s=waits[0], e2e_s=waits[1],
            cut=np.minimum(_whole(day.cut), completed),
        )

    def _waits(self, day: Volumes, model: np.ndarray, pace: Pace) -> np.ndarray:
        """Mean TTFT and E2E of each workload, (2, workloads): its model's, as measured or else as expected."""
        measured = self._surfaces.waits[model]
        answer = np.maximum(day.output / np.maximum(day.completed, 1e-300) - 1.0, 0.0)
        tpot_s = np.where(np.isfinite(pace.tpot_s), pace.tpot_s, 0.0)  # infinite where nobody will ever sell
        expected_s = pace.ttft_s[model] + tpot_s[model] * answer
        is_new = np.isnan(measured[:, outcome.TTFT])
        return np.where(is_new, np.stack([pace.ttft_s[model], expected_s]),
                        np.stack([measured[:, outcome.TTFT], measured[:, outcome.E2E]]))


def _whole(values: np.ndarray) -> np.ndarray:
    """Whole numbers that add up to the sum rounded."""
    return apportioned(round(float(values.sum())), values)


def _where_sold(nano: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """Money only where whole tokens were sold: for a fraction of a token nobody sends a bill."""
    there = np.where(tokens > 0, nano, 0.0)
    return nano if nano.any() and tokens.any() and not there.any() else there


def _busy_share(day: Volumes) -> np.ndarray:
    there = day.replica_s > 0
    return np.where(there, np.minimum(day.busy_s / np.where(there, day.replica_s, 1.0), 1.0), 0.0)
