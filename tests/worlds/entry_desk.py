"""A market for tests of entry: potential hosts on a fake desk, demand shared by a rule ``1/price^k``."""

from collections.abc import Callable

import numpy as np

from providers.around import Around
from providers.firms.supply_side import build_supply
from providers.pricing.sold_through import Rules
from sim.market.models.model import Models
from sim.scenario.firm_settings import Adoption, Firm, PoolSettings, SupplySettings
from sim.streams import Streams
from worlds.fake_desk import FakeDesk, model, models_of

SMALL = models_of(model("small", "meta", 8))
MIX = np.array([15 / 16, 1 / 16])  # of the fake desk's tokens: 6,000 and 400 of a request
# everybody alike, nothing sunk, nothing grows or ages: what the closed form is about
ALIKE = {"gpu_price_sd": 0.0, "efficiency_sd": 0.0, "overhead_sd": 0.0, "overhead_usd_per_day": 0.0, "firm_usd": 0.0,
         "listing_usd": 0.0, "hurdle_per_year": 0.0, "expected_growth_share": 0.0, "familiar_share": 1.0,
         "gpus": ("h200-sxm",), "fp4_share": 0.0}


def incumbent(**fields):
    """A host that serves all models from the first day and never leaves."""
    fields.setdefault("pools", (PoolSettings(gpu="h200-sxm", count=8),))
    return Firm(adoption=Adoption(probability=1, delay_days=0), exit_months=None,
                pricing={"kind": "best_response_router"}, **fields)


def blended(desk) -> np.ndarray:
    """Posted prices of all offers, USD per million tokens."""
    return desk.board.prices[:, :2] @ MIX / 1e6


def shared(tokens: Callable[[float], np.ndarray], exponent: float) -> Callable[[FakeDesk], np.ndarray]:
    """Demand of each model, tokens a day by day, shared among its listed offers; prompt tokens by offer."""
    def demand(desk):
        weight = np.where(desk.board.listed, np.maximum(blended(desk), 1e-9) ** -exponent, 0.0)
        total = np.bincount(desk.offer_model, weight, len(desk.models))[desk.offer_model]
        share = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
        return share * np.asarray(tokens(desk.day))[desk.offer_model] * MIX[0]

    return demand


def entry_desk(tokens: Callable[[float], np.ndarray], exponent: float = 2.0, days: int = 200, models: Models = SMALL,
               seed: int = 7, entry=None, **rules) -> FakeDesk:
    """A desk that has run for so many days."""
    settings = SupplySettings(firms=rules.pop("firms", {"first": incumbent()}), entry=entry or {}, **rules)
    supply = build_supply(settings, models, Streams(seed, 0), Around(days))
    supply.tell(Rules.single(exponent))
    desk = FakeDesk(supply, models, shared(tokens, exponent))
    desk.run(days)
    return desk
