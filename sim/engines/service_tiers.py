"""Service tiers: which there are, who may be served where, and who leaves the queues of a pool first."""

from typing import Final

# Service tiers, in the order of their numbers; which tiers a request that asks for one may be served at (bits); and who
# leaves the queues of a pool first. Source: OpenRouter, guides/features/service-tiers (2026): `flex` goes to flex
# endpoints only, `priority` to priority endpoints first and then to the usual ones. That a batch waits behind all
# others is an assumption, after OpenAI's batches within 24 hours.
SERVICE_TIERS: Final = ("default", "flex", "priority", "batch")
DEFAULT_TIER, FLEX_TIER, PRIORITY_TIER, BATCH_TIER = range(4)
ADMITS: Final = (1 << DEFAULT_TIER, 1 << FLEX_TIER, (1 << PRIORITY_TIER) | (1 << DEFAULT_TIER), 1 << BATCH_TIER)
TIER_RANKS: Final = (0, -1, 1, -2)
CLASS_PRIORITIES: Final = 256  # more than there are priorities of classes (-100 to 100): a tier goes before them
