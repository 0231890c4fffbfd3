"""What a row of the catalogue says of a measure, and how units are spelt."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

# how a unit is spelt where there is room: on axes, and in tables on a page; all others stand as they are
SPELT_UNITS: Final[Mapping[str, str]] = {
    "1": "", "USD/Mtok": "USD per million tokens", "kUSD": "1000 USD", "M/day": "million a day",
    "bn/day": "billion a day", "kUSD/day": "1000 USD a day", "bn par.": "billion parameters", "0-1": "0 to 1",
    "index": "first day = 1", "req/s": "requests/s", "USD/1k": "USD per thousand",
}
SPELT_WORDS: Final = {"hhi": "HHI", "ttft": "TTFT", "tpot": "TPOT", "e2e": "E2E", "gpus": "GPUs", "gpu": "GPU",
                      "lmdi": "LMDI", "cv": "CV"}


class Show(NamedTuple):
    """How values are shown.

    Attributes
    ----------
    unit
        In narrow tables; `spelt` says it in full.
    factor
        From the stored value to that unit.
    decimals
        Of a number without an interval; with one, digits follow its half-width.
    """

    unit: str
    factor: float = 1.0
    decimals: int = 3


PERCENT: Final = Show("%", 100.0, 1)
USD_PER_MTOK: Final = Show("USD/Mtok", 1.0, 3)
SECONDS: Final = Show("s", 1.0, 2)
MILLISECONDS: Final = Show("ms", 1e3, 1)
ZERO_TO_ONE: Final = Show("0-1", 1.0, 2)
KUSD_A_DAY: Final = Show("kUSD/day", 1e-3, 1)


@dataclass(frozen=True)
class Measure:
    """A number that is printed: one row of the catalogue.

    Attributes
    ----------
    name
        In tables, files, the store and ``--metrics``; it ends in its unit if it has one.
    unit
        Of the stored value; ``1`` for shares and other pure numbers.
    doc
        One sentence, without its full stop.
    above
        What is added up, or taken.
    below
        What that is divided by; empty if it is not.
    label
        In sentences and on axes; the name in words if empty.
    head
        Heading of a narrow column; the label if empty.
    shown
        How values are shown; as stored if None.
    daily
        How an amount a day is shown, where months of different lengths stand side by side; None for what is no amount.
    short
        Whether tables with room for a few measures have it.
    """

    name: str
    unit: str
    doc: str
    above: str
    below: str = ""
    label: str = ""
    head: str = ""
    shown: Show | None = None
    daily: Show | None = None
    short: bool = True

    @property
    def words(self) -> str:
        """What it is called in a sentence."""
        return self.label or worded(self.name)

    @property
    def heading(self) -> str:
        """What it is called above a narrow column."""
        return self.head or self.words

    @property
    def show(self) -> Show:
        """How values are shown, unless their size decides it (`show_for`)."""
        return self.shown or (SECONDS if self.unit == "s" else Show("" if self.unit == "1" else self.unit))

    def show_for(self, values: Iterable[float]) -> Show:
        """How values are shown that stand together: times in milliseconds if all are below a second.

        One unit for all of them: a reader who compares two policies must not have to convert.

        Examples
        --------
        >>> wait = Measure("ttft_p50_s", "s", "", "")
        >>> wait.show_for([0.2, 0.9]).unit, wait.show_for([0.2, 52.0]).unit, wait.show_for([]).unit
        ('ms', 's', 's')
        """
        if self.shown is not None or self.unit != "s":
            return self.show
        sizes = [abs(value) for value in values if math.isfinite(value)]
        return MILLISECONDS if sizes and 0 < max(sizes) < 1 else SECONDS

    def axis(self, show: Show | None = None) -> str:
        """What stands at an axis: the label with the unit of the values there, the usual one unless told.

        Examples
        --------
        >>> wait = Measure("e2e_mean_s", "s", "", "", label="mean end-to-end latency")
        >>> wait.axis(), wait.axis(MILLISECONDS)
        ('Mean end-to-end latency (s)', 'Mean end-to-end latency (ms)')
        """
        unit = spelt((show or self.show).unit)
        return f"{capital(self.words)} ({unit})" if unit else capital(self.words)


def spelt(unit: str) -> str:
    """Return a unit as it is spelt where there is room.

    Examples
    --------
    >>> spelt("USD/Mtok"), spelt("s"), spelt("1")
    ('USD per million tokens', 's', '')
    """
    return SPELT_UNITS.get(unit, unit)


def worded(name: str) -> str:
    """Return a name in words.

    Examples
    --------
    >>> worded("hhi_models_last")
    'HHI models last'
    """
    return " ".join(SPELT_WORDS.get(word, word) for word in name.split("_"))


def capital(text: str) -> str:
    """Return a text with a capital in front."""
    return text[:1].upper() + text[1:]
