"""What both forms of a scenario can do: be written as TOML, and be told in a line."""

import tomllib
from typing import Any

from sim.errors import ScenarioError
from sim.scenario.base import Part
from sim.scenario.dump import to_toml


class Document(Part):
    """A scenario as a whole, of traffic or of a market."""

    def to_toml(self) -> str:
        """Return the full scenario, defaults included, as TOML that loads as the same scenario.

        Raises
        ------
        ScenarioError
            If a field is None where a file that leaves it out would mean its default: TOML has no word for None.
        """
        text = to_toml(self)
        again = type(self).model_validate(tomllib.loads(text))
        if again != self:
            path = _first_difference(self.model_dump(), again.model_dump())
            raise ScenarioError(f"{'.'.join(path)} is None, which TOML cannot say; set it to a value first")
        return text

    def outline(self) -> str:
        """Return what it describes, in a few words."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {getattr(self, 'name', '')!r}: {self.outline()}>"

    __str__ = __repr__  # pydantic's own is the whole configuration on one line


def counted(number: int, what: str) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> counted(1, "router"), counted(2, "router"), counted(2, "client class")
    ('1 router', '2 routers', '2 client classes')
    """
    return f"{number} {what}{'' if number == 1 else 'es' if what.endswith('s') else 's'}"


def _first_difference(one: Any, other: Any) -> list[str]:
    """Path of the first field in which two scenarios differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one:
            if one[name] != other.get(name):
                return [name, *_first_difference(one[name], other.get(name))]
    return []
