"""The command ``tokenmarket list``: what scenarios and commands may name."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from experiments.output.text import listing

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

Rows = list[tuple[str, ...]]


def add(commands: Any) -> None:  # noqa: ANN401 - argparse keeps this type private
    """Add the command to the command line's."""
    parser = commands.add_parser("list", help="list what scenarios and commands may name")
    parser.add_argument("what", choices=tuple(LISTS))
    parser.add_argument("scenario", nargs="?", default="tournament", metavar="SCENARIO",
                        help="whose fields to list as factors of a sweep (default: %(default)s)")
    parser.set_defaults(command=_list)


def _list(arguments: argparse.Namespace) -> int:
    print(listing(LISTS[arguments.what](arguments.scenario)))
    return 0


def _studies(_: str) -> Rows:
    from experiments.studies.registry import studies

    return [(name, study.summary) for name, study in studies().items()]


def _policies(_: str) -> Rows:
    from policies import POLICIES, PRESETS

    rows: Rows = []
    for name, policy in POLICIES.items():
        fields = policy.parameters.model_fields
        parameters = ", ".join(f"{field}={info.default:g}" for field, info in fields.items())
        rows.append((name, policy.summary + (f" ({parameters})" if parameters else "")))
    rows += [(name, f"preset of {preset.kind}: {preset.summary}") for name, preset in PRESETS.items()]
    return rows


def _pricing(_: str) -> Rows:
    from providers.pricing import STRATEGIES, Tariff

    rows: Rows = []
    for name, strategy in STRATEGIES.items():
        own = [_parameter(field, info) for field, info in strategy.parameters.model_fields.items()
               if field not in Tariff.model_fields]
        rows.append((name, strategy.summary + (f" ({', '.join(own)})" if own else "")))
    shared = ", ".join(_parameter(field, info) for field, info in Tariff.model_fields.items())
    return [*rows, ("all of them", f"share these parameters, some with defaults of their own: {shared}")]


def _parameter(name: str, info: FieldInfo) -> str:
    """A parameter with its default, nearly as one would write it in a scenario."""
    if info.is_required():
        return f"{name} is needed"
    if isinstance(info.default, tuple):
        return f"{name}=[{', '.join(f'{part:g}' for part in info.default)}]"
    if info.default is None or isinstance(info.default, str):
        return f"{name}={info.default or 'none'}"
    return f"{name}={info.default:g}"


def _factors(name: str) -> Rows:
    from experiments.designs import factor_rows
    from experiments.scenarios import load

    return factor_rows(load(name))


def _scenarios(_: str) -> Rows:
    from experiments.scenarios import load, names

    found = [(name, load(name)) for name in names()]
    return [(name, scenario.kind, scenario.description) for name, scenario in found]


def _models(_: str) -> Rows:
    from providers.hardware.architectures import MODELS

    rows: Rows = [("model", "total B", "active B", "KV kB/token", "context")]
    for model in MODELS.values():
        rows.append((model.name, f"{model.total_params / 1e9:.1f}", f"{model.active_params / 1e9:.1f}",
                     f"{model.kv_bytes_per_token() / 1e3:.1f}", f"{model.context_tokens}"))
    return rows


def _gpus(_: str) -> Rows:
    from providers.hardware.gpus import GPUS
    from sim.units import BYTES_PER_GB

    rows: Rows = [("gpu", "GB", "TB/s", "bf16 TF", "fp8 TF", "fp4 TF", "USD/h")]
    for gpu in GPUS.values():
        speeds = (gpu.bf16_flops, gpu.fp8_flops, gpu.fp4_flops)
        flops = (f"{value / 1e12:.0f}" if value else "-" for value in speeds)
        rows.append((gpu.name, f"{gpu.memory_bytes / BYTES_PER_GB:.0f}", f"{gpu.bandwidth / 1e12:.2f}", *flops,
                     f"{gpu.rent_usd_per_hour:.2f}"))
    return rows


LISTS: Final[dict[str, Callable[[str], Rows]]] = {
    "studies": _studies, "policies": _policies, "pricing": _pricing, "scenarios": _scenarios, "models": _models,
    "gpus": _gpus, "factors": _factors,
}
