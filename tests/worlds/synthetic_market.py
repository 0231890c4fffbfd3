"""A synthetic run of the market, with the shape of a real one and numbers that need no simulation.

Ten models of three sizes come out over time, six providers host the open ones, workloads drift to better models
while posted prices fall in steps. Everything follows from ``days`` and ``seed``.
"""

from datetime import date
from itertools import product

import numpy as np

from sim.engines.schedule import flat
from sim.engines.steptime import StepCoefficients
from sim.engines.world import OfferSpec
from sim.market.board import ListingChange, PriceChange
from sim.market.ledger import Account, Ledger
from sim.market.models.model import Model, Models
from sim.market.prices import Prices
from sim.market.result import MarketResult, PoolDay, Switch
from sim.market.usage import OfferDay, WorkloadDay
from sim.units import DAY_S

HOSTS = ("atlas", "boreal", "cumulus", "delta", "ember")
SEGMENTS = ("coding agents", "enterprise", "roleplay apps", "saas")
TASKS = ("chat", "coding", "reasoning")
# name, creator, open, release day, parameters (billions), quality, USD per million tokens in and out
CATALOGUE = (
    ("aurora-1", "Orion", False, -200.0, 900.0, 0.62, 5.0, 15.0),
    ("aurora-2", "Orion", False, 150.0, 1500.0, 0.78, 3.0, 12.0),
    ("aurora-3", "Orion", False, 400.0, 2000.0, 0.90, 3.0, 12.0),
    ("lynx-mini", "Orion", False, -100.0, 12.0, 0.40, 0.3, 1.2),
    ("quill-1", "Scriptor", False, -50.0, 500.0, 0.66, 3.0, 15.0),
    ("terra-70b", "Meadow", True, -120.0, 70.0, 0.45, 0.6, 0.9),
    ("terra-8b", "Meadow", True, -120.0, 8.0, 0.28, 0.06, 0.1),
    ("zephyr-30b", "Fenghuo", True, 200.0, 30.0, 0.55, 0.12, 0.3),
    ("zephyr-600b", "Fenghuo", True, 20.0, 600.0, 0.65, 0.5, 1.6),
    ("zephyr-700b", "Fenghuo", True, 330.0, 700.0, 0.80, 0.4, 1.4),
)


def models() -> Models:
    """Return the ten models, as rows of the market."""
    return Models(tuple(
        Model(name=name, creator=creator, family=name.split("-", maxsplit=1)[0], open=is_open, release_day=day,
              total_b=size, active_b=size / 10, quality=(quality,) * 5, verbosity=1.0, context_tokens=131_072,
              list_in_usd=p_in, list_out_usd=p_out)
        for name, creator, is_open, day, size, quality, p_in, p_out in CATALOGUE
    ))


def offer(provider: str, model: str, p_in: int, p_out: int) -> OfferSpec:
    """Return an offer with hardware that nothing here looks at."""
    step = StepCoefficients(*(0.0,) * len(StepCoefficients._fields))
    return OfferSpec(
        provider=provider, name=f"{provider}/{model}", model=model, region="us", replicas=1, balancer=0, max_batch=8,
        max_step_tokens=2048, kv_capacity_tokens=100_000, seq_overhead_tokens=0, step=step, price=flat(p_in, p_out),
        context_tokens=131_072, requests_per_min=0, tokens_per_min=0, requests_per_day=0,
        tokens_per_day=0, by_minute=False, per_customer=False, queue=-1,
        fast_failure_share=0.0, fast_failure_s=0.0, midstream_share=0.0, gpus=1, gpu_usd_per_hour=2.0,
    )


