"""The data dictionary: every table that a run leaves in the store, every column, its unit and its meaning."""

from collections.abc import Iterator, Mapping
from typing import Final

from experiments.store import report_tables
from experiments.store.layout import Column, Table, amount, count, dimension, weight

SCHEMA_VERSION: Final = 8  # of the store as a whole; counted up when a table or a column changes

def _quantiles(rows: str, end: str = "_completed_s") -> tuple[Column, ...]:
    return tuple(
        amount(f"{metric}_p{percent}{end}", "s",
                f"quantile of {what} of {rows}, within 0.8 % (traffic only; not to be added up)")
        for metric, what in (("ttft", "times to first token"), ("tpot", "times per output token"),
                             ("e2e", "end-to-end latencies"))
        for percent in (50, 90, 99)
    )


_SUMS = (
    amount("ttft_sum_s", "s", "times to first token, summed over completed requests"),
    amount("e2e_sum_s", "s", "end-to-end latencies, summed over completed requests"),
    amount("tpot_sum_s", "s", "times per output token, summed over the requests counted in tpot_requests"),
    weight("tpot_requests", "requests", "completed requests that have a time per output token"),
)
_MONTH = dimension("month", "calendar month, counted from 0 (table `months` has its label); 0 in a run of traffic",
                    "BIGINT", "months")
_PROVIDER = dimension("provider", "name of the provider")
_MODEL = dimension("model", "name of the model")
_OFFER = dimension("offer", "name of the offer")

_TOKENS_OF_A_MODEL: Final = (  # of the requests before them, wanted or served
    amount("tokens", "tokens", "prompt and output tokens of these"),
    amount("plain_tokens", "tokens", "what they would be with a model of verbosity 1"),
    amount("quality_tokens", "tokens", "the tokens, each times the quality for its workload's task"),
)

