"""The family of scenarios: traffic alone, or a whole market around it."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, Literal

from sim.scenario.market_scenario import MarketScenario
from sim.scenario.traffic_scenario import TrafficScenario

Scenario = TrafficScenario | MarketScenario
Kind = Literal["traffic", "market"]  # of a scenario that was read: its `kind`

FORMS: Final[Mapping[Kind, type[Scenario]]] = MappingProxyType({"traffic": TrafficScenario, "market": MarketScenario})


def kind_of(names: Iterable[str]) -> Kind:
    """Return which scenario data describe, before they are read: the one that has more of their top-level fields.

    A misspelt or missing table so leads to a sentence about that table, not about all the others.

    Parameters
    ----------
    names
        Names of the top level, or the data themselves.

    Examples
    --------
    >>> kind_of({"name": "mine", "horizon": {}, "suply": {}})
    'market'
    """
    names = list(names)
    known = {kind: sum(name in form.model_fields for name in names) for kind, form in FORMS.items()}
    return "market" if known["market"] > known["traffic"] else "traffic"
