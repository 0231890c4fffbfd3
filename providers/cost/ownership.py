"""What a GPU costs its owner.

    c = (CRF(r, n) capex + kW PUE $/kWh 8766 + $/kW/month 12 kW + opex capex) / (8766 utilisation)

with the capital recovery factor ``CRF = r / (1 - (1 + r)^-n)``: the yearly payment that pays back 1 in ``n`` years
at interest ``r``. With the defaults an H100 costs $1.72 an available hour (a published neocloud cost is 1.69), $2.45
at 70% utilisation, $1.92 with a life of four years.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from providers.hardware.gpus import GPUS, Gpu
from sim.scenario.firm_settings import Ownership
from sim.units import HOURS_PER_YEAR

REFERENCE: Final = "h100-sxm"  # the GPU whose price and rent are settings; the others are in proportion


@dataclass(frozen=True)
class OwnedCost:
    """Cost of one owned GPU, USD per hour, by purpose."""

    capital: float  # annuity and operations
    power: float  # of a busy GPU
    colocation: float

    @property
    def total(self) -> float:
        """All of it, USD per available hour."""
        return self.capital + self.power + self.colocation


def capital_recovery_factor(rate: float, years: float) -> float:
    """Yearly payment that pays back 1 in ``years`` years at interest ``rate``; ``1/years`` without interest."""
    # the limit without interest is a case of its own (0/0); expm1 and log1p keep low rates from cancelling
    return 1.0 / years if rate == 0 else rate / -math.expm1(-years * math.log1p(rate))


def owned_cost(gpu: Gpu, terms: Ownership, gpus: Mapping[str, Gpu] = GPUS) -> OwnedCost:
    """Cost of an owned GPU by purpose, USD per available hour (S1); ``gpus`` says what an H100 costs."""
    scale = gpu.owner_usd_per_hour / gpus[REFERENCE].owner_usd_per_hour if terms.scale_by_cost else 1.0
    capex, kilowatts = terms.capex_usd * scale, gpu.power_kw * terms.it_power_share
    annuity = capital_recovery_factor(terms.discount_rate, terms.life_years)
    return OwnedCost(
        capital=capex * (annuity + terms.opex_share) / HOURS_PER_YEAR,
        power=kilowatts * terms.pue * terms.power_usd_per_kwh,
        colocation=terms.colo_usd_per_kw_month * 12 * kilowatts / HOURS_PER_YEAR,
    )


def cost_per_used_hour(gpu: Gpu, terms: Ownership, utilisation: float) -> float:
    """Cost of an hour of use, USD, when the GPU is used a share ``utilisation`` (above 0, at most 1) of the time."""
    return owned_cost(gpu, terms).total / utilisation
