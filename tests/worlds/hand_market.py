"""Two markets small enough to work out by hand: four days in two months, and 200 days of hardly anything.

The four days are 30 and 31 January, 1 and 2 February 2025. Rows are days below, columns are offers or workloads.

=========  ========  =====  ==========================================
offer      provider  model  replicas by day
=========  ========  =====  ==========================================
a/big      a         big    1 1 2 2
a/mid      a         mid    1 1 1 1
b/mid      b         mid    2 4 4 4, listed from the second day on
b/new      b         new    none; listed on the first three days; sells nothing
c/mid      c         mid    none; never listed
=========  ========  =====  ==========================================

Workload 0 is of customer x, workloads 1 and 2 of customer y; 0 and 1 are of segment s1, 2 of s2. A completed request
of theirs has 900 + 100, 1500 + 500 and 3000 + 1000 tokens. A token costs 2 USD per million on big, and on mid half a
dollar in January and 0.4 in February; the router's fee is a twentieth.
"""

from collections.abc import Sequence
from dataclasses import MISSING, replace
from datetime import date
from typing import Any

import numpy as np

from sim.market.board import PriceChange
from sim.market.customers.diffusion import DemandDay
from sim.market.hosts import EntryValue, Flows, HostRecord, ListingRecord
from sim.market.ledger import Account, Ledger
from sim.market.models.model import Model, Models
from sim.market.posting import Posting
from sim.market.prices import Prices
from sim.market.result import MarketResult, PoolDay, Switch
from sim.market.usage import OfferDay, WorkloadDay
from sim.units import DAY_S, HOUR_S, NANO_PER_USD
from worlds.synthetic_market import offer

BIG, MID, NEW, NONE = 0, 1, 2, -1
MODELS = (  # name, open, release day, parameters in billions, quality by task: means .7, .3, .4
    ("big", False, -10.0, 400.0, (0.8, 0.6, 0.7, 0.9, 0.5)),
    ("mid", True, -10.0, 100.0, (0.5, 0.4, 0.3, 0.2, 0.1)),
    ("new", True, -2.0, 10.0, (0.4,) * 5),
)
OFFERS = (("a", BIG), ("a", MID), ("b", MID), ("b", NEW), ("c", MID))
USED = [[BIG, MID, NONE], [BIG, MID, MID], [BIG, BIG, MID], [BIG, BIG, MID]]
BORN = [[10, 20, 0], [10, 20, 10], [20, 20, 10], [20, 20, 30]]
COMPLETED = [[8, 20, 0], [10, 16, 9], [20, 10, 10], [16, 20, 24]]
CUT = [[0, 1, 0], [0, 0, 2], [1, 0, 0], [0, 0, 2]]  # of the completed ones
PROMPT, OUTPUT = (900, 1500, 3000), (100, 500, 1000)  # tokens a completed request
CHARGED = [[2000, 500], [2000, 500], [2000, 400], [2000, 400]]  # nano-dollars a token, of big and mid
TTFT_S = [[1.0, 0.5, np.nan], [2.0, 1.0, 4.0], [1.0, 2.0, 1.0], [1.0, 0.5, 2.0]]
TPOT_S = (0.1, 0.02, 0.05)
SURPLUS_USD = [[1.0, 2.0, np.nan], [1.0, 2.0, 3.0], [2.0, 2.0, 2.0], [1.0, 1.0, 4.0]]
SERVED = [[8, 5, 15, 0, 0], [10, 5, 20, 0, 0], [30, 8, 2, 0, 0], [36, 6, 18, 0, 0]]
SERVED_CUT = [[0, 0, 1, 0, 0], [0, 1, 1, 0, 0], [1, 0, 0, 0, 0], [0, 0, 2, 0, 0]]
SOLD = [[8, 10, 30, 0, 0], [10, 17, 51, 0, 0], [40, 30, 10, 0, 0], [56, 24, 72, 0, 0]]  # thousand tokens
PLACED = [[10, 5, 20, 0, 0], [15, 10, 20, 0, 0], [35, 10, 2, 0, 0], [50, 6, 20, 0, 0]]
REFUSED = [[2, 0, 5, 0, 0], [0, 5, 0, 0, 0], [5, 2, 0, 0, 0], [0, 0, 2, 0, 0]]
QUEUE_FULL = [[1, 0, 3, 0, 0], [0, 5, 0, 0, 0], [2, 0, 0, 0, 0], [0, 0, 2, 0, 0]]  # of the refused ones
RATE_LIMITED = [[1, 0, 0, 0, 0], [0] * 5, [1, 2, 0, 0, 0], [0] * 5]  # of the refused ones; the rest is too long
UNKNOWN = [np.nan] * 3
OFFER_TTFT_S = [[UNKNOWN] * 5, [[1, 2, 3], *[UNKNOWN] * 4], [[1, 2, 4], UNKNOWN, [5, 6, 7], UNKNOWN, UNKNOWN],
                [[1, 2, 4], UNKNOWN, [5, 6, 7], UNKNOWN, UNKNOWN]]
