"""Step time of a replica on real hardware: the coefficients of E1.

    (E1)  tau = t0 + max((W + kappa K) / (tp BW eta_m), (2 A T + F_attn) / (tp FLOPS eta_c)) + t_comm(tp, T)

T tokens computed in the step, K tokens of KV read, kappa KV bytes a token, A active parameters, W bytes of
weights touched (a mixture's routed experts: all but the share (1 - k/E)^T that no token visits), F_attn the
FLOPs of the attention's (query, key) pairs. See Williams, Waterman and Patterson, "Roofline" (CACM 2009), and
Chen, "Transformer Inference Arithmetic" (2022).
"""

import math
from typing import Final, NamedTuple

from providers.hardware.architectures import BF16_BYTES, Model
from providers.hardware.gpus import Gpu, Precision
from sim.engines.steptime import StepCoefficients

WEIGHT_BYTES: Final[dict[Precision, float]] = {"bf16": 2.0, "fp8": 1.0, "fp4": 0.5}  # without block scales
# of the cache and of the attention's arithmetic: bf16 with bf16 weights, else fp8
KV_PRECISION: Final[dict[Precision, Precision]] = {"bf16": "bf16", "fp8": "fp8", "fp4": "fp8"}
ALL_REDUCES_PER_LAYER: Final = 2  # after attention and after the MLP (Megatron-LM, arXiv 1909.08053)


class Deployment(NamedTuple):
    """One replica: a model on ``tp`` GPUs of one type at one precision of weights and arithmetic.

    The cache and the attention's arithmetic are bf16 for bf16 weights, fp8 for fp8 and fp4 weights.
    """

    gpu: Gpu
    model: Model
    precision: Precision
    tp: int

    @property
    def weight_bytes(self) -> float:
        """All weights, bytes, over the whole replica."""
        return self.model.total_params * WEIGHT_BYTES[self.precision]

    @property
    def kv_element_bytes(self) -> float:
        """Size of one element of the cache, bytes."""
        return WEIGHT_BYTES[KV_PRECISION[self.precision]]

    @property
    def kv_copies(self) -> int:
        """How often the replica stores each token's cache.

        Plain tensor parallelism splits keys and values by head. With fewer KV heads than GPUs, each head is
        stored ``tp / kv_heads`` times; a latent (MLA) belongs to all heads, so that every GPU stores it.
        """
        if self.model.attention.latent:
            return self.tp
        return max(1, self.tp // self.model.attention.kv_heads)

    @property
    def kv_bytes_per_token(self) -> float:
        """Growth of the cache by one token, bytes, over the whole replica (copies included)."""
        return self.model.kv_bytes_per_token(self.kv_element_bytes) * self.kv_copies

    @property
    def sequence_bytes(self) -> float:
        """What a sequence holds whatever its length, bytes: sliding windows and linear-attention state."""
        return self.model.window_bytes(self.kv_element_bytes) * self.kv_copies + self.model.state_bytes

    @property
    def sequence_overhead_tokens(self) -> int:
        """``sequence_bytes`` in tokens of growing cache, rounded up."""
        return math.ceil(self.sequence_bytes / self.kv_bytes_per_token)


def step_coefficients(deployment: Deployment) -> StepCoefficients:
    """Coefficients of E1 of one replica, in seconds.

    Parameters
    ----------
    deployment
        A deployment whose precision the GPU supports.

    Raises
    ------
    ValueError
        If the GPU does not compute in that precision (``memory.check_fit`` says so to users).
    """
    gpu, model, precision, tp = deployment
    flops, kv_flops = gpu.flops(precision), gpu.flops(KV_PRECISION[precision])
    if flops is None or kv_flops is None:
        raise ValueError(f"{gpu.name} does not compute in {precision}")
    byte_s = 1.0 / (tp * gpu.bandwidth * gpu.eta_memory)
    weight_s = WEIGHT_BYTES[precision] * byte_s
    latency_s, comm_token_s = communication(deployment)
    return StepCoefficients(
        base_s=gpu.step_overhead_s + latency_s,
        weights_s=model.shared_params * weight_s,
        experts_s=model.routed_params * weight_s,
        miss_log=math.log1p(-model.top_k / model.experts) if model.experts else 0.0,
        kv_s=deployment.kv_bytes_per_token * byte_s,
        token_s=2.0 * model.active_params / (tp * flops * gpu.eta_compute),
        pair_s=model.attention.pair_flops / (tp * kv_flops * gpu.eta_compute),
        comm_token_s=comm_token_s,
    )


def communication(deployment: Deployment) -> tuple[float, float]:
    """Time of a step's all-reduces: latency whatever the step holds, and seconds a token.

    Two ring all-reduces a layer of bf16 activations; each GPU sends ``2 (tp - 1)/tp`` of a message.
    """
    gpu, model, _, tp = deployment
    if tp == 1:
        return 0.0, 0.0
    count = ALL_REDUCES_PER_LAYER * model.layers
    message = model.hidden * BF16_BYTES
    return count * gpu.all_reduce_s, count * message * 2.0 * (tp - 1) / tp / gpu.link_bytes_per_s


def critical_batch(gpu: Gpu, precision: Precision) -> float:
    """Tokens a step at which computing takes as long as reading dense weights: b F / (2 BW).

    Raises
    ------
    ValueError
        If the GPU does not compute in that precision.
    """
    flops = gpu.flops(precision)
    if flops is None:
        raise ValueError(f"{gpu.name} does not compute in {precision}")
    return WEIGHT_BYTES[precision] * flops / (2.0 * gpu.bandwidth)
