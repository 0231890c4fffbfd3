"""What engines reach of a GPU's data sheet, and the times that no data sheet knows: the constants of E1.

The built-in constants (``calibration.toml`` beside this file) are what ``tokenmarket calibrate silicon`` writes for the
measurements that its provenance names; a scenario may name another such file (``calibration``).
"""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from sim.errors import ScenarioError
from sim.text_files import text_of

BUILT_IN: Final = Path(__file__).with_name("calibration.toml")
SHARES: Final = ("eta_memory", "eta_compute", "eta_attention", "eta_link")  # above 0, at most 1
WORK: Final = ("unpack_flops",)  # FLOPs; all others are times
MOST_WORK: Final = 1e6
MOST_S: Final = 1e3


class Constants(NamedTuple):
    """The constants of E1.

    Attributes
    ----------
    eta_memory, eta_compute, eta_attention, eta_link
        Shares of memory bandwidth, of FLOP/s in products with weights and in attention, and of link bandwidth that
        are reached. Attention's is small: the one query of a decoding request fills few rows of a tile.
    layer_s
        Time of a layer beyond reading and computing: launches of kernels, synchronisation, latency of collectives.
    width_s
        Added for each 1,000 elements of the model's width: products of few tokens walk along it one block after
        another, and norms and sums pass over it.
    moe_layer_s
        Added for a layer of a mixture of 256 experts: routing and scattering of tokens. With another number of experts
        it is in proportion to its root.
    sequence_s
        Time of a step for each request that decodes: sampling, detokenising, bookkeeping.
    request_s
        Time of a request outside the GPUs, by which its answer leaves later.
    unpack_flops
        Work to unpack a weight that is read in fewer bits than it is computed with, in the time of as many FLOPs of the
        GPU at bf16: its units unpack by their clock, whatever its memory.
    """

    eta_memory: float
    eta_compute: float
    eta_attention: float
    eta_link: float
    layer_s: float
    width_s: float
    moe_layer_s: float
    sequence_s: float
    request_s: float
    unpack_flops: float


@dataclass(frozen=True)
class Calibration:
    """Constants for every GPU, and for those that were measured under a framework.

    Attributes
    ----------
    constants
        For any GPU and framework, by the GPU's specification.
    measured
        For a GPU under a framework of which there were measurements enough.
    """

    constants: Constants
    measured: Mapping[tuple[str, str], Constants]

    def of(self, gpu: str, framework: str | None) -> Constants:
        """Return the constants of a GPU under a framework; without one, or without measurements, those for all."""
        return self.measured.get((gpu, framework or ""), self.constants)

    @property
    def frameworks(self) -> tuple[str, ...]:
        """Frameworks that were measured on any GPU."""
        return tuple(sorted({framework for _, framework in self.measured}))


@cache
def built_in() -> Calibration:
    """Return the calibration that holds where a scenario names none."""
    return read_calibration(BUILT_IN)


def calibration_of(path: str | None) -> Calibration:
    """Return the calibration that a scenario names, or the built-in one.

    Raises
    ------
    ScenarioError
        If the file cannot be read, or holds anything else.
    """
    return built_in() if path is None else read_calibration(Path(path))


def read_calibration(path: Path) -> Calibration:
    """Read a file of ``tokenmarket calibrate``.

    Raises
    ------
    ScenarioError
        If it cannot be read, or a constant is missing or not allowed; the sentence names the file and the constant.
    """
    data = _tables(path)
    measured = {}
    for number, row in enumerate(_list(data, "measured", path), start=1):
        where = f"{path}: measured, entry {number}"
        if not isinstance(row, dict) or not all(isinstance(row.get(name), str) for name in ("gpu", "framework")):
            raise ScenarioError(f"{where} must be a table with the names of a gpu and a framework")
        measured[row["gpu"], row["framework"]] = _constants(row, where)
    return Calibration(_constants(data.get("constants"), f"{path}: constants"), measured)


def _tables(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text_of(path))
    except OSError as error:
        raise ScenarioError(f"calibration: cannot read {path}: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScenarioError(f"calibration: {path} is no TOML: {error}") from None


def _list(data: dict[str, Any], name: str, path: Path) -> list[Any]:
    found = data.get(name, [])
    if not isinstance(found, list):
        raise ScenarioError(f"{path}: {name} must be a list of tables, [[{name}]]")
    return found


def _constants(table: Any, where: str) -> Constants:  # noqa: ANN401 - whatever a file holds
    values = table if isinstance(table, dict) else {}
    return Constants(*(_number(values.get(name), f"{where}: {name}", name) for name in Constants._fields))


def _number(value: Any, where: str, name: str) -> float:  # noqa: ANN401 - whatever a file holds
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if name in SHARES:
        good, allowed = number and 0 < value <= 1, "a share above 0, at most 1"
    elif name in WORK:
        good, allowed = number and 0 <= value <= MOST_WORK, f"work from 0 to {MOST_WORK:,.0f} FLOPs"
    else:
        good, allowed = number and 0 <= value <= MOST_S, f"a time from 0 to {MOST_S:.0f} s"
    if good:
        return float(value)
    raise ScenarioError(f"{where} is {value!r}, but must be {allowed}")
