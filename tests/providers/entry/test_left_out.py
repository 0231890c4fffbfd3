"""Offers that are left out unseen, since nothing that rivals do could make them pay."""

import numpy as np
import pytest

from providers.entry.appraisal import Appraisal
from worlds.entry_desk import entry_desk, incumbent
from worlds.fake_desk import model, models_of

DAY = 100
MODELS = models_of(*(model(name, "meta", size, day=-60.0)
                     for name, size in (("busy", 8), ("fair", 30), ("slow", 70), ("idle", 8))))
POOL = {"types": 40, "familiar_share": 0.5, "max_replicas": 2000, "gpus": ("h200-sxm",), "looks_per_month": 30.0,
        "experience": "cohorts", "come_after": "next"}


@pytest.fixture(scope="module", params=["capacity", "volume"])
def desk(request):
    return entry_desk(lambda day: np.array([20e9, 4e9, 4e8, 1e6]), 2.0, DAY, MODELS, entry=POOL,
                      firms={"first": incumbent()}, costing={"basis": request.param, "variable_usd_per_mtok": 0.02})


def outside(desk):
    return [one for one in desk.supply.newcomers.values() if one.is_outside]


def prospects(desk):
    """Values by row of all offers that might be made now."""
    return {it.row: it.value_usd for one in outside(desk) for it in one.prospects(desk, DAY)}


def test_who_is_left_out_would_not_earn_its_listing(desk, monkeypatch):
    seen = prospects(desk)
    monkeypatch.setattr(Appraisal, "_may_pay", lambda *_: True)
    every = prospects(desk)
    left_out = every.keys() - seen.keys()
    assert len(left_out) >= 10
    assert max(every[row] for row in left_out) <= desk.supply.settings.entry.listing_usd
    assert seen == {row: every[row] for row in seen}
