"""A desk whose prices the test sets: two models, one of a lab and one that anybody serves, and customers who stay."""

import numpy as np
import simpy

from sim.market.customers.choice import Quotes
from sim.market.models.model import Model, Models
from sim.scenario.customer_settings import Choice, CustomerSettings

EAGER = Choice(reviews_per_month=20.0, loyal_share=0.0)
MODELS = Models((
    Model("lab-big", "lab", "lab", False, -100.0, 400.0, 40.0, (0.8,) * 5, 1.0, 400_000, 3.0, 15.0),
    Model("open-small", "host", "open", True, -100.0, 30.0, 30.0, (0.5,) * 5, 1.0, 400_000, 0.2, 0.4),
))


def settings(parts: float = 1e8, number: int = 20, choice: Choice = EAGER, **uses: object) -> CustomerSettings:
    stays = {"entry_per_year": 0.0, "exit_per_year": 0.0, "revenue_usd": (1e5, 1e7)}
    return CustomerSettings.model_validate({
        "part_tokens_per_day": parts, "choice": choice, "uses": {"enabled": True, **uses},
        "segments": {"apps": {"number": number, "mix": {"chat": 1.0}, **stays},
                     "agents": {"number": number // 2, "mix": {"coding": 1.0}, **stays}}})


def shown(factor: float = 1.0, models: Models = MODELS) -> Quotes:
    into, out = (1e6 * factor * np.array([getattr(row, name) for row in models.rows])
                 for name in ("list_in_usd", "list_out_usd"))
    count = len(models)
    return Quotes(np.ones(count, bool), into, out, into / 10, np.full(count, 0.5), np.full(count, 0.02))


class Shelf:
    """A desk whose prices and models the test sets."""

    def __init__(self, models: Models = MODELS) -> None:
        self.env, self.models, self.factor = simpy.Environment(), models, 1.0
        self.sold = np.ones(len(models), bool)

    def released(self) -> np.ndarray:
        return self.sold

    def paid_pico_per_token(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        now = shown(self.factor, self.models)
        return now.input_pico, now.output_pico, now.cached_pico

    def latency_s(self) -> tuple[np.ndarray, np.ndarray]:
        now = shown(self.factor, self.models)
        return now.ttft_s, now.tpot_s