TABLES: Final[Mapping[str, Table]] = {
    "metrics": Table(
        "A number of the run as a whole: the metrics of the tournament for traffic, the summary of the market for "
        "markets.",
        (dimension("metric", "name"), Column("unit", "VARCHAR", "", "unit of the value", "text"),
         Column("value", "DOUBLE", "as `unit` says", "the number; empty where undefined (not to be added up)",
                "measure")),
    ),
    "months": Table(
        "A calendar month of a market; the one row of a run of traffic stands for its measured time.",
        (_MONTH, Column("label", "VARCHAR", "", "`YYYY-MM`; empty for traffic", "text"),
         weight("days", "days", "days of it that the run covers")),
    ),
    "offers": Table(
        "An offer in a month: measured requests of a run of traffic, whole days of a market. Latencies are "
        "of traffic only; their sums here are made from histograms, within 0.8 % (those of `classes` are exact).",
        (
            _MONTH, _PROVIDER, _MODEL, _OFFER, dimension("region", "where its replicas stand"),
            dimension("service_tier", "what it is: default, flex, priority or batch; who shares replicas has none"),
            count("placed", "attempts", "attempts that routers sent here"),
            count("refused", "attempts", "of them refused: rate limit, queue full (traffic: or too long)"),
            count("failed", "attempts", "of them failed: outage, server error, broken stream, time-out"),
            count("completed", "requests", "requests completed here"),
            count("cut", "requests", "of them those whose answers were cut"),
            count("prompt_tokens", "tokens", "prompt tokens of completed requests"),
            count("output_tokens", "tokens", "output tokens of completed requests"),
            amount("revenue_usd", "USD", "charged for completed requests, and for answers in part that customers pay "
                   "for, before the router's fee"),
            amount("written_off_usd", "USD", "worth of answers in part that the provider bears"),
            amount("busy_replica_s", "replica-seconds", "time its replicas spent in steps (traffic: in the window)"),
            weight("replica_s", "replica-seconds", "time its active replicas were there (traffic: in the window)"),
            *_SUMS, *_quantiles("requests completed here"),
        ),
    ),
    "classes": Table(
        "Customers of a kind, in a month: measured requests of a run of traffic, whole days of a market.",
        (
            _MONTH, dimension("segment", "client class of a scenario, or customers' segment of a market"),
            dimension("task", "what the requests are for; empty in a run of traffic"),
            dimension("model", "model they asked for; empty for customers of a market who use none"),
            count("born", "requests", "requests that reached a router"),
            count("completed", "requests", "of them completed"),
            count("cut", "requests", "of the completed those whose answers were cut"),
            count("refused", "requests", "of them refused by the last offer tried (traffic only)"),
            count("kept_away", "requests", "of the refused those whom an offer could have served that their "
                  "preferences exclude (traffic only)"),
            count("failed", "requests", "of them failed at the last offer tried (traffic only)"),
            count("abandoned", "requests", "of them given up by an impatient customer (traffic only)"),
            count("timed_out", "requests", "of them given up by the router (traffic only)"),
            count("good", "requests", "of them completed within both objectives of their class (traffic only)"),
            count("attempts", "attempts", "attempts made for them (traffic only)"),
            count("prompt_tokens", "tokens", "prompt tokens of completed requests"),
            count("output_tokens", "tokens", "output tokens of completed requests"),
            amount("cost_usd", "USD", "charged at posted prices"),
            amount("own_key_usd", "USD", "of the cost, what providers bill customers who come with keys of their own "
                   "(traffic only)"),
            amount("fee_usd", "USD", "charged by the router on top"),
            amount("surplus_usd", "USD", "consumer surplus (market only)"),
            weight("workload_days", "workload-days", "workloads that used the model, summed over days (market only)"),
            *_SUMS, *_quantiles("completed requests"),
            *_quantiles("all requests, those not completed being later than any; inf where it falls among them", "_s"),
        ),
    ),
    "prices": Table(
        "Posted prices of an offer in a month, means over the days on which it was listed.",
        (
            _MONTH, _PROVIDER, _MODEL, _OFFER,
            weight("listed_days", "days", "days on which it was listed (traffic: length of the window)"),
            amount("input_usd_days", "USD/Mtok × days", "price of prompt tokens, summed over those days"),
            amount("output_usd_days", "USD/Mtok × days", "price of output tokens, summed over those days"),
            count("changes", "changes", "changes of its prices, launches left out"),
        ),
    ),
    "fleets": Table(
        "A provider's GPUs and books in a month (markets only).",
        (
            _MONTH, _PROVIDER,
            amount("gpu_days", "GPU-days", "GPUs owned or rented, summed over days"),
            amount("placed_gpu_days", "GPU-days", "of them those that held a replica"),
            amount("training_gpu_days", "GPU-days", "of them those lent to training"),
            amount("gpu_cost_usd", "USD", "rent, capital, power and colocation"),
            amount("received_usd", "USD", "received from others according to the books"),
            amount("paid_usd", "USD", "paid to others according to the books"),
        ),
    ),
    "switches": Table(
        "Workloads that took up, left or changed a model in a month (markets only).",
        (
            _MONTH, dimension("segment", "customers' segment"), dimension("before", "model left; empty for none"),
            dimension("after", "model taken up; empty for none"), dimension("reason", "what made them reconsider"),
            count("moves", "workloads", "how many moved"),
            amount("gain_usd", "USD", "expected gains per request net of the cost of moving, summed over them"),
        ),
    ),
    "requests": Table(
        "A sampled request of a run of traffic, if the scenario samples any, in order of ending.",
        (
            dimension("request", "its own key, 16 hexadecimal digits"), dimension("segment", "its client class"),
            _PROVIDER, _MODEL, dimension("offer", "offer of the last attempt; empty if there was none"),
            dimension("outcome", "how it ended"),
            dimension("finish_reason", "`stop`, `length` (cut), `error` (not completed); empty in flight"),
            amount("born_s", "s", "simulated time at which it left the customer (not to be added up)"),
            amount("placed_s", "s", "at which its last attempt was placed"),
            amount("first_token_s", "s", "at which the first token reached its router"),
            amount("end_s", "s", "at which it ended, at its router"),
            amount("delay_s", "s", "from the router to the customer, one way (not to be added up)"),
            count("prompt_tokens", "tokens", "length of its prompt"),
            count("output_tokens", "tokens", "length of its answer as it was served; 0 unless completed"),
            count("drawn_tokens", "tokens", "length of its answer as it was drawn, had nothing cut it"),
            count("attempts", "attempts", "attempts made for it"),
            amount("cost_usd", "USD", "charged at posted prices"),
        ),
    ),
    "wanted_days": Table(
        "A model on a day of customers who buy at list prices, in runs without a supply side (the climb; beside a "
        "market for `cost_fall`).",
        (
            dimension("day", "market time", "BIGINT", "days"), dimension("model", "name of the model"),
            Column("total_b", "DOUBLE", "billion", "its parameters in all (not to be added up)", "measure"),
            amount("requests", "requests", "that customers mean to make"),
            *_TOKENS_OF_A_MODEL,
            amount("spend_usd", "USD", "what they cost at list prices, before the router's fee"),
        ),
    ),
    "sold_days": Table(
        "A model on a day of a market that sold some of it, in runs that ask for it (`cost_fall`).",
        (
            dimension("day", "market time", "BIGINT", "days"), dimension("model", "name of the model"),
            Column("total_b", "DOUBLE", "billion", "its parameters in all (not to be added up)", "measure"),
            Column("open", "BOOLEAN", "", "whether anybody may serve it", "text"),
            weight("sellers", "offers", "offers of it that are listed at the end of the day"),
            amount("requests", "requests", "completed"),
            *_TOKENS_OF_A_MODEL,
            amount("spend_usd", "USD", "charged for them, before the router's fee"),
        ),
    ),
    "gate_facts": Table(
        "A value of a market that its gates ask for, in runs of `tokenmarket validate market` (docs/validation.md).",
        (
            dimension("fact", "what it is"), dimension("of", "what it is of; empty for the run as a whole"),
            amount("value", "as the fact says", "the value; empty where the run has none (not to be added up)"),
        ),
    ),
    **report_tables.TABLES,
}

