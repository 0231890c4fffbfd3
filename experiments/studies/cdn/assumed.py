"""What the study of shared pools assumes of tenants, replicas and prices, each with its source."""

from __future__ import annotations

from sim.scenario.base import Part, Sweep, quantity

SERVEGEN = "ServeGen (arXiv 2505.09999), deepseek-r1 workload, rate-weighted client CV"


class SharedPool(Part):
    """Tenants and what they share."""

    rate_per_s: float = quantity(
        1.0, unit="requests/s", doc="Mean rate of a tenant", gt=0,
        source="assumption: at ten seconds a request ten are served at once",
        sweep=Sweep(0.2, 20.0, "log", "from two requests at once to two hundred"))
    client_cv: float = quantity(
        2.28, unit="1", doc="Coefficient of variation of a tenant's inter-arrival times, of which its peakedness "
        "follows (E101)", ge=1, le=20, source=SERVEGEN,
        sweep=Sweep(1.2, 4.0, "linear", "from nearly Poisson to ServeGen's burstiest clients"))
    correlation: float = quantity(
        0.1, unit="1", doc="Correlation of two tenants' bursts", ge=0, le=1,
        source="assumption: ServeGen composes its workloads of independent clients; common shocks are left, such as a "
        "release or another host's outage", sweep=Sweep(0.0, 1.0, "linear", "independent to all at once"))
    burst_s: float = quantity(
        30.0, unit="s", doc="Mean length of a burst", gt=0,
        sweep=Sweep(5.0, 120.0, "log", "from seconds to minutes"))
    quiet_s: float = quantity(270.0, unit="s", doc="Mean length of a quiet spell", gt=0)
    answer_tokens: float = quantity(200.0, unit="tokens", doc="Mean length of an answer (exponential)", ge=10,
                                    le=10_000)
    step_s: float = quantity(0.05, unit="s", doc="Time of a step, in which each request gets a token", gt=0, le=1,
                             source="assumption: twenty tokens a second")
    ttft_s: float = quantity(
        2.0, unit="s", doc="99th percentile of the time to the first token that tenants ask for", gt=0,
        source="MLPerf Inference v5.1 Llama-2-70B server limit (2,000 ms TTFT)",
        sweep=Sweep(0.5, 10.0, "log", "from a voice agent to a patient reader"))
    neighbour_factor: float = quantity(
        10.0, unit="1", doc="Rate of the bursting neighbour in a burst over that outside", gt=1, le=50,
        source="assumption: ten-fold bursts, at the same mean",
        sweep=Sweep(2.0, 30.0, "log", "from an ordinary tenant to a batch job in bursts"))
    prefill_share: float = quantity(
        0.2, unit="1", doc="Share of a request's time in a slot that is prefill, with nothing cached", ge=0, lt=1)
    cached_share: float = quantity(
        0.56, unit="1", doc="Share of prompts that a tenant's own pool has cached", ge=0, le=1,
        source="DeepSeek, day 6 of its open-source week: 56.3 % of input tokens from the cache")
    locality: float = quantity(
        0.5, unit="1", doc="Share of those hits that routing keeps in a pool of many tenants", ge=0, le=1,
        source="assumption: between spraying (0) and routing by prefix (1)",
        sweep=Sweep(0.0, 1.0, "linear", "spraying to routing by prefix"))
    slots_per_replica: int = quantity(64, unit="requests", doc="Requests that a replica serves at once", ge=1,
                                      le=10_000)
    replica_usd_per_h: float = quantity(
        16.0, unit="USD/h", doc="Rent of a replica", gt=0, source="assumption: eight H100 at 2 USD an hour")
    reserved_discount: float = quantity(
        0.35, unit="1", doc="How much cheaper reserved capacity is than that taken when needed", ge=0, lt=1,
        source="middle of the 20 to 50 % that hosts quote for commitments (confidence C)")

    @property
    def held_s(self) -> float:
        """Time for which a request holds its slot in a pool of its tenant's own, s."""
        return self.answer_tokens * self.step_s

    @property
    def load(self) -> float:
        """Offered load of a tenant in a pool of its own: requests at once."""
        return self.rate_per_s * self.held_s

    def longer(self, tenants: int) -> float:
        """Return by what factor requests hold their slots longer where so many tenants share, since hits are lost.

        Of a tenant's requests the share 1 − 1/N lands where another's prompts were last.
        """
        own = 1 - self.prefill_share * self.cached_share
        return 1 + self.prefill_share * self.cached_share * (1 - self.locality) * (1 - 1 / tenants) / own
