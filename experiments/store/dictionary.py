"""The data dictionary: every table that a run leaves in the store, every column, its unit and its meaning."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

SCHEMA_VERSION: Final = 1  # of the store as a whole; counted up when a table or a column changes

Role = Literal["dimension", "measure", "weight", "text"]
SqlType = Literal["VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN"]


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    name
        Name in the store, in frames and in exported files.
    dtype
        DuckDB's type.
    unit
        Unit of its values; empty for names and texts, ``1`` for shares.
    doc
        What it means.
    role
        ``dimension`` tells rows apart; a ``measure`` may be added up over rows unless its text says otherwise;
        a ``weight`` is what ratios are divided by; ``text`` describes.
    """

    name: str
    dtype: SqlType
    unit: str
    doc: str
    role: Role


@dataclass(frozen=True)
class Table:
    """A table of runs: each row belongs to one run.

    Attributes
    ----------
    doc
        What a row is.
    columns
        Its columns, less ``run`` and ``line``, which the store adds to each table.
    """

    doc: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns in order."""
        return tuple(column.name for column in self.columns)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Names of the columns that tell rows of a run apart."""
        return tuple(column.name for column in self.columns if column.role == "dimension")


def _dimension(name: str, doc: str, dtype: SqlType = "VARCHAR", unit: str = "") -> Column:
    return Column(name, dtype, unit, doc, "dimension")


def _count(name: str, unit: str, doc: str) -> Column:
    return Column(name, "BIGINT", unit, doc, "measure")


def _amount(name: str, unit: str, doc: str) -> Column:
    return Column(name, "DOUBLE", unit, doc, "measure")


def _weight(name: str, unit: str, doc: str) -> Column:
    return Column(name, "DOUBLE", unit, doc, "weight")


def _quantiles(rows: str) -> tuple[Column, ...]:
    return tuple(
        _amount(f"{metric}_p{percent}_s", "s",
                f"quantile of {what} of {rows}, within 0.8 % (traffic only; not to be added up)")
        for metric, what in (("ttft", "times to first token"), ("tpot", "times per output token"),
                             ("e2e", "end-to-end latencies"))
        for percent in (50, 90, 99)
    )


_SUMS = (
    _amount("ttft_sum_s", "s", "times to first token, summed over completed requests"),
    _amount("e2e_sum_s", "s", "end-to-end latencies, summed over completed requests"),
    _amount("tpot_sum_s", "s", "times per output token, summed over the requests counted in tpot_requests"),
    _weight("tpot_requests", "requests", "completed requests that have a time per output token"),
)
_MONTH = _dimension("month", "calendar month, counted from 0 (table `months` has its label); 0 in a run of traffic",
                    "BIGINT", "months")
_PROVIDER = _dimension("provider", "name of the provider")
_MODEL = _dimension("model", "name of the model")
_OFFER = _dimension("offer", "name of the offer")

