"""How offers are priced: one strategy a family, each behind the registry."""

from providers.pricing.registry import STRATEGIES, PricingError, bind, kinds, register
from providers.pricing.situation import Situation
from providers.pricing.strategy import Regular, Steady, Strategy, StrategyKind
from providers.pricing.tariff import RegularTariff, Tariff

__all__ = ["STRATEGIES", "PricingError", "Regular", "RegularTariff", "Situation", "Steady", "Strategy", "StrategyKind",
           "Tariff", "bind", "kinds", "register"]