OFFER_TPOT_S = [[UNKNOWN] * 5, [[0.1, 0.2, 0.5], *[UNKNOWN] * 4], [UNKNOWN] * 5, [UNKNOWN] * 5]
FAILED = [[0] * 5, [3, 0, 0, 0, 0], [0] * 5, [9, 0, 0, 0, 0]]
GIVEN_UP = [[0] * 5, [2, 0, 0, 0, 0], [0] * 5, [5, 0, 0, 0, 0]]
CACHED = [[2, 0, 8, 0, 0], [3, 0, 0, 0, 0], [0, 9, 0, 0, 0], [10, 0, 20, 0, 0]]  # thousand prompt tokens
BUSY = [[0.5, 0.2, 0.5, 0, 0], [0.25, 0.4, 0.75, 0, 0], [0.5, 0.6, 0.5, 0, 0], [0.75, 0.8, 0.25, 0, 0]]
REPLICAS = [[1, 1, 2, 0, 0], [1, 1, 4, 0, 0], [2, 1, 4, 0, 0], [2, 1, 4, 0, 0]]
LISTED = [[1, 1, 0, 1, 0], [1, 1, 1, 1, 0], [1, 1, 1, 1, 0], [1, 1, 1, 0, 0]]
INPUT = [[2000, 400, 600, 1000, 900], [2500, 400, 600, 1000, 900], [2500, 320, 540, 1000, 900],
         [2500, 320, 400, 1000, 900]]
OUTPUT_PRICE = [[2000, 800, 600, 1000, 900], [2500, 800, 600, 1000, 900], [2500, 640, 540, 1000, 900],
                [2500, 640, 400, 1000, 900]]  # three input and one output token cost 2, .5, .6 ... USD per million


