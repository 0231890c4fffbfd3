"""What is assumed of labs' budgets: every number with its range and its source."""

from typing import Final

from sim.scenario.base import Part, Sweep, quantity

OPENAI_2024: Final = "Epoch AI, OpenAI compute spend (10 October 2025): R&D 5, inference 1.8 to 2.0 billion USD in 2024"
RUNS: Final = "arXiv 2405.21015: cost of frontier training runs x 2.4 a year, 2.0 to 2.9"


class Budgets(Part):
    """Compute budgets of frontier labs together, in the year they start from, and what moves them.

    Only labs: firms that buy tokens hardly train, and what they pay is the labs' revenue.
    """

    first_year: int = quantity(2024, unit="year", doc="Calendar year whose budgets these are", source=OPENAI_2024,
                               ge=2020, le=2035)
    inference_busd: float = quantity(1.9, unit="billion USD/year", doc="Spent on serving in the first year",
                                     source=OPENAI_2024, gt=0, sweep=Sweep(1.8, 2.0, source=OPENAI_2024))
    training_busd: float = quantity(5.0, unit="billion USD/year", source=OPENAI_2024, gt=0,
                                    doc="Spent on research and training in the first year")
    gross_margin: float = quantity(
        0.48, unit="1", ge=0, lt=1, doc="Revenue less inference, over revenue",
        source="Epoch AI x Exponential View (January 2026): GPT-5, August to December 2025; .30 elsewhere",
        sweep=Sweep(0.30, 0.70, source=".30 and .48 for GPT-5 by two readings; .70 for Anthropic (weak)"))
    plough_back: float = quantity(0.25, unit="1", ge=0, le=1, sweep=Sweep(0.0, 0.5),
                                  doc="Share of revenue that goes into training")
    outside_growth: float = quantity(2.4, unit="1/year", gt=0, doc="Factor by which outside money for training grows",
                                     source=RUNS, sweep=Sweep(2.0, 2.9, source=RUNS))
    outside_ceiling_busd: float = quantity(
        1000.0, unit="billion USD/year", gt=0, doc="Outside money for training never exceeds this; about 1 % of the "
        "world's product", sweep=Sweep(100.0, 3000.0, "log"))


class Demand(Part):
    """What moves labs' revenue: uses that become worth their price, and uses that people think of."""

    penetration: float = quantity(
        0.2, unit="1", gt=0, lt=1, doc="Share of possible uses that are live in the first year",
        source="assumption; .13 to .55 is where the long-run elasticity is .8 to 1.8",
        sweep=Sweep(0.1, 0.5, source="long-run elasticity 1.95 to .89"))
    worth_sd: float = quantity(0.9, unit="1", gt=0, doc="Standard deviation of the logarithm of uses' worths",
                               source="assumption: the tenth that is worth most is worth ten times the least tenth")
    price_divisor: float = quantity(
        1.56, unit="1/year", ge=1, doc="What a use must be worth to be live is divided by this a year: the price of "
        "constant quality", source="arXiv 2603.28576: middle tier, half-life 1.55 years",
        sweep=Sweep(1.2, 10.0, "log", source="1.56 to 1.88 of a tier (arXiv 2603.28576); 10 at constant capability"))
    paid_divisor: float = quantity(
        1.0, unit="1/year", gt=0, doc="What a live use pays is divided by this a year; 1: customers take better models "
        "for the same money", source="NBER w34608, JEP 10.1257/jep.20261506: the price paid stayed flat while that of "
        "constant quality fell", sweep=Sweep(0.9, 1.56, source="flat or rising in 2025; as constant quality of a tier"))
    diffusion: float = quantity(
        1.5, unit="1/year", ge=0, doc="Rate, in logarithms, at which possible uses are thought of at first",
        sweep=Sweep(0.5, 2.0, source="assumption; 2.0 a year in the market from April 2025 (imposed there, too)"))
    diffusion_ceiling: float = quantity(100.0, unit="1", ge=1, sweep=Sweep(10.0, 1000.0, "log"),
                                        doc="Possible uses in the end, over those of the first year")


class ShareAssumptions(Part):
    """All that is assumed of labs' budgets."""

    budgets: Budgets = Budgets()
    demand: Demand = Demand()
    claimed_in: int = quantity(2026, unit="year", ge=2020, le=2035, doc="Year of the claim, from which its five to ten "
                               "years count", source="podcast Breakthrough AI Operators, scaling without breaking")
