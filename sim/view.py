"""What a router knows of an offer: the columns of the view a policy sees (DESIGN: one row per candidate).

A view is a C-contiguous float64 matrix, one row per offer of the request's model, these columns.
Every windowed or averaged column rests on the router's own requests only, as they became known to it.
"""

from typing import Final

OPEN: Final = 0  # 1 if the offer may be chosen now, else 0; choosing a closed offer is an error
COST_USD: Final = 1  # expected cost of this request there: its prompt's tier, expected output, nothing from the cache
PRICE_IN: Final = 2  # posted base price of input, after the discount, USD per million tokens
PRICE_OUT: Final = 3  # posted base price of output, after the discount, USD per million tokens
IN_FLIGHT: Final = 4  # own requests placed there and not yet known to have ended
OUTSTANDING_TOKENS: Final = 5  # prompt plus expected output tokens of those requests
SAMPLES: Final = 6  # own completions seen so far; with 0 the averages below are a typical peer's (semantics, section 5)
TTFT_EWMA_S: Final = 7  # moving average of time to first token, s
TPOT_EWMA_S: Final = 8  # moving average of time per later output token, s
THROUGHPUT_EWMA: Final = 9  # moving average of output tokens / end-to-end time, tokens/s
TTFT_P50: Final = 10  # windowed (5 min) percentiles of TTFT, s
TTFT_P90: Final = 11
TTFT_P99: Final = 12
TPOT_P50: Final = 13  # windowed percentiles of time per later output token, s
TPOT_P90: Final = 14
TPOT_P99: Final = 15
THROUGHPUT_P50: Final = 16  # throughput that 50 / 90 / 99 % of the window's requests reached, tokens/s
THROUGHPUT_P90: Final = 17
THROUGHPUT_P99: Final = 18
ERROR_SHARE_30S: Final = 19  # share of ended attempts that failed (server error, outage, time-out), 30 s
ERROR_SHARE_5M: Final = 20
REFUSAL_SHARE_30S: Final = 21  # share of ended attempts refused with 429 (rate limit, full queue), 30 s
REFUSAL_SHARE_5M: Final = 22
LAST_OUTAGE_S: Final = 23  # time of the last outage signal; NEVER if none
REQUESTS_THIS_MINUTE: Final = 24  # own requests placed there in this clock minute
TOKENS_THIS_MINUTE: Final = 25  # their prompt plus expected output tokens
RPM_LIMIT: Final = 26  # posted limits; NO_LIMIT if none
TPM_LIMIT: Final = 27
CAPACITY_PER_S: Final = 28  # learned acceptance rate, requests/s; NO_LIMIT until refusals taught one
OBSERVED_AT_S: Final = 29  # time of the newest observation of this offer; NEVER if none
PUBLISHED_IN_FLIGHT: Final = 30  # load the provider publishes (requests per replica); own IN_FLIGHT if it does not
PUBLISHED_LATENCY_S: Final = 31  # median TTFT at that load, as the provider publishes it; else own TTFT_EWMA_S
PUBLISHED_AT_S: Final = 32  # time of that publication; NEVER if none
WEIGHT: Final = 33  # this router's weight of the offer, slow start included; above 0 where the row is open
PRICE_CUT_S: Final = 34  # time of the last cut of its posted base prices; NEVER if none
TRUE_WORK_S: Final = 35  # unfinished work of the least loaded replica, s: filled for oracle policies only

COLUMNS: Final = 36

NEVER: Final = -1.0e18
NO_LIMIT: Final = 1.0e18

NAMES: Final = tuple(
    name for name, _ in sorted(
        ((k, v) for k, v in list(globals().items()) if k.isupper() and isinstance(v, int) and k != "COLUMNS"),
        key=lambda item: item[1],
    )
)
