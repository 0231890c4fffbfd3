"""Scenarios whose step times are off by as much as the calibration may be."""

import math
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, NamedTuple

from providers.hardware.calibration import BUILT_IN, built_in, calibration_of
from providers.hardware.gpus import Gpu
from providers.hardware.own_gpus import gpus_of
from sim.scenario import TrafficScenario
from sim.scenario.load import plain, scenario_of
from sim.streams import Streams

SPEED_ERROR: Final = 0.116  # median of |predicted / measured - 1| of tokens/s/user: validation-silicon.md, other half
NORMAL_MEDIAN: Final = 0.6744897501960817  # of the absolute value of a standard normal
ONCE: Final = math.log1p(SPEED_ERROR)  # as a logarithm of a time
DRAWS: Final = 8
AS_CALIBRATED: Final = "as calibrated"
DRAWN: Final = "each GPU and model by itself"


class Off(NamedTuple):
    """By what the times of a GPU with a model are off.

    Attributes
    ----------
    decode
        Factor on reading weights and cache, on layers, and on each request that decodes.
    prefill
        Factor on computing tokens and on exchanging them.
    request_s
        Time of a request outside the GPUs; None: as calibrated.
    """

    decode: float = 1.0
    prefill: float = 1.0
    request_s: float | None = None


Error = Callable[[str, str], Off]  # of a GPU and a model


def errors(draws: int = DRAWS) -> dict[str, Error]:
    """Return the cases by name, the calibration as it is first.

    The drawn ones give every pair of a GPU type and a model a factor of its own, log-normal, with the published median
    of the error. A drawn case is named by its number behind ``DRAWN``.
    """
    more, less = math.exp(ONCE), math.exp(-ONCE)
    low, high = request_interval()
    least, most = request_frameworks()
    cases = {
        AS_CALIBRATED: Off(),
        f"all steps × {more:.3f}": Off(more, more), f"all steps × {less:.3f}": Off(less, less),
        f"prefill × {more:.3f}": Off(prefill=more), f"prefill × {less:.3f}": Off(prefill=less),
        f"decode × {more:.3f}": Off(decode=more), f"decode × {less:.3f}": Off(decode=less),
        f"outside the GPUs {low:g} s": Off(request_s=low), f"outside the GPUs {high:g} s": Off(request_s=high),
        f"outside the GPUs {least:g} s": Off(request_s=least), f"outside the GPUs {most:g} s": Off(request_s=most),
    }
    found: dict[str, Error] = {name: _always(off) for name, off in cases.items()}
    for number in range(1, draws + 1):
        found[f"{DRAWN}, {number}"] = _drawn(number)
    return found


def _always(off: Off) -> Error:
    return lambda gpu, model: off


def _drawn(number: int) -> Error:
    def off(gpu: str, model: str) -> Off:
        factor = math.exp(ONCE / NORMAL_MEDIAN * _normal(number, gpu, model))
        return Off(factor, factor)

    return off


@cache  # a stream may be taken once only
def _normal(number: int, gpu: str, model: str) -> float:
    return float(Streams(number, 0).generator(f"validation/{gpu}/{model}").standard_normal())


@cache
def request_interval() -> tuple[float, float]:
    """Return the 95% interval of the time of a request outside the GPUs, one for all, in s."""
    low, high = tomllib.loads(BUILT_IN.read_text(encoding="utf-8"))["intervals"]["request_s"]
    return float(low), float(high)


def request_frameworks() -> tuple[float, float]:
    """Return the least and the most of that time among GPUs and frameworks that were measured, in s."""
    measured = [constants.request_s for constants in built_in().measured.values()]
    return min(measured), max(measured)


def scenario_off(scenario: TrafficScenario, error: Error) -> TrafficScenario:
    """Return a scenario with the step times of all its roofline servers off; affine ones are nobody's calibration.

    Every pair of a GPU and a model gets a GPU type of its own, whose data sheet and constants say so.
    """
    data, gpus, calibration = plain(scenario), gpus_of(scenario.gpus), calibration_of(scenario.calibration)
    for offer in _roofline_offers(data):
        serving = offer["serving"]
        name, framework = serving["gpu"], serving.get("framework")
        gpu = gpus[name]
        constants = gpu.constants(calibration, framework)._asdict()
        own = f"{name}--{offer['model'].rpartition('/')[2]}" + (f"--{framework}" if framework else "")
        data["gpus"][own] = _settings(gpu, constants, error(name, offer["model"]))
        serving["gpu"] = own
    found = scenario_of(data, [])
    assert isinstance(found, TrafficScenario)
    return found


def _roofline_offers(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    offers = [offer for provider in data["providers"].values() for offer in provider["offers"].values()]
    return [offer for offer in offers if (offer.get("serving") or {}).get("kind") == "roofline"]


def _settings(gpu: Gpu, constants: Mapping[str, float], off: Off) -> dict[str, Any]:
    """The GPU as a scenario's own, slower by the factors: shares of what is reached must stay below 1."""
    fields: dict[str, Any] = {
        "memory_gb": gpu.memory_bytes / 1e9, "bandwidth_tb_per_s": gpu.bandwidth / 1e12 / off.decode,
        "link_gb_per_s": gpu.link_bytes_per_s / 1e9 / off.prefill, "power_kw": gpu.power_kw,
        "node_gpus": gpu.node_gpus, "rent_usd_per_hour": gpu.rent_usd_per_hour,
        "owner_usd_per_hour": gpu.owner_usd_per_hour,
    }
    for precision in ("bf16", "fp8", "fp4"):
        flops = getattr(gpu, f"{precision}_flops")
        fields[f"{precision}_tflops"] = 0.0 if flops is None else flops / 1e12 / off.prefill
    slower = {name: constants[name] * off.decode for name in ("layer_s", "width_s", "moe_layer_s", "sequence_s")}
    slower["unpack_flops"] = constants["unpack_flops"] * off.decode / off.prefill  # bf16_tflops are slower by prefill
    request = {} if off.request_s is None else {"request_s": off.request_s}
    return {**fields, **constants, **slower, **request}
