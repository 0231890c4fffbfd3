"""The GPU types of a scenario: the built-in ones, changed and joined by those of its ``[gpus.NAME]`` tables."""

from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
from typing import Any, Final

from providers.hardware.gpus import GPUS, Gpu
from providers.hardware.like import base_of, refuse_lacking
from sim.errors import ScenarioError
from sim.scenario.base import given
from sim.scenario.gpu_settings import GpuSettings
from sim.units import BYTES_PER_GB

# field of a scenario -> field of a GPU, and how many of its units one of the scenario's is
UNITS: Final[Mapping[str, tuple[str, float]]] = {
    "memory_gb": ("memory_bytes", BYTES_PER_GB), "bandwidth_tb_per_s": ("bandwidth", 1e12),
    "bf16_tflops": ("bf16_flops", 1e12), "fp8_tflops": ("fp8_flops", 1e12), "fp4_tflops": ("fp4_flops", 1e12),
    "link_gb_per_s": ("link_bytes_per_s", BYTES_PER_GB),
}
REFERENCE: Final = "h100-sxm"  # whose owner's cost and rent stand for those of a type that is like none
# they may be missing of a new type: without such arithmetic, without a source, and with an owner's cost after its rent
ABSENT: Final[Mapping[str, Any]] = {"fp8_flops": None, "fp4_flops": None, "source": "", "owner_usd_per_hour": 0.0}


def gpus_of(own: Mapping[str, GpuSettings]) -> dict[str, Gpu]:
    """Return all GPU types of a scenario by name, the built-in ones first.

    Parameters
    ----------
    own
        Its ``gpus``: of a built-in name, or ``like`` a built-in one, what is given replaces that one's values.

    Raises
    ------
    ScenarioError
        If ``like`` names no built-in type, or a new one lacks values.
    """
    return {**GPUS, **{name: _gpu(name, settings) for name, settings in own.items()}}


def _gpu(name: str, settings: GpuSettings) -> Gpu:
    base = base_of(f"gpus.{name}", settings.like, GPUS, "GPU")
    values = _values(settings)
    if "rent_usd_per_hour" in values and "owner_usd_per_hour" not in values:
        like = GPUS.get(base, GPUS[REFERENCE])
        values["owner_usd_per_hour"] = values["rent_usd_per_hour"] * like.owner_usd_per_hour / like.rent_usd_per_hour
    gpu = replace(GPUS[base], name=name, **values) if base in GPUS else _new(name, {**ABSENT, **values})
    if gpu.fp4_flops is not None and gpu.fp8_flops is None:
        raise ScenarioError(f"gpus.{name} has fp4_tflops but no fp8_tflops, in which attention over the cache of fp4 "
                            "weights is computed; give both, or fp4_tflops = 0")
    return gpu


def _new(name: str, values: dict[str, Any]) -> Gpu:
    ours = {theirs: field for field, (theirs, _) in UNITS.items()}
    missing = [ours.get(field.name, field.name) for field in fields(Gpu)
               if field.default is MISSING and field.name not in ("name", *values)]
    refuse_lacking(f"gpus.{name}", missing, GPUS, "GPU")
    return Gpu(name=name, **values)


def _values(settings: GpuSettings) -> dict[str, Any]:
    """What is given, in the units of a GPU."""
    values: dict[str, Any] = {}
    for field, value in given(settings).items():
        name, factor = UNITS.get(field, (field, None))
        if field != "like":
            values[name] = value if factor is None else value * factor
    for name in ("fp8_flops", "fp4_flops"):
        if values.get(name) == 0:
            values[name] = None  # given as having none
    return values
