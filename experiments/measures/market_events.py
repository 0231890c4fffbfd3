"""Tables of a market that are no measures: its price changes, moves and books, and the facts of its models."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from experiments.measures.market import shares
from experiments.measures.market.by_marketplace import DAILY, MONTHLY, daily_marketplaces, monthly_marketplaces
from experiments.measures.market.run import Run
from experiments.measures.market.sales_by_rule import HEADERS, sales_by_rule
from sim.market.ledger import Account
from sim.scenario.tasks import TASKS
from sim.units import DAY_S, PICO_PER_USD_PER_MTOK

FACTS: Final = ("creator", "family", "open", "release_day", "total_b", "active_b", "verbosity", "context_tokens")
KINDS: Final = ("input", "output", "cached")
WORTH: Final = ("capital_usd", "expected_usd", "expected_so_far_usd", "realised_usd")
LISTED: Final = ("model_age_days", "sellers")
FLOWS: Final = ("model_tokens", "tokens", "revenue_usd", "gpus_usd", "overhead_usd")
SIDES: Final = ("payer_kind", "payer", "payer_purpose", "payee_kind", "payee", "payee_purpose")


def models(run: Run) -> dict[str, Any]:
    """Return the facts that the upgrade graph and the choices rest on, a row a model."""
    rows = run.result.models.rows
    names, sizes = shares.size_classes(run.result.models)
    columns: dict[str, Any] = {"model": [row.name for row in rows]}
    columns |= {name: [getattr(row, name) for row in rows] for name in FACTS}
    columns["size_class"] = [names[size] for size in sizes]
    return columns | {f"quality_{task}": run.result.models.quality[i] for i, task in enumerate(TASKS)}


def prices(run: Run) -> dict[str, Any]:
    """Return every change of posted prices, launches included."""
    result, changes = run.result, run.result.price_changes
    columns = _times(run, [it.time_s for it in changes]) | {
        "provider": [result.offers[it.offer].provider for it in changes],
        "model": [result.offers[it.offer].model for it in changes], "reason": [it.reason for it in changes],
    }
    for label, posted in (("_before", [it.before for it in changes]), ("", [it.after for it in changes])):
        for kind in KINDS:
            usd = [getattr(each, kind) / PICO_PER_USD_PER_MTOK for each in posted]
            columns[f"{kind}{label}_usd_per_mtok"] = usd
    return columns


def switches(run: Run) -> dict[str, Any]:
    """Return every move of a workload, those from and to no model included."""
    result, moves = run.result, run.result.switches
    names = (*result.models.names, None)  # row -1: no model
    return _times(run, [it.time_s for it in moves]) | {
        "workload": [result.workload_names[it.workload] for it in moves],
        "customer": [result.workload_customer[it.workload] for it in moves],
        "segment": [result.workload_segment[it.workload] for it in moves],
        "before": [names[it.before] for it in moves], "after": [names[it.after] for it in moves],
        "reason": [it.reason for it in moves], "gain_usd": [it.gain_usd for it in moves],
    }


def ledger(run: Run) -> dict[str, Any]:
    """Return entries added up by month and pair of accounts, in whole nano-dollars (Python's integers, of any size)."""
    total: defaultdict[tuple[int, Account, Account], int] = defaultdict(int)
    month_of, last = run.months.of_day.tolist(), run.result.days - 1
    for (day, payer, payee), nano in run.result.ledger.entries.items():
        total[month_of[min(max(day, 0), last)], payer, payee] += nano
    entries = sorted(total)
    columns: dict[str, Any] = {"month": [run.months.labels[month] for month, _, _ in entries]}
    for side, accounts in (("payer", [payer for _, payer, _ in entries]), ("payee", [payee for *_, payee in entries])):
        columns |= {f"{side}_kind": [it.kind for it in accounts], side: [it.owner for it in accounts],
                    f"{side}_purpose": [it.purpose for it in accounts]}
    return columns | {"nano_usd": [total[entry] for entry in entries]}


def hosts(run: Run) -> dict[str, Any]:
    """Return every entry from the pool of potential hosts, with what was expected and what came of it."""
    rows = run.result.hosts
    return {"provider": [it.host for it in rows], "entry_day": [it.entry_day for it in rows],
            "exit_day": [None if it.exit_day is None else float(it.exit_day) for it in rows],
            "entry_models": [" ".join(it.models) for it in rows],
            **{name: [float(getattr(it, name)) for it in rows] for name in WORTH}}


def entry_listings(run: Run) -> dict[str, Any]:
    """Return every listing of those hosts, with what each factor of its cash was expected to be and came to."""
    rows = run.result.listings
    columns: dict[str, Any] = {"day": [float(it.day) for it in rows], "provider": [it.host for it in rows],
                               "model": [it.model for it in rows]}
    columns |= {name: [float(getattr(it, name)) for it in rows] for name in LISTED}
    for prefix, flows in (("expected", [it.expected for it in rows]), ("realised", [it.realised for it in rows])):
        columns |= {f"{prefix}_{name}": [float(getattr(it, name)) for it in flows] for name in FLOWS}
    return columns


def entry_values(run: Run) -> dict[str, Any]:
    """Return what entering would have been worth to each type outside, quarter by quarter."""
    rows = run.result.entry_values
    return {"day": [float(it.day) for it in rows], "provider": [it.host for it in rows],
            "value_usd": [float(it.value_usd) for it in rows]}


def _times(run: Run, times_s: Sequence[float]) -> dict[str, Any]:
    days = [time_s / DAY_S for time_s in times_s]
    return {"day": days, "date": [(run.result.start + timedelta(days=int(day // 1))).isoformat() for day in days]}


TABLES: Final[Mapping[str, Callable[[Run], dict[str, Any]]]] = {
    "models": models, "prices": prices, "switches": switches, "ledger": ledger, "sales_by_rule": sales_by_rule,
    "hosts": hosts, "entry_listings": entry_listings, "entry_values": entry_values,
    "monthly_marketplaces": monthly_marketplaces, "daily_marketplaces": daily_marketplaces,
}
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "models": ("model", *FACTS, "size_class", *(f"quality_{task}" for task in TASKS)),
    "prices": ("day", "date", "provider", "model", "reason", *(f"{kind}_before_usd_per_mtok" for kind in KINDS),
               *(f"{kind}_usd_per_mtok" for kind in KINDS)),
    "switches": ("day", "date", "workload", "customer", "segment", "before", "after", "reason", "gain_usd"),
    "ledger": ("month", *SIDES, "nano_usd"),
    "sales_by_rule": HEADERS,
    "hosts": ("provider", "entry_day", "exit_day", "entry_models", *WORTH),
    "entry_listings": ("day", "provider", "model", *LISTED, *(f"{prefix}_{name}" for prefix in ("expected", "realised")
                                                               for name in FLOWS)),
    "entry_values": ("day", "provider", "value_usd"),
    "monthly_marketplaces": MONTHLY,
    "daily_marketplaces": DAILY,
}
