"""GPU types: what a roofline needs to know of them, and what they cost.

Sources, by tag in the ``source`` column:

* ``[I]`` SemiAnalysisAI/InferenceX-app @77ca49a (3 Apr 2026): bandwidth, dense FLOP/s, all-in power, 3-year rent, and
  what the GPU costs a cloud of medium size that owns it.
* ``[C]`` ai-dynamo/aiconfigurator @095f58a5, ``systems/*.yaml``: bytes of memory, link speeds, GPUs a node, and the
  types that ``[I]`` lacks.
* ``[D]`` vendor's data sheet (AMD Instinct: seven Infinity Fabric links of 64 or 77 GB/s a direction).

Memory is in bytes that software finds, not in gigabytes as sold: what is sold as 80 GB are 80 GiB, 85.9e9 bytes, since
stacks of memory are powers of two (``[C]``; AMD's 192, 256 and 288 GB counted in the same way).

Assumptions, the same for all types unless the table says otherwise:

* All-in power of a type that ``[I]`` lacks is twice its board power (H100: 1.73 kW against 0.7; B200: 2.17
  against 1); GB300 scales GB200 by board power.
* Rents that ``[I]`` lacks are round figures in the order of speed; L40S and A100 SXM lie in the middle of
  0.8-0.9 and 1.1-1.5 USD/h; B300 and GB300 are 1.2 times their predecessors (the rule of ``[I]`` for B300).
* What an owner pays for a type that ``[I]`` lacks is 1.3 times its rent, as for an H100 (1.69 against 1.30).
* GB300's fp4 is 1.5 times GB200's, as B300's is to B200's.
* What engines reach of all this is the calibration's (`providers.hardware.calibration`), measured on H100, H200 and
  B200. Those of AMD are set by hand, so that five published figures are met within a fifth: InferenceX on MI300X
  (DeepSeek-R1, 8k in, 1k out, fp8: 725, 601 and 406 tokens/s/GPU at 23, 32 and 42 tokens/s/user) and MLPerf v5.1
  Offline (Llama-2-70B: 3,482 and 4,319 output tokens/s on MI300X and MI325X). Five figures are no fit.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal

from providers.hardware.calibration import Calibration, Constants

Precision = Literal["bf16", "fp8", "fp4"]
PRECISIONS: Final[tuple[Precision, ...]] = ("bf16", "fp8", "fp4")
Weights = Literal["bf16", "fp8", "fp4", "int4"]


@dataclass(frozen=True)
class Gpu:
    """One GPU type.

    Attributes
    ----------
    name
        Name in scenarios.
    memory_bytes
        Memory as software finds it, bytes.
    bandwidth
        Memory bandwidth, bytes/s.
    bf16_flops, fp8_flops, fp4_flops
        Dense FLOP/s; None where the hardware has no such arithmetic.
    power_kw
        All-in provisioned power of one GPU (host, network and cooling share included), kW.
    link_bytes_per_s
        Bandwidth to the other GPUs of the node, bytes/s per direction.
    node_gpus
        GPUs that such links join: the largest tensor-parallel degree (72 in an NVL72 rack).
    rent_usd_per_hour
        Rent of one GPU on a three-year contract.
    owner_usd_per_hour
        What an hour of one costs who owns it: capital, power, colocation and operations.
    source
        Tags of the module's docstring; what a tag does not cover is an assumption listed there.
    eta_memory, eta_compute, eta_attention, eta_link, layer_s, width_s, moe_layer_s, sequence_s, request_s, unpack_flops
        Constants of E1 that hold for this type whatever the calibration says; None: the calibration's.
    """

    name: str
    memory_bytes: float
    bandwidth: float
    bf16_flops: float
    fp8_flops: float | None
    fp4_flops: float | None
    power_kw: float
    link_bytes_per_s: float
    node_gpus: int
    rent_usd_per_hour: float
    owner_usd_per_hour: float
    source: str
    eta_memory: float | None = None
    eta_compute: float | None = None
    eta_attention: float | None = None
    eta_link: float | None = None
    layer_s: float | None = None
    width_s: float | None = None
    moe_layer_s: float | None = None
    sequence_s: float | None = None
    request_s: float | None = None
    unpack_flops: float | None = None

    def calibrated(self, calibration: Calibration) -> "Gpu":
        """Return the type with its constants of E1 written down, those of its own or the calibration's."""
        return replace(self, **self.constants(calibration)._asdict())

    def constants(self, calibration: Calibration, framework: str | None = None) -> Constants:
        """Return the constants of E1: the calibration's for this type and framework, but for those of its own."""
        found = calibration.of(self.name, framework)
        own = {name: getattr(self, name) for name in Constants._fields}
        return found._replace(**{name: value for name, value in own.items() if value is not None})

    def flops(self, precision: Precision) -> float | None:
        """Dense FLOP/s at a precision, None if the GPU has no such arithmetic."""
        return {"bf16": self.bf16_flops, "fp8": self.fp8_flops, "fp4": self.fp4_flops}[precision]

    @property
    def precisions(self) -> tuple[Precision, ...]:
        """The precisions that the GPU computes in, widest first."""
        return tuple(precision for precision in PRECISIONS if self.flops(precision) is not None)


