"""One marketplace of a meeting over a run: who was there in the end, and what they paid, waited and got."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from pandas import DataFrame


class Side(NamedTuple):
    """A marketplace, or two together; float64 (replications,) each but for the months.

    Attributes
    ----------
    share, first_share
        Of all customers at the end, and before anybody moved.
    spend_usd, tokens
        Of each month from the second on (of the only one of a shorter run), (replications, months).
    reference_usd
        What those tokens would have cost at the mean prices of all marketplaces.
    requests, completed_requests, wait_s
        Of the same months: requests, those answered, and their times to the first token added up.
    ttft_p99_s
        99th percentile of that time among simulated requests, the mean over the months.
    """

    share: np.ndarray
    first_share: np.ndarray
    spend_usd: np.ndarray
    tokens: np.ndarray
    reference_usd: np.ndarray
    requests: np.ndarray
    completed_requests: np.ndarray
    wait_s: np.ndarray
    ttft_p99_s: np.ndarray

    @property
    def price(self) -> np.ndarray:
        """USD per million tokens."""
        return np.asarray(1e6 * self.spend_usd.sum(axis=1) / self.tokens.sum(axis=1))

    @property
    def dearest_month(self) -> np.ndarray:
        """USD per million tokens, of the month in which most was paid."""
        return np.asarray((1e6 * self.spend_usd / self.tokens).max(axis=1))

    @property
    def paid_over_mean(self) -> np.ndarray:
        """Price over the mean of all marketplaces for the same tokens."""
        return np.asarray(self.spend_usd.sum(axis=1) / self.reference_usd)

    @property
    def completed(self) -> np.ndarray:
        """Share of requests that were answered."""
        return np.asarray(self.completed_requests / self.requests)

    @property
    def ttft_mean_s(self) -> np.ndarray:
        """Mean time to the first token, s."""
        return np.asarray(self.wait_s / self.completed_requests)

    def beside(self, other: Side) -> Side:
        """Return both together; the percentile stays this one's."""
        both = {name: getattr(self, name) + getattr(other, name) for name in self._fields}
        return Side(**both)._replace(ttft_p99_s=self.ttft_p99_s)


def side(rows: DataFrame) -> Side:
    """Return a marketplace over its replications.

    Parameters
    ----------
    rows
        Its rows of the table ``monthly_marketplaces``, with the column ``replication``.
    """
    runs = [run.sort_values("month") for _, run in rows.groupby("replication", sort=True)]
    later = [run.iloc[1:] if len(run) > 1 else run for run in runs]
    last = [run.iloc[-1] for run in runs]
    share = np.array([row["customer_share"] for row in last], float)
    won = np.array([(run["joins"] - run["leaves"]).sum() for run in runs], float)
    there = np.array([row["customers_there"] for row in last], float)
    spend, tokens = (np.stack([run[name].to_numpy(float) for run in later]) for name in ("spend_usd", "tokens"))
    answered = [(run["requests"] * run["completed_share"]).to_numpy(float) for run in later]
    return Side(
        share=share, first_share=share * (1.0 - won / there), spend_usd=spend, tokens=tokens,
        reference_usd=np.array([(run["spend_usd"] / run["paid_over_mean"]).sum() for run in later], float),
        requests=np.array([run["requests"].sum() for run in later], float),
        completed_requests=np.array([it.sum() for it in answered]),
        wait_s=np.array([(run["ttft_mean_s"].to_numpy(float) * it).sum()
                         for run, it in zip(later, answered, strict=True)]),
        ttft_p99_s=np.array([run["ttft_p99_simulated_s"].mean() for run in later], float))