TABLES: Final[Mapping[str, Table]] = {
    "metrics": Table(
        "A number of the run as a whole: the metrics of the tournament for traffic, the summary of the market for "
        "markets.",
        (_dimension("metric", "name"), Column("unit", "VARCHAR", "", "unit of the value", "text"),
         Column("value", "DOUBLE", "as `unit` says", "the number; empty where undefined (not to be added up)",
                "measure")),
    ),
    "months": Table(
        "A calendar month of a market; the one row of a run of traffic stands for its measured time.",
        (_MONTH, Column("label", "VARCHAR", "", "`YYYY-MM`; empty for traffic", "text"),
         _weight("days", "days", "days of it that the run covers")),
    ),
    "offers": Table(
        "An offer in a month: measured requests of a run of traffic, whole days of a market. Latencies are "
        "of traffic only; their sums here are made from histograms, within 0.8 % (those of `classes` are exact).",
        (
            _MONTH, _PROVIDER, _MODEL, _OFFER, _dimension("region", "where its replicas stand"),
            _count("placed", "attempts", "attempts that routers sent here"),
            _count("refused", "attempts", "of them refused: rate limit, queue full (traffic: or too long)"),
            _count("failed", "attempts", "of them failed: outage, server error, broken stream, time-out"),
            _count("completed", "requests", "requests completed here"),
            _count("prompt_tokens", "tokens", "prompt tokens of completed requests"),
            _count("output_tokens", "tokens", "output tokens of completed requests"),
            _amount("revenue_usd", "USD", "charged for completed requests, before the router's fee"),
            _amount("busy_replica_s", "replica-seconds", "time its replicas spent in steps (traffic: in the window)"),
            _weight("replica_s", "replica-seconds", "time its active replicas were there (traffic: in the window)"),
            *_SUMS, *_quantiles("requests completed here"),
        ),
    ),
    "classes": Table(
        "Customers of a kind, in a month: measured requests of a run of traffic, whole days of a market.",
        (
            _MONTH, _dimension("segment", "client class of a scenario, or customers' segment of a market"),
            _dimension("task", "what the requests are for; empty in a run of traffic"),
            _dimension("model", "model they asked for; empty for customers of a market who use none"),
            _count("born", "requests", "requests that reached a router"),
            _count("completed", "requests", "of them completed"),
            _count("refused", "requests", "of them refused by the last offer tried (traffic only)"),
            _count("failed", "requests", "of them failed at the last offer tried (traffic only)"),
            _count("abandoned", "requests", "of them given up by an impatient customer (traffic only)"),
            _count("timed_out", "requests", "of them given up by the router (traffic only)"),
            _count("good", "requests", "of them completed within both objectives of their class (traffic only)"),
            _count("attempts", "attempts", "attempts made for them (traffic only)"),
            _count("prompt_tokens", "tokens", "prompt tokens of completed requests"),
            _count("output_tokens", "tokens", "output tokens of completed requests"),
            _amount("cost_usd", "USD", "charged at posted prices"),
            _amount("fee_usd", "USD", "charged by the router on top"),
            _amount("surplus_usd", "USD", "consumer surplus (market only)"),
            _weight("workload_days", "workload-days", "workloads that used the model, summed over days (market only)"),
            *_SUMS, *_quantiles("completed requests"),
        ),
    ),
    "prices": Table(
        "Posted prices of an offer in a month, means over the days on which it was listed.",
        (
            _MONTH, _PROVIDER, _MODEL, _OFFER,
            _weight("listed_days", "days", "days on which it was listed (traffic: length of the window)"),
            _amount("input_usd_days", "USD/Mtok × days", "price of prompt tokens, summed over those days"),
            _amount("output_usd_days", "USD/Mtok × days", "price of output tokens, summed over those days"),
            _count("changes", "changes", "changes of its prices, launches left out"),
        ),
    ),
    "fleets": Table(
        "A provider's GPUs and books in a month (markets only).",
        (
            _MONTH, _PROVIDER,
            _amount("gpu_days", "GPU-days", "GPUs owned or rented, summed over days"),
            _amount("placed_gpu_days", "GPU-days", "of them those that held a replica"),
            _amount("training_gpu_days", "GPU-days", "of them those lent to training"),
            _amount("gpu_cost_usd", "USD", "rent, capital, power and colocation"),
            _amount("received_usd", "USD", "received from others according to the books"),
            _amount("paid_usd", "USD", "paid to others according to the books"),
        ),
    ),
    "switches": Table(
        "Workloads that moved between two models in a month (markets only).",
        (
            _MONTH, _dimension("segment", "customers' segment"), _dimension("before", "model left; empty for none"),
            _dimension("after", "model taken up; empty for none"), _dimension("reason", "what made them reconsider"),
            _count("moves", "workloads", "how many moved"),
            _amount("gain_usd", "USD", "expected gains per request net of the cost of moving, summed over them"),
        ),
    ),
    "requests": Table(
        "A sampled request of a run of traffic, if the scenario samples any, in order of ending.",
        (
            _dimension("request", "its own key, 16 hexadecimal digits"), _dimension("segment", "its client class"),
            _PROVIDER, _MODEL, _dimension("offer", "offer of the last attempt; empty if there was none"),
            _dimension("outcome", "how it ended"),
            _amount("born_s", "s", "simulated time at which it left the customer (not to be added up)"),
            _amount("placed_s", "s", "at which its last attempt was placed"),
            _amount("first_token_s", "s", "at which the customer saw the first token"),
            _amount("end_s", "s", "at which it ended"),
            _count("prompt_tokens", "tokens", "length of its prompt"),
            _count("output_tokens", "tokens", "length of its answer"),
            _count("attempts", "attempts", "attempts made for it"),
            _amount("cost_usd", "USD", "charged at posted prices"),
        ),
    ),
}

DESIGN_TABLES: Final[Mapping[str, Table]] = {
    "schema_version": Table("One row: how the store is laid out.",
                            (Column("version", "BIGINT", "", "number of the layout", "text"),)),
    "studies": Table(
        "A study that was begun.",
        (_dimension("study", "its name"),
         Column("manifest", "VARCHAR", "", "JSON: what was asked for", "text")),
    ),
    "points": Table(
        "The value of a factor at a point of a design.",
        (_dimension("study", "name of the study"), _dimension("row", "number of the point", "BIGINT"),
         _dimension("factor", "path of the field, or `policy`"),
         Column("place", "BIGINT", "", "place of the factor in the design", "text"),
         Column("value", "VARCHAR", "", "JSON: the value", "text")),
    ),
    "plan": Table(
        "A run that a study wants; several studies may want the same.",
        (_dimension("study", "name of the study"), _dimension("row", "number of the point", "BIGINT"),
         _dimension("replication", "number of the replication", "BIGINT"),
         Column("kind", "VARCHAR", "", "traffic or market", "text"),
         Column("run", "VARCHAR", "", "key of the run: digest of configuration, seed, replication and code", "text")),
    ),
    "runs": Table(
        "A run that was done, or failed.",
        (_dimension("run", "key of the run"),
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