def synthetic(days: int = 548, seed: int = 1, workloads: int = 80) -> MarketResult:
    """Return a run of ``days`` days."""
    random = np.random.default_rng(seed)
    rows = models()
    pairs = [(host, m) for m, row in enumerate(rows.rows) for host in (HOSTS if row.open else (row.creator.lower(),))]
    offer_model = np.array([m for _, m in pairs])
    listed = np.arange(days)[:, None] >= rows.release_day[offer_model] + random.integers(0, 9, len(pairs))
    prices, changes = _prices(random, pairs, rows, listed)
    used = _used_models(random, days, workloads, rows)
    task = random.integers(0, len(TASKS), workloads)
    bought = _workload_days(random, used, prices, listed, offer_model)
    sold = _offer_days(bought, prices, listed, offer_model)
    providers = tuple(sorted({host for host, _ in pairs}))
    pools = _pools(days, providers)
    segment = tuple(SEGMENTS[w % len(SEGMENTS)] for w in range(workloads))
    customer = tuple(f"firm-{w // 2}" for w in range(workloads))
    return MarketResult(
        models=rows,
        offers=tuple(offer(host, rows.names[m], *(int(x) for x in prices[0, o, :2]))
                     for o, (host, m) in enumerate(pairs)),
        offer_model=offer_model, workload_names=tuple(f"firm-{w // 2}/use-{w % 2}" for w in range(workloads)),
        workload_customer=customer, workload_segment=segment, workload_task=tuple(TASKS[t] for t in task),
        start=date(2025, 1, 1), days=days, full=False, offer_days=sold, workload_days=bought, prices_daily=prices,
        listed_daily=listed, replicas_daily=listed.astype(np.int64), price_changes=changes,
        listing_changes=_listings(listed), switches=_switches(used), pool_days=pools,
        ledger=_books(bought, sold, pools, customer, [host for host, _ in pairs]),
        surplus_usd_daily=np.array([day.cost_nano / 1e9 * random.uniform(1.5, 3.0) for day in bought]).reshape(
            days, workloads),
    )


def _prices(random, pairs, rows, listed):
    """Prices that are reviewed now and then, mostly down, on the cent grid; and the changes."""
    days = len(listed)
    prices = np.zeros((days, len(pairs), 3), np.int64)
    changes = []
    for o, (_, m) in enumerate(pairs):
        spread = 10_000 * round(random.choice([1.0, 1.0, 1.25, 1.6]) * 100)
        now = [max(10_000, round(spread * x / 10_000) * 10_000) for x in CATALOGUE[m][-2:]]
        for day in range(days):
            if listed[day, o] and random.random() < (0.01 if rows.rows[m].open else 0.001):
                factor = random.choice([0.75, 0.85, 1.1])
                after = [max(10_000, round(x * factor / 10_000) * 10_000) for x in now]
                changes.append(PriceChange(day * DAY_S + 3600.0 * random.integers(1, 20), o,
                                           Prices(*now, now[0]), Prices(*after, after[0]), "review"))
                now = after
            prices[day, o] = (*now, now[0])
    return prices, sorted(changes, key=lambda change: change.time_s)


def _used_models(random, days, workloads, rows):
    """Model of each workload by day: now and then a workload moves to the best model within its taste for price."""
    used = np.full((days, workloads), -1, np.int64)
    taste = random.integers(0, 3, workloads)
    price = np.array([row[-1] for row in CATALOGUE])
    for day in range(days):
        if day:
            used[day] = used[day - 1]
        out = rows.release_day <= day
        moved = (random.random(workloads) < 0.01) | (used[day] < 0)
        for w in np.flatnonzero(moved & (np.arange(workloads) < 40 + day)):
            limit = (1.0, 2.0, 99.0)[taste[w]]
            used[day, w] = int(np.argmax(np.where(out & (price <= limit), rows.quality[0], -1)))
    return used


