"""Rate limits: how much is let in a minute and a day."""

from typing import Literal

from pydantic import Field

from sim.scenario.base import Part, quantity

MOST_REQUESTS = 1_000_000_000
MOST_TOKENS = 1_000_000_000_000


class RateLimits(Part):
    """Requests and tokens that are let in, per minute and per day; all limits that are set must hold."""

    requests_per_min: int | None = quantity(
        None, unit="requests/min", doc="Requests accepted per minute", ge=1, le=MOST_REQUESTS)
    tokens_per_min: int | None = quantity(
        None, unit="tokens/min", doc="Prompt plus expected output tokens accepted per minute; a request that weighs "
        "more is always refused", ge=1, le=MOST_TOKENS)
    refill: Literal["bucket", "minute"] = Field(
        "bucket", description="What a limit per minute means: a bucket of a minute's worth that is full at the start "
        "and fills continuously, or a count that starts again with each clock minute (source: Anthropic's rate limits "
        "are token buckets that fill continuously)"
    )
    requests_per_day: int | None = quantity(
        None, unit="requests/day", doc="Requests accepted per day of the run (UTC: the run starts at midnight)", ge=1,
        le=MOST_REQUESTS, source="off; OpenRouter's free variants: 50 a day, 1,000 with credits bought")
    tokens_per_day: int | None = quantity(
        None, unit="tokens/day", doc="Prompt plus expected output tokens accepted per day of the run", ge=1,
        le=MOST_TOKENS)

    @property
    def of_days(self) -> dict[str, int]:
        """What is limited per day, by field."""
        limits = {"requests_per_day": self.requests_per_day, "tokens_per_day": self.tokens_per_day}
        return {name: limit for name, limit in limits.items() if limit is not None}
