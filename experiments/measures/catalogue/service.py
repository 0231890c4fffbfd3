"""Requests: how many there are, how they end, and how long they take."""

from typing import Final

from experiments.measures.catalogue.measure import PERCENT, Measure, Show

BORN: Final = "requests that reached a router"
COMPLETED: Final = "requests completed"


def _ending(name: str, how: str, short: bool = False) -> Measure:
    return Measure(f"{name}_share", "1", f"share of requests that {how}", f"requests that {how}", BORN,
                   name.replace("_", " "), shown=PERCENT, short=short)


def _waiting(metric: str, what: str, head: str, short: tuple[int, ...]) -> list[Measure]:
    """Quantiles and the mean of one kind of waiting; tables with room for a few measures have those of ``short``."""
    quantiles = [row for percent in (50, 90, 99) for row in (
        Measure(f"{metric}_p{percent}_s", "s", f"{percent} % quantile of {what} over all requests, those not completed "
                "counting as later than any, within 0.8 %; inf where it falls among them, which is printed > deadline, "
                "and of which no mean, interval or difference is made",
                f"the value that {percent} % of requests do not exceed", "", f"{what} p{percent}",
                f"{head} p{percent}", short=percent in short),
        Measure(f"{metric}_p{percent}_completed_s", "s", f"{percent} % quantile of {what} over completed requests "
                "only, within 0.8 %", f"the value that {percent} % of completed requests do not exceed", "",
                f"{what} p{percent} of completed requests", f"{head} p{percent} of completed",
                short=percent in short and percent == 99))]
    of_days = [
        Measure(f"{metric}_p{percent}_of_daily_means", "s",
                f"{percent} % quantile of the daily means of {what} over workloads and days, weighted with requests",
                f"the daily mean at or below which {percent} % of completed requests lie", "",
                f"{head} p{percent} of daily means")
        for percent in (50, 90, 99) if metric != "tpot"]
    mean = Measure(f"{metric}_mean_s", "s", f"mean {what} of completed requests", f"{what}, summed",
                   COMPLETED if metric != "tpot" else "requests completed with two output tokens or more",
                   f"mean {what}", f"{head} mean")
    return [*quantiles, mean, *of_days]


ROWS: Final = (
    Measure("requests", "requests", "requests that reached a router (of a run of traffic, after the warm-up)", BORN,
            daily=Show("M/day", 1e-6, 1), short=False),
    Measure("completed", "requests", "requests completed", COMPLETED),
    _ending("completed", "were completed", short=True),
    _ending("refused", "the last offer tried refused"),
    _ending("failed", "failed at the last offer tried"),
    _ending("abandoned", "an impatient customer gave up"),
    _ending("timed_out", "the router gave up"),
    Measure("cut_share", "1", "share of completed requests whose answers were cut, at max_tokens or where the context "
            "or the memory of their offer ended", "completed requests with finish reason length", COMPLETED,
            "cut answers", shown=PERCENT, short=False),
    Measure("cached_share", "1", "share of the prompt tokens of completed requests that were billed as read from a "
            "cache: found there, or of a conversation's history at offers without a prefix cache (traffic only)",
            "prompt tokens billed as cached", "prompt tokens of completed requests", "cached prompts", shown=PERCENT,
            short=False),
    Measure("good_share", "1", "share of requests that were completed within both objectives of their class",
            "requests completed within both objectives", BORN, "good requests", "good", PERCENT),
    Measure("goodput_per_s", "requests/s", "requests completed within both objectives of their class, a second",
            "requests completed within both objectives", "measured time, from the warm-up to the end of demand",
            "goodput", shown=Show("req/s", 1.0, 1)),
    Measure("completed_per_s", "requests/s", "requests completed, a second", COMPLETED, "time",
            "completed requests a second", shown=Show("req/s", 1.0, 1)),
    Measure("attempts_per_request", "attempts", "attempts made for a request", "attempts", BORN, "attempts a request",
            "tries", Show("", 1.0, 1)),
    Measure("refused_attempts_share", "1", "share of attempts that the offers they were sent to refused",
            "attempts refused: rate limit, full queue, too long", "attempts placed", "attempts refused",
            shown=PERCENT),
    Measure("placed", "attempts", "attempts that routers sent to the offer", "attempts placed", short=False),
    Measure("refused_queue_full", "attempts", "attempts that met a full queue", "attempts refused: full queue",
            short=False),
    Measure("refused_rate_limit", "attempts", "attempts that met a rate limit", "attempts refused: rate limit",
            short=False),
    Measure("refused_too_long", "attempts", "attempts for which the offer had no room", "attempts refused: too long",
            short=False),
    Measure("errors", "attempts", "attempts that failed: outage, server error, broken stream, time-out of the router",
            "attempts failed", short=False),
    Measure("given_up", "attempts", "attempts that an impatient customer gave up before the first token",
            "attempts given up", short=False),
    *(Measure(f"speed_of_{percent}", "tokens/s", f"output tokens a second that {percent} % of the offer's completed "
              "requests reach, in its last sample of 200 or more; empty without",
              f"1 / the time per token that {percent} % of completed requests do not exceed", short=False)
      for percent in (50, 90, 99)),
    *_waiting("ttft", "time to first token", "TTFT", (50, 99)),
    *_waiting("tpot", "time per output token", "TPOT", (50,)),
    *_waiting("e2e", "end-to-end latency", "E2E", (99,)),
    Measure("prompt_tokens", "tokens", "prompt tokens of completed requests", "prompt tokens"),
    Measure("output_tokens", "tokens", "output tokens of completed requests", "output tokens"),
    Measure("prompt_tokens_sold", "tokens", "prompt tokens of requests completed at the offer", "prompt tokens",
            short=False),
    Measure("output_tokens_sold", "tokens", "output tokens of requests completed at the offer", "output tokens",
            short=False),
    Measure("cached_tokens", "tokens", "prompt tokens of completed requests that were billed as read from a cache",
            "prompt tokens billed as cached", short=False),
    Measure("tokens", "tokens", "prompt and output tokens of completed requests", "prompt and output tokens",
            daily=Show("bn/day", 1e-9, 1)),
    Measure("tokens_per_day", "tokens a day", "prompt and output tokens of completed requests, a day",
            "prompt and output tokens", "days", "tokens", shown=Show("bn/day", 1e-9, 1)),
    Measure("days", "days", "days of the period that the run covers", "days"),
)