def _workload_days(random, used, prices, listed, offer_model):
    days, workloads = used.shape
    size = 2_000 * random.pareto(1.5, workloads) + 500
    out = []
    for day in range(days):
        growth = np.exp(1.2 * day / 365) * (1 + 0.1 * np.sin(day * 2 * np.pi / 7))
        active = used[day] >= 0
        born = np.where(active, size * growth, 0).astype(np.int64)
        completed = born - born // 50
        prompt, output = completed * (800 + 400 * (np.arange(workloads) % 4)), completed * 300
        mean = np.array([_mean_price(prices[day], listed[day] & (offer_model == m)) for m in range(len(CATALOGUE))])
        paid = mean[np.maximum(used[day], 0)]
        cost = (prompt * paid[:, 0] + output * paid[:, 1]).astype(np.int64) // 1000
        ttft = np.where(completed > 0, 0.4 + 0.2 * (np.arange(workloads) % 4) + 0.3 * random.random(workloads), np.nan)
        out.append(WorkloadDay(model=used[day], planned_tokens=(prompt + output).astype(float), born=born,
                               completed=completed, prompt_tokens=prompt,
                               output_tokens=output, cost_nano=cost, fee_nano=cost * 55 // 1000,
                               e2e_s=ttft + 300 * 0.02, ttft_s=ttft, cut=completed // 200))
    return out


def _mean_price(prices, mask):
    return prices[mask, :2].mean(axis=0).round() if mask.any() else prices[:, :2].mean(axis=0).round()


def _offer_days(bought, prices, listed, offer_model):
    """Share each model's day among its offers by the inverse square of price, whole numbers, nothing lost."""
    out = []
    for day, got in enumerate(bought):
        columns = {name: np.zeros(len(offer_model), np.int64)
                   for name in ("served", "prompt_tokens", "output_tokens", "revenue_nano", "cut")}
        for m in np.unique(got.model[got.model >= 0]):
            offers = np.flatnonzero(offer_model == m)
            offers = offers[listed[day, offers]] if listed[day, offers].any() else offers
            weight = 1.0 / prices[day, offers, 0] ** 2.0
            edges = np.concatenate([[0.0], np.cumsum(weight) / weight.sum()])
            mine = got.model == m
            for name, amounts in (("served", got.completed), ("prompt_tokens", got.prompt_tokens),
                                  ("output_tokens", got.output_tokens), ("revenue_nano", got.cost_nano),
                                  ("cut", got.cut)):
                total = int(amounts[mine].sum())
                columns[name][offers] = np.diff([round(edge * total) for edge in edges])
        zeros = np.zeros(len(offer_model), np.int64)
        busy = np.clip(columns["served"] / (1 + columns["served"].max()), 0, 1)
        out.append(OfferDay(placed=columns["served"], refused=zeros, failed=zeros, abandoned=zeros, queue_full=zeros,
                            busy_share=busy, written_off_nano=zeros, cached_tokens=zeros, **columns))
    return out


def _pools(days, providers):
    return [PoolDay(day, name, "h100", 10 + i, 5 + day // 60, 8 + i + day // 90, 2 if i == 0 else 0,
                    (15 + i + day // 60) * (1 + i) * 2_000_000_000)
            for day in range(days) for i, name in enumerate(providers)]


def _listings(listed):
    before = np.vstack([np.zeros((1, listed.shape[1]), bool), listed[:-1]])
    return [ListingChange(float(day * DAY_S), int(o), bool(listed[day, o]), int(listed[day, o]))
            for day, o in np.argwhere(listed != before)]


def _switches(used):
    out = []
    for day in range(1, len(used)):
        for w in np.flatnonzero(used[day] != used[day - 1]):
            out.append(Switch(day * DAY_S + 60.0, int(w), int(used[day - 1, w]), int(used[day, w]), "review", 0.001))
    return out


def _books(bought, sold, pools, customers, hosts):
    """Customers pay providers and the router, providers pay for their GPUs."""
    ledger = Ledger()
    clearing, router = Account("router", "market", "clearing"), Account("router", "market", "fees")
    for day, (buy, sell) in enumerate(zip(bought, sold, strict=True)):
        for w, customer in enumerate(customers):
            ledger.pay(day, Account("customer", customer, "inference"), clearing, int(buy.cost_nano[w]))
            ledger.pay(day, Account("customer", customer, "fees"), router, int(buy.fee_nano[w]))
        for o, host in enumerate(hosts):
            ledger.pay(day, clearing, Account("provider", host, "revenue"), int(sell.revenue_nano[o]))
    for pool in pools:
        ledger.pay(pool.day, Account("provider", pool.provider, "gpus"), Account("supplier", "gpus", "rent"),
                   pool.cost_nano)
    return ledger


def climb_frame(replications: int = 3, seed: int = 1):
    """Return the frame of a climb: money climbs, more so after a year, log price does not."""
    import pandas as pd

    random = np.random.default_rng(seed)
    rows = []
    kinds = (("money_budgets", 0.8), ("money_free", 1.0), ("log_budgets", 0.1), ("log_free", 0.0))
    for (control, most), (after, done) in product(kinds, ((30, 0.5), (360, 1.0))):
        lift = most * done
        for divisor in (1.0, 2.0, 5.0, 10.0, 20.0):
            for replication in range(replications):
                step = lift * np.log(divisor) + random.normal(0, 0.05)
                paid = 2.0 / divisor * np.exp(0.8 * step)
                values = {
                    "size_b": 100 * np.exp(0.5 * step), "quality": 0.4 + 0.1 * step, "price_usd_per_mtok": paid,
                    "effect_price_usd_per_day": -40_000 * (1 - 1 / divisor),
                    "effect_volume_usd_per_day": 9_000 * np.log(divisor), "effect_mix_usd_per_day": 14_000 * step,
                }
                values["climb_share"] = np.nan if divisor == 1 else lift
                rows += [(control, divisor, "at once", after, replication, metric, value)
                         for metric, value in values.items()]
    return pd.DataFrame(rows, columns=["control", "divisor", "path", "after_days", "replication", "metric", "value"])
