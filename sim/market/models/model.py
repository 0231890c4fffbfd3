"""Models as the market knows them: facts of the catalogue, and the same facts as arrays."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from sim.scenario.own_models import Shape

SIZE_CLASSES: Final = ("small", "medium", "large", "frontier")
SIZE_LIMITS_B: Final = (15.0, 70.0, 300.0)  # total parameters below which a model is of each class


class ListChange(NamedTuple):
    """What a model's creator charges from a day of the run on, USD per million tokens."""

    day: float
    input_usd: float
    output_usd: float


@dataclass(frozen=True)
class Model:
    """A set of weights that is, was or will be on the market.

    Attributes
    ----------
    name, creator, family
        Names; models of one family succeed each other (``llama``, ``gpt``).
    open
        Whether anybody may serve the weights.
    release_day
        Days from the start of the run; negative if it was there before.
    total_b, active_b
        Parameters in all and per token, billions (for closed models an assumption).
    quality
        One value per task of ``TASKS``, 0 to 1.
    verbosity
        Output tokens it needs where the reference model needs one.
    context_tokens
        Longest prompt plus output.
    list_in_usd, list_out_usd
        The creator's list price at release, USD per million tokens; None if there was none.
    architecture
        Name of a known architecture (``providers.hardware.architectures``), or empty: derived from the sizes.
    source
        Where the facts come from.
    shape
        Its layers and heads, where a scenario gives them; None if ``architecture`` or the sizes say them.
    list_changes
        What its creator charged later, oldest first, as far as it is known.
    notice_day, retire_day
        Days from the start of the run on which its creator announces that it goes, and on which it goes; inf: never.
    """

    name: str
    creator: str
    family: str
    open: bool
    release_day: float
    total_b: float
    active_b: float
    quality: tuple[float, ...]
    verbosity: float
    context_tokens: int
    list_in_usd: float | None
    list_out_usd: float | None
    architecture: str = ""
    source: str = ""
    shape: Shape | None = None
    list_changes: tuple[ListChange, ...] = ()
    notice_day: float = math.inf
    retire_day: float = math.inf


@dataclass(frozen=True)
class Models:
    """All models of a run, in alphabetical order, and their facts as arrays.

    Attributes
    ----------
    rows
        The models; row ``i`` is model ``i`` everywhere in the market.
    quality
        float64 (tasks, models).
    verbosity, total_b, active_b, release_day, notice_day, retire_day
        float64 (models,).
    open
        bool (models,).
    """

    rows: tuple[Model, ...]
    quality: np.ndarray = field(init=False)
    verbosity: np.ndarray = field(init=False)
    total_b: np.ndarray = field(init=False)
    active_b: np.ndarray = field(init=False)
    release_day: np.ndarray = field(init=False)
    notice_day: np.ndarray = field(init=False)
    retire_day: np.ndarray = field(init=False)
    open: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        def put(name: str, values: Sequence[object]) -> None:
            object.__setattr__(self, name, np.array(values))

        put("quality", list(zip(*(row.quality for row in self.rows), strict=True)))
        for name in ("verbosity", "total_b", "active_b", "release_day", "notice_day", "retire_day", "open"):
            put(name, [getattr(row, name) for row in self.rows])

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names in the order of the rows."""
        return tuple(row.name for row in self.rows)


def size_class(total_b: float) -> str:
    """Class of a model by its total parameters in billions."""
    return SIZE_CLASSES[int(np.searchsorted(SIZE_LIMITS_B, total_b, side="right"))]
