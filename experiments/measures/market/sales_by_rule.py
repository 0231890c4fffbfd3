"""Sales of each model by the rule that placed them: default, cheapest first, fastest first, or a named provider."""

from typing import Any, Final

import numpy as np

from experiments.measures.market.run import Run
from sim.engines.wanted import RULES

HEADERS: Final = ("month", "model", "rule", "completed", "rule_share", "rule_sellers", "posted_usd_per_mtok")


def sales_by_rule(run: Run) -> dict[str, Any]:
    """Return a row a month, model and rule that has sold anything; ``HEADERS`` are its columns."""
    result, months = run.result, run.months
    shape = len(months.labels), len(result.models), len(RULES)
    requests, spent, sellers = np.zeros(shape, np.int64), np.zeros(shape), np.zeros(shape, np.int64)
    for month in range(shape[0]):
        days = [day for day in np.flatnonzero(months.of_day == month).tolist() if len(result.offer_days[day].by_rule)]
        sold = np.zeros((len(result.offers), len(RULES)), np.int64)
        for day in days:
            by_rule = result.offer_days[day].by_rule
            sold += by_rule
            np.add.at(spent[month], result.offer_model, by_rule * run.price[day][:, None])
        np.add.at(requests[month], result.offer_model, sold)
        np.add.at(sellers[month], result.offer_model, sold > 0)
    at = np.nonzero(requests)
    names = (months.labels, result.models.names, RULES)
    found: dict[str, Any] = {header: [told[place] for place in places.tolist()]
                             for header, told, places in zip(HEADERS, names, at, strict=False)}
    share = requests / np.maximum(requests.sum(axis=2, keepdims=True), 1)
    return found | {"completed": requests[at], "rule_share": share[at], "rule_sellers": sellers[at],
                    "posted_usd_per_mtok": spent[at] / requests[at]}
