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

# Windows of a router's telemetry, in slots (of ten seconds by default).
LONG_SLOTS: Final = 30  # percentiles and long shares: five minutes, the window of OpenRouter's published percentiles
SHORT_SLOTS: Final = 3  # short shares and learned capacity: thirty seconds, OpenRouter's window of recent outages

# What happens at the same time happens in the order of these kinds (docs/semantics.md, section 10).
PUBLISH, COPY_VIEW, ARRIVAL, AT_ROUTER, TIMER, LOOK, AT_PROVIDER, LANDING, BOUNDARY = range(9)
# Messages: those of one attempt that arrive together are handled in this order.
DISPATCH, CANCEL, FIRST_TOKEN, DONE, FAIL = range(5)
TIME_OUT, BACK_OFF_ENDS = range(2)  # of one request