_AMD: Final = {
    "eta_memory": 0.5, "eta_compute": 0.41, "eta_attention": 0.41,
    "layer_s": 88e-6, "width_s": 0.0, "moe_layer_s": 81e-6,
}

# fmt: off
_TABLE: Final = (
    #   name             bytes      B/s      bf16      fp8       fp4    kW   link node  rent owner source
    Gpu("l4",          25.77e9, 0.300e12,   121e12,  242e12,     None, 0.14,  32e9,  8, 0.40, 0.52, "[C]"),
    Gpu("a30",         25.77e9, 0.933e12,   165e12,    None,     None, 0.33,  32e9,  8, 0.45, 0.59, "[C]"),
    Gpu("l40s",        48.31e9, 0.864e12,   362e12,  733e12,     None, 0.70,  32e9,  8, 0.85, 1.11, "[I] [C]"),
    Gpu("a100-pcie",   85.90e9, 1.935e12,   312e12,    None,     None, 0.60,  32e9,  8, 1.10, 1.43, "[C]"),
    Gpu("a100-sxm",    85.90e9, 2.039e12,   312e12,    None,     None, 0.75, 300e9,  8, 1.30, 1.69, "[I] [C]"),
    Gpu("h100-pcie",   85.90e9, 2.000e12, 756.5e12, 1513e12,     None, 0.70,  64e9,  8, 1.20, 1.56, "[C]"),
    Gpu("h100-sxm",    85.90e9, 3.350e12,   989e12, 1979e12,     None, 1.73, 450e9,  8, 1.30, 1.69, "[I] [C]"),
    Gpu("h200-sxm",   151.40e9, 4.800e12,   989e12, 1979e12,     None, 1.73, 450e9,  8, 1.60, 1.74, "[I] [C]"),
    Gpu("b200-sxm",   193.27e9, 8.000e12,  2250e12, 4500e12,  9000e12, 2.17, 900e9,  8, 2.90, 2.34, "[I] [C]"),
    Gpu("b300-sxm",   288.40e9, 8.000e12,  2250e12, 4500e12, 13500e12, 2.17, 900e9,  8, 3.48, 2.81, "[I] [C]"),
    Gpu("gb200",      198.67e9, 8.000e12,  2500e12, 5000e12, 10000e12, 2.10, 900e9, 72, 3.30, 2.75, "[I] [C]"),
    Gpu("gb300",      298.01e9, 8.000e12,  2500e12, 5000e12, 15000e12, 2.45, 900e9, 72, 3.96, 3.30, "[C]"),
    Gpu("mi300x",     206.16e9, 5.300e12,  1307e12, 2615e12,     None, 1.79, 448e9,  8, 1.55, 1.40, "[I] [D]", **_AMD),
    Gpu("mi325x",     274.88e9, 6.000e12,  1307e12, 2615e12,     None, 2.18, 448e9,  8, 1.80, 1.59, "[I] [D]", **_AMD),
    Gpu("mi355x",     309.24e9, 8.000e12,  2516e12, 5033e12, 10066e12, 2.65, 537e9,  8, 2.10, 1.90, "[I] [D]", **_AMD),
)
# fmt: on

GPUS: Final[dict[str, Gpu]] = {gpu.name: gpu for gpu in _TABLE}
