"""What ``open_gap`` runs: cases of lag, gap, prices, brand and clouds, each a course of two years."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple

from experiments.studies.assuming import at_point
from experiments.studies.open_gap.assumed import GapAssumptions
from experiments.studies.open_gap.gap_course import Pricing
from experiments.verdicts.assumed_study import AssumedDesign

LAGS: Final = (0.0, 2.0, 6.0, 12.0)  # months, besides the two that are compared
GAPS: Final = (0.05, 0.10)
BRANDS: Final = ("brand", "no brand")
BEST: Final[Pricing] = "best response"
FIXED: Final[Pricing] = "fixed"
LAB_LOGIT: Final[Pricing] = "lab_logit"
TABLE_SEEDS: Final = 3  # of cases that the rule does not compare
HALF_OF_SALES: Final = 0.5


class LagCell(NamedTuple):
    """A case.

    Attributes
    ----------
    months, gap
        How far open models are behind.
    pricing
        How creators of closed models price.
    has_brand
        Whether names and open weights count with customers.
    cloud_share
        Share of closed models' tokens that clouds sell.
    has_open
        Whether anybody sells open models.
    """

    months: float
    gap: float = 0.0
    pricing: Pricing = BEST
    has_brand: bool = True
    cloud_share: float = 0.0
    has_open: bool = True


@dataclass(frozen=True)
class LagCases(AssumedDesign[GapAssumptions]):
    """Cases and how often they are run.

    Attributes
    ----------
    table_seeds
        Seeds of the cases that only the table shows; 0: they are left out.
    """

    least: ClassVar = {**AssumedDesign.least, "table_seeds": 0}
    table_seeds: int = TABLE_SEEDS

    def compared(self) -> list[LagCell]:
        """Return the cases that the rule and its control compare."""
        behind = self.assumed.behind
        both = (behind.months, behind.long_months)
        return [LagCell(months, behind.gap, has_brand=brand, cloud_share=self.assumed.sales.cloud_share)
                for brand in (True, False) for months in both] + \
            [LagCell(months, behind.gap, cloud_share=self.assumed.sales.cloud_share, has_open=False) for months in both]

    def shown(self) -> list[LagCell]:
        """Return the cases that the table shows besides."""
        behind = self.assumed.behind
        both = (behind.months, behind.long_months)
        found: list[LagCell] = []
        for brand in (True, False):
            found += [LagCell(months, behind.gap, BEST, brand) for months in LAGS]
            found += [LagCell(months, behind.gap, FIXED, brand) for months in sorted({*LAGS, *both})]
            found += [LagCell(months, behind.gap, LAB_LOGIT, brand) for months in both]
            found += [LagCell(behind.months, gap, BEST, brand) for gap in GAPS] + [LagCell(0.0, GAPS[0], BEST, brand)]
            found += [LagCell(months, behind.gap, BEST, brand, HALF_OF_SALES) for months in both]
        known = set(self.compared())
        return [cell for cell in dict.fromkeys(found) if cell not in known]

    def places(self) -> Iterator[tuple[LagCell, int]]:
        """Yield cases and replications; those that share models and customers come one after the other."""
        plan = [(cell, seed) for cell in self.compared() for seed in range(self.replications)]
        plan += [(cell, seed) for cell in self.shown() for seed in range(min(self.table_seeds, self.replications))]
        return iter(sorted(plan, key=lambda it: (it[1], it[0].months, it[0].gap)))

    def in_cell(self, cell: LagCell) -> GapAssumptions:
        """Return the assumptions of a case."""
        brand = self.assumed.sales.brand if cell.has_brand else 0.0
        return at_point(self.assumed, {"behind.months": cell.months, "behind.gap": cell.gap, "sales.brand": brand,
                                       "sales.cloud_share": cell.cloud_share})
