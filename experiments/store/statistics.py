"""The registry of statistics: which columns are added up, and what they are divided by."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from experiments.store.dictionary import TABLES
from sim.errors import MarketError

Terms = Mapping[str, float]  # columns of a table, each with its factor


class StatisticError(MarketError):
    """A statistic is unknown, or cannot be told apart by what was asked for."""


@dataclass(frozen=True)
class Source:
    """Where a statistic is computed from.

    Attributes
    ----------
    table
        Name of the table.
    above
        Columns that are added up, each times its factor.
    below
        Columns that the sum is divided by, likewise; none if it is not divided.
    """

    table: str
    above: Terms
    below: Terms | None = None


@dataclass(frozen=True)
class Statistic:
    """A number that can be had for any group of a run.

    Attributes
    ----------
    doc
        What it is.
    unit
        Its unit.
    sources
        Tables that have it, the preferred one first; all agree in total.
    scale
        Factor from the ratio of sums to the unit.
    of_whole
        Divide by the total of the run (of the month, if months are told apart) in place of ``below``.
    single
        It cannot be put together from several rows of a run, as quantiles cannot: groups must be of one row each.
    """

    doc: str
    unit: str
    sources: tuple[Source, ...]
    scale: float = 1.0
    of_whole: bool = False
    single: bool = False

    def source_for(self, name: str, dimensions: Iterable[str]) -> Source:
        """Return the first source whose table has all the dimensions.

        Raises
        ------
        StatisticError
            If there is none.
        """
        wanted = set(dimensions)
        for source in self.sources:
            if wanted <= set(TABLES[source.table].dimensions):
                return source
        allowed = " or ".join(", ".join(TABLES[source.table].dimensions) for source in self.sources)
        raise StatisticError(f"{name} cannot be had by {', '.join(sorted(wanted))}; it can by {allowed}")


def _sum(table: str, *columns: str) -> Source:
    return Source(table, dict.fromkeys(columns, 1.0))


def _ratio(table: str, above: str, below: str) -> Source:
    return Source(table, {above: 1.0}, {below: 1.0})


_TOKENS: Final = {"prompt_tokens": 1.0, "output_tokens": 1.0}
_TOKEN_SOURCES: Final = (Source("offers", _TOKENS), Source("classes", _TOKENS))


def _latency(metric: str, what: str, weight: str) -> Statistic:
    return Statistic(f"mean {what} of completed requests (of offers, within 0.8 %: traffic only)", "s",
                     (_ratio("classes", f"{metric}_sum_s", weight), _ratio("offers", f"{metric}_sum_s", weight)))


def _quantile(metric: str, what: str, percent: int) -> Statistic:
    column = f"{metric}_p{percent}_s"
    return Statistic(f"{percent} % quantile of {what} of completed requests (traffic; groups of one row only)", "s",
                     (_sum("classes", column), _sum("offers", column)), single=True)


_WAITS: Final = {
    "latency": ("e2e", "end-to-end latency", "completed"),
    "ttft": ("ttft", "time to first token", "completed"),
    "tpot": ("tpot", "time per output token", "tpot_requests"),
}

STATISTICS: Final[Mapping[str, Statistic]] = {
    "requests": Statistic("requests that reached a router", "requests", (_sum("classes", "born"),)),
    "completed": Statistic("requests completed", "requests",
                           (_sum("offers", "completed"), _sum("classes", "completed"))),
    "completion": Statistic("share of requests that were completed", "1",
                            (_ratio("classes", "completed", "born"),)),
    "goodput": Statistic("share of requests completed within both objectives of their class (traffic)", "1",
                         (_ratio("classes", "good", "born"),)),
    "refusals": Statistic("share of attempts refused by the offers they were sent to", "1",
                          (_ratio("offers", "refused", "placed"),)),
    "tokens": Statistic("prompt and output tokens of completed requests", "tokens", _TOKEN_SOURCES),
    "share": Statistic("share of the tokens of the run; of each month's, by month", "1", _TOKEN_SOURCES,
                       of_whole=True),
    "revenue": Statistic("charged by providers, before the router's fee; what customers pay for it", "USD",
                         (_sum("offers", "revenue_usd"), _sum("classes", "cost_usd"))),
    "fees": Statistic("charged by routers on top", "USD", (_sum("classes", "fee_usd"),)),
    "price": Statistic("price paid, weighted with tokens, before the router's fee", "USD/Mtok",
                       (Source("offers", {"revenue_usd": 1.0}, _TOKENS), Source("classes", {"cost_usd": 1.0}, _TOKENS)),
                       scale=1e6),
    "input_price": Statistic("posted price of prompt tokens, mean over offers and days listed", "USD/Mtok",
                             (_ratio("prices", "input_usd_days", "listed_days"),)),
    "output_price": Statistic("posted price of output tokens, mean over offers and days listed", "USD/Mtok",
                              (_ratio("prices", "output_usd_days", "listed_days"),)),
    "price_changes": Statistic("changes of posted prices, launches left out", "changes",
                               (_sum("prices", "changes"),)),
    "surplus": Statistic("consumer surplus (markets)", "USD", (_sum("classes", "surplus_usd"),)),
    **{name: _latency(*about) for name, about in _WAITS.items()},
    **{f"{name}_p{percent}": _quantile(metric, what, percent)
       for name, (metric, what, _) in _WAITS.items() for percent in (50, 90, 99)},
    "utilisation": Statistic("share of active replicas' time spent in steps", "1",
                             (_ratio("offers", "busy_replica_s", "replica_s"),)),
    "gpu_days": Statistic("GPUs owned or rented, summed over days (markets)", "GPU-days",
                          (_sum("fleets", "gpu_days"),)),
    "gpu_cost": Statistic("cost of GPUs (markets)", "USD", (_sum("fleets", "gpu_cost_usd"),)),
    "profit": Statistic("received less paid, according to the books (markets)", "USD",
                        (Source("fleets", {"received_usd": 1.0, "paid_usd": -1.0}),)),
    "margin": Statistic("(received - paid) / received, according to the books (markets)", "1",
                        (Source("fleets", {"received_usd": 1.0, "paid_usd": -1.0}, {"received_usd": 1.0}),)),
    "switches": Statistic("workloads that moved between models (markets)", "workloads", (_sum("switches", "moves"),)),
}


def statistic(name: str) -> Statistic:
    """Return a statistic by its name.

    Raises
    ------
    StatisticError
        If there is none of that name.
    """
    if name not in STATISTICS:
        raise StatisticError(f"there is no statistic {name!r}; statistics are {', '.join(STATISTICS)}")
    return STATISTICS[name]


def page() -> str:
    """Return the list of statistics for ``docs/lab/results.md``, as Markdown."""
    rows = [f"| `{name}` | {it.unit} | {it.doc} | {_by(it)} |" for name, it in STATISTICS.items()]
    return "\n".join(["| statistic | unit | what | by |", "| --- | --- | --- | --- |", *rows])


def _by(found: Statistic) -> str:
    return " *or* ".join(", ".join(f"`{name}`" for name in TABLES[it.table].dimensions) for it in found.sources)
