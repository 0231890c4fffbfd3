"""The registry of statistics: which columns are added up, and what they are divided by."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from experiments.measures.catalogue import measure, unit_of
from experiments.store.dictionary import TABLES
from experiments.store.naming import StatisticError, known
from sim.units import TOKENS_PER_MTOK

Terms = Mapping[str, float]  # columns of a table, each with its factor


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

    @property
    def dimensions(self) -> tuple[str, ...]:
        """By which columns of its table it can be told apart."""
        return TABLES[self.table].dimensions


@dataclass(frozen=True)
class Statistic:
    """A number that can be had for any group of a run.

    Attributes
    ----------
    measure
        Its row in the catalogue, which has its unit and its meaning.
    sources
        Tables that have it, the preferred one first; all agree in total.
    scale
        Factor from the ratio of sums to the unit.
    of_whole
        Divide by the total of the run (of the month, if months are told apart) in place of ``below``.
    single
        It cannot be put together from several rows of a run, as quantiles cannot: groups must be of one row each.
    note
        Where it cannot be had, or how well.
    """

    measure: str
    sources: tuple[Source, ...]
    scale: float = 1.0
    of_whole: bool = False
    single: bool = False
    note: str = ""

    @property
    def unit(self) -> str:
        """Its unit."""
        return unit_of(self.measure)

    @property
    def doc(self) -> str:
        """What it is."""
        return measure(self.measure).doc + (f" ({self.note})" if self.note else "")

    def source_for(self, name: str, dimensions: Iterable[str]) -> Source:
        """Return the first source whose table has all the dimensions.

        Raises
        ------
        StatisticError
            If there is none.
        """
        wanted = set(dimensions)
        for source in self.sources:
            if wanted <= set(source.dimensions):
                return source
        allowed = " or ".join(", ".join(source.dimensions) for source in self.sources)
        raise StatisticError(f"{name} cannot be had by {', '.join(sorted(wanted))}; it can by {allowed}")


def _sum(table: str, *columns: str) -> Source:
    return Source(table, dict.fromkeys(columns, 1.0))


def _ratio(table: str, above: str, below: str) -> Source:
    return Source(table, {above: 1.0}, {below: 1.0})


_TOKENS: Final = {"prompt_tokens": 1.0, "output_tokens": 1.0}
_TOKEN_SOURCES: Final = (Source("offers", _TOKENS), Source("classes", _TOKENS))


def _latency(metric: str, weight: str) -> Statistic:
    return Statistic(f"{metric}_mean_s", (_ratio("classes", f"{metric}_sum_s", weight),
                                          _ratio("offers", f"{metric}_sum_s", weight)),
                     note="of offers, within 0.8 %: traffic only")


def _quantile(metric: str, percent: int) -> Statistic:
    column = f"{metric}_p{percent}_s"
    return Statistic(column, (_sum("classes", column),), single=True, note="traffic; groups of one row only")


def _quantile_completed(metric: str, percent: int) -> Statistic:
    column = f"{metric}_p{percent}_completed_s"
    return Statistic(column, (_sum("classes", column), _sum("offers", column)), single=True,
                     note="traffic; groups of one row only")


_WAITS: Final = {"latency": ("e2e", "completed"), "ttft": ("ttft", "completed"), "tpot": ("tpot", "tpot_requests")}
_KEPT: Final = {"received_usd": 1.0, "paid_usd": -1.0}
_MARKETS: Final = "markets"

STATISTICS: Final[Mapping[str, Statistic]] = {
    "requests": Statistic("requests", (_sum("classes", "born"),)),
    "completed": Statistic("completed", (_sum("offers", "completed"), _sum("classes", "completed"))),
    "completed_share": Statistic("completed_share", (_ratio("classes", "completed", "born"),)),
    "cut_share": Statistic("cut_share", (_ratio("offers", "cut", "completed"), _ratio("classes", "cut", "completed"))),
    "good_share": Statistic("good_share", (_ratio("classes", "good", "born"),), note="traffic"),
    "cost_per_good": Statistic("cost_per_good_usd", (_ratio("classes", "cost_usd", "good"),), note="traffic"),
    "refused_attempts_share": Statistic("refused_attempts_share", (_ratio("offers", "refused", "placed"),)),
    "tokens": Statistic("tokens", _TOKEN_SOURCES),
    "share": Statistic("token_share", _TOKEN_SOURCES, of_whole=True, note="of the run; by month, of each month"),
    "revenue": Statistic("revenue_usd", (_sum("offers", "revenue_usd"), _sum("classes", "cost_usd"))),
    "fees": Statistic("fee_usd", (_sum("classes", "fee_usd"),)),
    "price": Statistic("price_usd_per_mtok", (Source("offers", {"revenue_usd": 1.0}, _TOKENS),
                                              Source("classes", {"cost_usd": 1.0}, _TOKENS)), scale=TOKENS_PER_MTOK),
    "paid": Statistic("paid_usd_per_mtok", (Source("classes", {"cost_usd": 1.0, "fee_usd": 1.0}, _TOKENS),),
                      scale=TOKENS_PER_MTOK),
    "input_price": Statistic("input_usd_per_mtok", (_ratio("prices", "input_usd_days", "listed_days"),),
                             note="mean over offers and days listed"),
    "output_price": Statistic("output_usd_per_mtok", (_ratio("prices", "output_usd_days", "listed_days"),),
                              note="mean over offers and days listed"),
    "price_changes": Statistic("price_changes", (_sum("prices", "changes"),)),
    "surplus": Statistic("surplus_usd", (_sum("classes", "surplus_usd"),), note=_MARKETS),
    **{name: _latency(*about) for name, about in _WAITS.items()},
    **{f"{name}_p{percent}": _quantile(metric, percent)
       for name, (metric, _) in _WAITS.items() for percent in (50, 90, 99)},
    **{f"{name}_p{percent}_completed": _quantile_completed(metric, percent)
       for name, (metric, _) in _WAITS.items() for percent in (50, 90, 99)},
    "utilisation": Statistic("utilisation", (_ratio("offers", "busy_replica_s", "replica_s"),)),
    "gpu_days": Statistic("gpu_days", (_sum("fleets", "gpu_days"),), note=_MARKETS),
    "gpu_cost": Statistic("gpu_cost_usd", (_sum("fleets", "gpu_cost_usd"),), note=_MARKETS),
    "profit": Statistic("profit_usd", (Source("fleets", _KEPT),), note=_MARKETS),
    "margin": Statistic("margin", (Source("fleets", _KEPT, {"received_usd": 1.0}),), note=_MARKETS),
    "moves": Statistic("moves", (_sum("switches", "moves"),), note=_MARKETS),
}


def statistic(name: str) -> Statistic:
    """Return a statistic by its name.

    Raises
    ------
    StatisticError
        If there is none of that name.
    """
    return STATISTICS[known("statistic", name, STATISTICS)]


def page() -> str:
    """Return the list of statistics for ``docs/lab/results.md``, as Markdown."""
    rows = [f"| `{name}` | `{it.measure}` | {it.unit} | {it.doc} | {_by(it)} |" for name, it in STATISTICS.items()]
    return "\n".join(["| statistic | measure | unit | what | by |", "| --- | --- | --- | --- | --- |", *rows])


def _by(found: Statistic) -> str:
    return " *or* ".join(", ".join(f"`{name}`" for name in it.dimensions) for it in found.sources)
