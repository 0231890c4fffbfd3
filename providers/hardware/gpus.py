"""GPU types: what a roofline needs to know of them.

Sources, by tag in the ``source`` column:

* ``[I]`` SemiAnalysisAI/InferenceX-app @77ca49a (3 Apr 2026): memory, bandwidth, dense FLOP/s, all-in power
  and 3-year rent.
* ``[C]`` ai-dynamo/aiconfigurator @095f58a5, ``systems/*.yaml``: link speeds, GPUs a node, and the types that
  ``[I]`` lacks.
* ``[D]`` vendor's data sheet (AMD Instinct: seven Infinity Fabric links of 64 or 77 GB/s a direction).

Assumptions, the same for all types unless the table says otherwise:

* All-in power of a type that ``[I]`` lacks is twice its board power (H100: 1.73 kW against 0.7; B200: 2.17
  against 1); GB300 scales GB200 by board power.
* Rents that ``[I]`` lacks are round figures in the order of speed; L40S and A100 SXM lie in the middle of
  0.8-0.9 and 1.1-1.5 USD/h; B300 and GB300 are 1.2 times their predecessors (the rule of ``[I]`` for B300).
* GB300's fp4 is 1.5 times GB200's, as B300's is to B200's.
* Efficiencies are inside the ranges seen in practice, 0.7-0.9 of bandwidth and 0.4-0.6 of FLOP/s: 0.8 and
  0.5, but 0.7 and 0.4 on AMD, whose measured throughput lags its data sheets (MLPerf v5.1, Llama-2-70B:
  MI300X 3,482 tokens/s against H100 3,903).
* The step overhead (scheduler, kernel launches) is 2 ms; an all-reduce has a latency of 15 us over NVLink or
  Infinity Fabric and 30 us over PCIe. Round figures, held against measured times per token (InferenceX,
  Llama-3.1-70B at fp8 on H100 and H200) in the tests.
"""

from dataclasses import dataclass
from typing import Final, Literal

Precision = Literal["bf16", "fp8", "fp4"]
PRECISIONS: Final[tuple[Precision, ...]] = ("bf16", "fp8", "fp4")


@dataclass(frozen=True)
class Gpu:
    """One GPU type.

    Attributes
    ----------
    name
        Name in scenarios.
    memory_bytes
        Memory, decimal gigabytes as sold (H100: 80e9); tables that mean GiB are 7% larger.
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
    source
        Tags of the module's docstring; what a tag does not cover is an assumption listed there.
    eta_memory, eta_compute
        Shares of bandwidth and FLOP/s that engines reach (assumption).
    step_overhead_s
        Time of a step beyond roofline and communication (assumption).
    all_reduce_s
        Latency of one all-reduce over the node (assumption).
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
    source: str
    eta_memory: float = 0.8
    eta_compute: float = 0.5
    step_overhead_s: float = 2e-3
    all_reduce_s: float = 15e-6

    def flops(self, precision: Precision) -> float | None:
        """Dense FLOP/s at a precision, None if the GPU has no such arithmetic."""
        return {"bf16": self.bf16_flops, "fp8": self.fp8_flops, "fp4": self.fp4_flops}[precision]

    @property
    def precisions(self) -> tuple[Precision, ...]:
        """The precisions that the GPU computes in, widest first."""
        return tuple(precision for precision in PRECISIONS if self.flops(precision) is not None)


_PCIE: Final = {"all_reduce_s": 30e-6}
_AMD: Final = {"eta_memory": 0.7, "eta_compute": 0.4}

# fmt: off
_TABLE: Final = (
    #   name            mem       B/s      bf16      fp8       fp4    kW   link node   USD source
    Gpu("l4",         24e9, 0.300e12,   121e12,  242e12,     None, 0.14,  32e9,  8, 0.40, "[C]", **_PCIE),
    Gpu("a30",        24e9, 0.933e12,   165e12,    None,     None, 0.33,  32e9,  8, 0.45, "[C]", **_PCIE),
    Gpu("l40s",       48e9, 0.864e12,   362e12,  733e12,     None, 0.70,  32e9,  8, 0.85, "[I] [C]", **_PCIE),
    Gpu("a100-pcie",  80e9, 1.935e12,   312e12,    None,     None, 0.60,  32e9,  8, 1.10, "[C]", **_PCIE),
    Gpu("a100-sxm",   80e9, 2.039e12,   312e12,    None,     None, 0.75, 300e9,  8, 1.30, "[I] [C]"),
    Gpu("h100-pcie",  80e9, 2.000e12, 756.5e12, 1513e12,     None, 0.70,  64e9,  8, 1.20, "[C]", **_PCIE),
    Gpu("h100-sxm",   80e9, 3.350e12,   989e12, 1979e12,     None, 1.73, 450e9,  8, 1.30, "[I] [C]"),
    Gpu("h200-sxm",  141e9, 4.800e12,   989e12, 1979e12,     None, 1.73, 450e9,  8, 1.60, "[I] [C]"),
    Gpu("b200-sxm",  180e9, 8.000e12,  2250e12, 4500e12,  9000e12, 2.17, 900e9,  8, 2.90, "[I] [C]"),
    Gpu("b300-sxm",  268e9, 8.000e12,  2250e12, 4500e12, 13500e12, 2.17, 900e9,  8, 3.48, "[I] [C]"),
    Gpu("gb200",     192e9, 8.000e12,  2500e12, 5000e12, 10000e12, 2.10, 900e9, 72, 3.30, "[I] [C]"),
    Gpu("gb300",     277e9, 8.000e12,  2500e12, 5000e12, 15000e12, 2.45, 900e9, 72, 3.96, "[C]"),
    Gpu("mi300x",    192e9, 5.300e12,  1307e12, 2615e12,     None, 1.79, 448e9,  8, 1.55, "[I] [D]", **_AMD),
    Gpu("mi325x",    256e9, 6.000e12,  1307e12, 2615e12,     None, 2.18, 448e9,  8, 1.80, "[I] [D]", **_AMD),
    Gpu("mi355x",    288e9, 8.000e12,  2516e12, 5033e12, 10066e12, 2.65, 537e9,  8, 2.10, "[I] [D]", **_AMD),
)
# fmt: on

GPUS: Final[dict[str, Gpu]] = {gpu.name: gpu for gpu in _TABLE}