def parts(before: Sequence[tuple[float, float]], after: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Parts of a change of spend by equation V2, written out; rows are models, of tokens and what one costs."""
    total = [sum(tokens for tokens, _ in rows) for rows in (before, after)]
    found = {"price": 0.0, "volume": 0.0, "mix": 0.0}
    for (n0, p0), (n1, p1) in zip(before, after, strict=True):
        (q0, q1), (s0, s1) = total, (n0 / total[0], n1 / total[1])
        found["price"] += (p1 - p0) * ((q0 * s0 + q1 * s1) / 3 + (q0 * s1 + q1 * s0) / 6)
        found["volume"] += (q1 - q0) * ((s0 * p0 + s1 * p1) / 3 + (s0 * p1 + s1 * p0) / 6)
        found["mix"] += (s1 - s0) * ((q0 * p0 + q1 * p1) / 3 + (q0 * p1 + q1 * p0) / 6)
    return found


JANUARY: Sequence[tuple[float, float]] = ((9e3, 2e-6), (54e3, 0.5e-6))  # big and mid: tokens a day, USD a token
FEBRUARY: Sequence[tuple[float, float]] = ((48e3, 2e-6), (68e3, 0.4e-6))


def hand_market() -> MarketResult:
    """The four days."""
    born, completed, used = np.array(BORN), np.array(COMPLETED), np.array(USED)
    prompt, output = completed * PROMPT, completed * OUTPUT
    cost = (prompt + output) * np.take_along_axis(np.array(CHARGED), np.maximum(used, 0), axis=1)
    ttft = np.array(TTFT_S)
    bought = [WorkloadDay(model=used[d], planned_tokens=(prompt + output)[d].astype(float), born=born[d],
                          completed=completed[d], prompt_tokens=prompt[d], output_tokens=output[d], cost_nano=cost[d],
                          fee_nano=cost[d] // 20, ttft_s=ttft[d],
                          e2e_s=ttft[d] + np.array(TPOT_S) * (np.array(OUTPUT) - 1), cut=np.array(CUT[d]))
              for d in range(4)]
    prices = 1000 * np.stack([INPUT, OUTPUT_PRICE, INPUT], axis=-1).astype(np.int64)  # pico-dollars a token
    return MarketResult(
        models=models(), offers=tuple(offer(host, MODELS[m][0], 1, 1) for host, m in OFFERS),
        offer_model=np.array([m for _, m in OFFERS]), workload_names=("x/0", "y/0", "y/1"),
        workload_customer=("x", "y", "y"), workload_segment=("s1", "s1", "s2"),
        workload_task=("chat", "coding", "chat"), start=date(2025, 1, 30), days=4, full=True, offer_days=_sold(),
        workload_days=bought, prices_daily=prices, listed_daily=np.array(LISTED) > 0,
        replicas_daily=np.array(REPLICAS), price_changes=_changes(), listing_changes=[], switches=_switches(),
        pool_days=_pools(), ledger=_books(), surplus_usd_daily=np.array(SURPLUS_USD), segment_names=("s1", "s2"),
        demand_days=[_demand(day) for day in range(4)],
        hosts=[HostRecord("b", 1, None, ("mid", "new"), 100.0, 900.0, 30.0, 24.0),
               HostRecord("c", 2, 3, ("mid",), 50.0, 400.0, 20.0, 22.0)],
        listings=[ListingRecord("b", "mid", 1, 12.0, 2, Flows(1000.0, 100.0, 40.0, 8.0, 2.0),
                                Flows(500.0, 100.0, 32.0, 6.0, 2.0)),
                  ListingRecord("c", "mid", 2, 43.0, 3, Flows(200.0, 80.0, 24.0, 2.0, 2.0),
                                Flows(400.0, 20.0, 28.0, 4.0, 2.0))],
        entry_values=[EntryValue(3, "d", 12.5), EntryValue(3, "e", -2.0)],
    )


def models() -> Models:
    """The three models."""
    return Models(tuple(
        Model(name=name, creator="lab", family=name, open=is_open, release_day=day, total_b=size, active_b=size / 10,
              quality=quality, verbosity=1.0, context_tokens=100_000, list_in_usd=1.0, list_out_usd=1.0)
        for name, is_open, day, size, quality in MODELS))


def _sold() -> list[OfferDay]:
    """Workload 0 has one output token in ten, the others one in four; only a/big serves workload 0."""
    tokens = 1000 * np.array(SOLD)
    output = tokens // 4
    output[:, 0] = [800, 1000, 2000 + 5000, 1600 + 10_000]
    rate = np.array(CHARGED)[:, [m if m < NEW else MID for _, m in OFFERS]]
    zero = np.zeros(len(OFFERS), np.int64)
    return [OfferDay(placed=np.array(PLACED[d]), served=np.array(SERVED[d]), refused=np.array(REFUSED[d]),
                     failed=np.array(FAILED[d]), abandoned=np.array(GIVEN_UP[d]),
                     queue_full=np.array(QUEUE_FULL[d]), prompt_tokens=(tokens - output)[d], output_tokens=output[d],
                     revenue_nano=(tokens * rate)[d], busy_share=np.array(BUSY[d], float),
                     cut=np.array(SERVED_CUT[d]), written_off_nano=zero,
                     cached_tokens=1000 * np.array(CACHED[d]), rate_limited=np.array(RATE_LIMITED[d]),
                     too_long=np.array(REFUSED[d]) - QUEUE_FULL[d] - RATE_LIMITED[d],
                     ttft_s=np.array(OFFER_TTFT_S[d]), tpot_s=np.array(OFFER_TPOT_S[d])) for d in range(4)]


def _demand(day: int) -> DemandDay:
    """Two days of 8 uses, four of which buy nothing, then two of 10; potential grows in the first segment only."""
    late = day >= 2
    per_s = ([20, 5], [12, 2], [2, 0], [6, 3]) if late else ([10, 5], [4, 1], [1, 0], [5, 4])
    uses = ([6, 4], [4, 2], [1, 0], [1, 2]) if late else ([4, 4], [2, 1], [1, 0], [1, 3])
    return DemandDay(day, *(np.array(row, float) for row in per_s), *(np.array(row) for row in uses))


def _changes() -> list[PriceChange]:
    """One launch, a rise by 25 %, cuts by 20 %, 10 % and 140/540; b follows a's cut after six hours."""
    def change(day: int, hour: float, row: int, before: int, after: int, reason: str = "review") -> PriceChange:
        return PriceChange(day * DAY_S + hour * HOUR_S, row, Prices(*(1000 * before,) * 3),
                           Prices(*(1000 * after,) * 3), reason)
    return [change(0, 0, 3, 1000, 1000, "launch"), change(1, 0, 0, 2000, 2500), change(2, 1, 1, 500, 400),
            change(2, 7, 2, 600, 540), change(3, 9, 2, 540, 400)]


def _switches() -> list[Switch]:
    """A start, a move, and a move at the very end of the run."""
    return [Switch(1.0 * DAY_S, 2, NONE, MID, "start", 0.0), Switch(2.0 * DAY_S, 1, MID, BIG, "review", 0.25),
            Switch(4.0 * DAY_S, 2, MID, BIG, "review", 0.75)]


def _pools() -> list[PoolDay]:
    """GPUs of a: 12, of them 6 placed and 3 lent, for 6 USD a day; of b: 4 for 1 USD; c has none."""
    return [row for day in range(4) for row in (
        PoolDay(day, "a", "h100", 10, 2, 6, 3, 6 * NANO_PER_USD),
        PoolDay(day, "b", "h100", 4, 0, 4 if day == 0 else 2, 0, NANO_PER_USD))]


def _books() -> Ledger:
    """a receives 10 + 10 + 20 and pays 6 a day; b receives 5 + 2 and pays 4 a day; c pays 1 in all; x pays for all."""
    ledger = Ledger()
    for day, to, usd in ((0, "a", 10), (1, "a", 10), (1, "b", 5), (2, "a", 20), (3, "b", 2)):
        ledger.pay(day, Account("customer", "x", "inference"), Account("provider", to, "revenue"), usd * NANO_PER_USD)
    for day in range(4):
        for of, usd in (("a", 6), ("b", 4)):
            ledger.pay(day, Account("provider", of, "gpus"), Account("supplier", "gpus", "rent"), usd * NANO_PER_USD)
    ledger.pay(3, Account("provider", "c", "gpus"), Account("supplier", "gpus", "rent"), NANO_PER_USD)
    ledger.pay(3, Account("provider", "a", "revenue"), Account("provider", "a", "gpus"), 9 * NANO_PER_USD)  # its own
    return ledger


def long_market(days: int = 200) -> MarketResult:
    """Who stays with a model, and five hosts of one, who double their prices after half the run.

    Host a sells a thousand tokens a day of the first half, host b of the second; workloads plan one token a day.

    Model 1 comes out on day 5. Workloads 1 and 5 take it up on days 10 and 12 and stay, workload 2 on day 20 and
    leaves on day 60. Model 2 was there before: workload 3 takes it up on day 40 and stays, workload 4 on day 45 and
    stops on day 100. Workload 0 uses model 0 from the first day on.
    """
    used = np.full((days, 6), NONE)
    used[:, 0] = 0
    used[10:, 1] = used[12:, 5] = used[20:60, 2] = 1
    used[60:, 2] = 0
    used[40:, 3] = used[45:100, 4] = 2
    rows = models().rows
    hosts = tuple("abcde")
    late = np.arange(days) >= days // 2
    level = np.where(late, 2, 1)[:, None, None]
    prices = np.broadcast_to(level * 1000 * np.array([1000, 1000, 1000, 1000, 2000])[None, :, None], (days, 5, 3))
    served = np.zeros((days, 5), np.int64)
    served[np.arange(days), late.astype(int)] = 1000
    return MarketResult(
        models=Models((rows[0], replace(rows[1], release_day=5.0), rows[2])),
        offers=tuple(offer(host, "big", 1, 1) for host in hosts), offer_model=np.zeros(5, np.int64),
        workload_names=tuple("uvwxyz"), workload_customer=tuple("uvwxyz"), workload_segment=("s",) * 6,
        workload_task=("chat",) * 6, start=date(2025, 1, 1), days=days, full=True,
        offer_days=[OfferDay(**_zeros(OfferDay, 5) | {"prompt_tokens": served[day]}) for day in range(days)],
        workload_days=[WorkloadDay(**_zeros(WorkloadDay, 6) | {
            "model": used[day], "planned_tokens": 1.0 * (used[day] >= 0)}) for day in range(days)],
        prices_daily=prices, listed_daily=np.ones((days, 5), bool), replicas_daily=np.ones((days, 5), np.int64),
        price_changes=[], listing_changes=[], switches=[], pool_days=[], ledger=Ledger(),
        surplus_usd_daily=np.zeros((days, 6)),
    )


def _zeros(kind: type, count: int) -> dict[str, Any]:
    names = [name for name, field in kind.__dataclass_fields__.items() if field.default_factory is MISSING]
    return {name: np.zeros(count, float if name.endswith(("_s", "share")) else np.int64) for name in names}


def priced(price_over_cost, sellers=4, days=3):
    """Return a market in which so many sellers of one open model sell alike, at a cost of 2 USD and some markup."""
    run = hand_market()
    zero = np.zeros(sellers, np.int64)
    one_each = [name for name, values in vars(run.offer_days[0]).items() if values.ndim == 1]
    sold = replace(run.offer_days[0], **dict.fromkeys(one_each, zero))
    sold = replace(sold, prompt_tokens=zero + 1000, revenue_nano=zero + 5000)
    price = 2 * price_over_cost
    return replace(
        run, offers=tuple(replace(run.offers[2], provider=f"p{i}") for i in range(sellers)),
        offer_model=np.ones(sellers, np.int64), days=days, offer_days=[sold] * days,
        workload_days=run.workload_days[:days], listed_daily=np.ones((days, sellers), bool),
        prices_daily=np.broadcast_to(np.arange(1, sellers + 1)[None, :, None], (days, sellers, 3)),
        postings=[Posting(0.0, row, price, 2.0, False, True) for row in range(sellers)])