DESIGN_TABLES: Final[Mapping[str, Table]] = {
    "schema_version": Table("One row: how the store is laid out.",
                            (Column("version", "BIGINT", "", "number of the layout", "text"),)),
    "studies": Table(
        "A study that was begun.",
        (dimension("study", "its name"),
         Column("manifest", "VARCHAR", "", "JSON: what was asked for", "text")),
    ),
    "points": Table(
        "The value of a factor at a point of a design.",
        (dimension("study", "name of the study"), dimension("row", "number of the point", "BIGINT"),
         dimension("factor", "path of the field, or `policy`"),
         Column("place", "BIGINT", "", "place of the factor in the design", "text"),
         Column("value", "VARCHAR", "", "JSON: the value", "text")),
    ),
    "plan": Table(
        "A run that a study wants; several studies may want the same.",
        (dimension("study", "name of the study"), dimension("row", "number of the point", "BIGINT"),
         dimension("replication", "number of the replication", "BIGINT"),
         Column("kind", "VARCHAR", "", "traffic or market", "text"),
         Column("run", "VARCHAR", "", "key of the run: digest of configuration, seed, replication and code", "text")),
    ),
    "runs": Table(
        "A run that was done, or failed.",
        (dimension("run", "key of the run"),
         Column("problem", "VARCHAR", "", "why it failed; empty if it did not", "text"),
         Column("wall_s", "DOUBLE", "s", "how long it took; not exported, being no result", "text")),
    ),
}


def page() -> str:
    """Return the part of ``docs/lab/results.md`` that lists tables and columns, as Markdown."""
    return "\n".join([
        f"Version of the schema: **{SCHEMA_VERSION}**.\n",
        "### Tables of runs\n",
        "Every one of them also has `run`, the key of the run, and `line`, the row's place among those of its run.\n",
        *_sections(TABLES), "### Tables of designs\n", *_sections(DESIGN_TABLES),
    ])


def _sections(tables: Mapping[str, Table]) -> Iterator[str]:
    for name, table in tables.items():
        yield f"#### `{name}`\n\n{table.doc}\n"
        yield "| column | type | unit | role | meaning |\n| --- | --- | --- | --- | --- |"
        yield from (f"| `{it.name}` | {it.dtype} | {it.unit} | {it.role} | {it.doc} |" for it in table.columns)
        yield ""
