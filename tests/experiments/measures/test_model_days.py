"""What was sold by model and day, on four days that are worked out by hand."""

from dataclasses import replace

import pandas as pd
import pytest

from experiments.measures.market.model_days import COLUMNS, model_days
from experiments.measures.market.run import Run
from experiments.store.dictionary import TABLES
from sim.market.models.model import Models
from sim.scenario.tasks import TASKS
from worlds.hand_market import hand_market


def test_a_day_of_a_wordy_model():
    """31 January: 16 requests of 1500 + 500 tokens (coding) and 9 of 3000 + 1000 (chat) at half a dollar a million,
    with a model that answers in twice the words: of 17,000 output tokens 8,500 are plain.
    """
    market = hand_market()
    wordy = Models(tuple(replace(row, verbosity=2.0) if row.name == "mid" else row for row in market.models.rows))
    days = pd.DataFrame(model_days(Run(replace(market, models=wordy))))
    assert tuple(days.columns) == COLUMNS == TABLES["sold_days"].names
    assert [(day, name) for day, name in zip(days["day"], days["model"], strict=True)] == [
        (day, name) for day in range(4) for name in ("big", "mid")]
    mid = days[(days["day"] == 1) & (days["model"] == "mid")].iloc[0]
    coding, chat = (wordy.quality[TASKS.index(task), 1] for task in ("coding", "chat"))
    assert mid[["total_b", "open", "sellers", "requests", "tokens"]].tolist() == [100.0, True, 2, 25.0, 68_000.0]
    assert mid["plain_tokens"] == 51_000 + 8_500
    assert mid["quality_tokens"] == pytest.approx(coding * 32_000 + chat * 36_000)
    assert mid["spend_usd"] == pytest.approx(0.034)
    big = days[(days["day"] == 1) & (days["model"] == "big")].iloc[0]
    assert big[["open", "sellers", "tokens", "plain_tokens"]].tolist() == [False, 1, 10_000.0, 10_000.0]
