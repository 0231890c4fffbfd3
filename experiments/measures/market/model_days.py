"""What a market sold of each model on each day, in the columns of what customers mean to buy at list prices."""

from typing import Any, Final

import numpy as np

from experiments.measures.market.panel import by_group, workload_series
from experiments.measures.market.run import Run
from sim.units import NANO_PER_USD

COLUMNS: Final = ("day", "model", "total_b", "open", "sellers", "requests", "tokens", "plain_tokens", "quality_tokens",
                  "spend_usd")


def model_days(run: Run) -> dict[str, Any]:
    """Return a row a day and model of which tokens were sold; ``COLUMNS`` are its columns.

    Plain tokens are those that the same requests would have taken with a model of verbosity 1 (E130), and spend is
    before the router's fee. Where workloads ask for answers of a limited length, those of a wordy model are cut, and
    plain tokens are a little too few.
    """
    result, models = run.result, run.result.models
    days, count, used = result.days, len(models), run.model_of >= 0
    model = run.model_of[used]
    cell = np.broadcast_to(np.arange(days)[:, None], used.shape)[used] * count + model
    prompt, output, completed, cost = (
        workload_series(result, name)[used].astype(float)
        for name in ("prompt_tokens", "output_tokens", "completed", "cost_nano"))
    sums = {"requests": completed, "tokens": prompt + output, "plain_tokens": prompt + output / models.verbosity[model],
            "quality_tokens": run.quality[used] * (prompt + output), "spend_usd": cost / NANO_PER_USD}
    found = {name: np.bincount(cell, values, minlength=days * count) for name, values in sums.items()}
    sold = np.flatnonzero(found["tokens"] > 0)
    row = sold % count
    sellers = by_group(result.listed_daily, result.offer_model, count)
    return {"day": sold // count, "model": np.array(models.names, object)[row], "total_b": models.total_b[row],
            "open": models.open[row], "sellers": sellers.ravel()[sold],
            **{name: values[sold] for name, values in found.items()}}
