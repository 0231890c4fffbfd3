"""Numbers and sets that both engines obey and no scenario changes, each with its source."""

from typing import Final

from sim.engines.outcome import FAILED, REFUSED
from sim.engines.outcome import TIMED_OUT as REQUEST_TIMED_OUT
from sim.policy import MIDSTREAM, OUTAGE, QUEUE_FULL, RATE_LIMITED, SERVER_ERROR, TIMED_OUT

# Failures that speak against an offer: they open a breaker, count as errors and make an outage signal. A 429 does
# not, it says that the offer is busy; nor does "too long", which says something about the request.
# Source: assumption; the systems that are imitated count errors and 429s apart in the same way.
HARD_FAILURES: Final = (OUTAGE, SERVER_ERROR, MIDSTREAM, TIMED_OUT)
REFUSALS: Final = (RATE_LIMITED, QUEUE_FULL)  # the failures that are a 429 (RFC 6585)
COOLDOWN_RULES: Final = ("consecutive", "litellm")  # when failures rest an offer; in the order of their numbers

# Outcome of a request by the failure of its last attempt, in the order of sim.policy.FAILURES; "none" is a request
# that no offer could take. Source: docs/semantics.md, section 3.
OUTCOME_OF_FAILURE: Final = (REFUSED, FAILED, FAILED, REFUSED, REFUSED, REFUSED, FAILED, REQUEST_TIMED_OUT)

# Who pays for an answer that its customer did not get whole, in the order of their numbers.
PAYERS: Final = ("nobody", "customer", "provider")

# Service tiers, in the order of their numbers; which tiers a request that asks for one may be served at (bits); and who
# leaves the queues of a pool first. Source: OpenRouter, guides/features/service-tiers (2026): `flex` goes to flex
# endpoints only, `priority` to priority endpoints first and then to the usual ones. That a batch waits behind all
# others is an assumption, after OpenAI's batches within 24 hours.
SERVICE_TIERS: Final = ("default", "flex", "priority", "batch")
DEFAULT_TIER, FLEX_TIER, PRIORITY_TIER, BATCH_TIER = range(4)
ADMITS: Final = (1 << DEFAULT_TIER, 1 << FLEX_TIER, (1 << PRIORITY_TIER) | (1 << DEFAULT_TIER), 1 << BATCH_TIER)
TIER_RANKS: Final = (0, -1, 1, -2)
CLASS_PRIORITIES: Final = 256  # more than there are priorities of classes (-100 to 100): a tier goes before them

# Windows of a router's telemetry, in slots (of ten seconds by default).
LONG_SLOTS: Final = 30  # percentiles and long shares: five minutes, the window of OpenRouter's published percentiles
SHORT_SLOTS: Final = 3  # short shares and learned capacity: thirty seconds, OpenRouter's window of recent outages

# What happens at the same time happens in the order of these kinds (docs/semantics.md, section 10).
PUBLISH, COPY_VIEW, ARRIVAL, AT_ROUTER, TIMER, LOOK, AT_PROVIDER, BOUNDARY = range(8)
# Messages: those of one attempt that arrive together are handled in this order.
DISPATCH, CANCEL, FIRST_TOKEN, DONE, FAIL = range(5)
TIME_OUT, BACK_OFF_ENDS = range(2)  # of one request
