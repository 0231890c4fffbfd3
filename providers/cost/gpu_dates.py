"""From when a GPU type can be rented: nobody's pool holds a generation before it is there.

Sources, to the month: H200, first shipments to customers in the second quarter of 2024 (aiwiki.ai/wiki/nvidia_h200);
GB200, first racks of an integrator in February 2025 (bluaddigital.com); B200, to hyperscalers in late 2024 and widely
through 2025, here May 2025 (aiwiki.ai/wiki/nvidia_b200; the month is an assumption); GB300, a cloud's first deployment
in July 2025 (windowsforum.com, thread 383827); B300, early 2026 (aiwiki.ai/wiki/nvidia_b200). AMD's MI325X and MI355X
are assumptions: half a year after their announcements in October 2024 and June 2025. What the table lacks was there
before 2024, or is a type of one's own: it can be rented from the start.
"""

from datetime import date
from typing import Final

RENTABLE_FROM: Final = {
    "h200-sxm": date(2024, 6, 1), "gb200": date(2025, 2, 1), "b200-sxm": date(2025, 5, 1), "gb300": date(2025, 7, 1),
    "b300-sxm": date(2026, 1, 1), "mi325x": date(2025, 4, 1), "mi355x": date(2025, 12, 1),
}


def rentable_day(gpu: str, start: date) -> float:
    """Day of a run that begins at ``start`` from which a GPU type can be rented; minus infinity if always."""
    return float((RENTABLE_FROM[gpu] - start).days) if gpu in RENTABLE_FROM else float("-inf")
