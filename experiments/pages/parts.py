"""Which part of which page is generated, and how it is found between its marks."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from experiments.pages import catalogue_tables, claims_tables, published_tables, registry_tables
from experiments.store import dictionary, statistics

DOCS: Final = Path(__file__).parents[2] / "docs"
PARTS: Final[Mapping[str, Mapping[str, Callable[[], str]]]] = {
    "glossary.md": {"measures": catalogue_tables.catalogue},
    "lab/results.md": {"dictionary": dictionary.page, "statistics": statistics.page},
    "market/calibration.md": {"runs": published_tables.calibration_runs},
    "market/claims.md": {"verdicts": claims_tables.verdicts, "beside": claims_tables.beside},
    "market/marketplaces.md": {"invasions": published_tables.invasions},
    "market/measures.md": {"tables": catalogue_tables.tables},
    "market/pricing.md": {"strategies": registry_tables.strategies, "parameters": registry_tables.strategy_parameters},
    "policies.md": {"policies": registry_tables.policies, "parameters": registry_tables.policy_parameters,
                    "presets": registry_tables.presets, "imitations": registry_tables.imitations},
    "validation.md": {"deepseek-day": published_tables.deepseek_day, "mlperf": published_tables.mlperf,
                      "flips": published_tables.flips, "market-facts": published_tables.market_facts},
}


def refreshed(page: str, text: str) -> str:
    """Return the text of a page of ``PARTS`` with its generated parts made anew.

    Raises
    ------
    ValueError
        If a part is not marked in the page.
    """
    for name, make in PARTS[page].items():
        begin, end = f"<!-- {name}: generated -->", f"<!-- {name}: end -->"
        pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        if not pattern.search(text):
            raise ValueError(f"the page {page} has no part {name!r}")
        whole = f"{begin}\n\n{make().strip()}\n\n{end}"
        text = whole.join(pattern.split(text, maxsplit=1))
    return text
