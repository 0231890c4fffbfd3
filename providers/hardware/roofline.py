"""Step time of a replica on real hardware: the coefficients of E1.

    (E1)  tau = L (t_layer + t_width d + t_moe sqrt(E / 256))
                + max((W + kappa K) / (n BW eta_m) + u N / (n FLOPS_16),
                      2 A T / (n FLOPS eta_c) + F_attn / (n FLOPS eta_a))
                + X T / (LINK eta_x) + t_seq B

T tokens computed in the step, K tokens of KV read, B requests that decode, n GPUs, L layers (t_moe only in mixtures)
of d thousand elements each, u FLOPs at bf16 (FLOPS_16 a GPU) for each of the N weights among those touched, if they are
narrower than the arithmetic and so are unpacked, kappa KV bytes a token, A active parameters, W bytes of weights
touched (a mixture's routed experts: all but the share (1 - k/E)^T that no token visits), F_attn the FLOPs of the
attention's (query, key) pairs, X bytes that a token sends
between GPUs. See Williams, Waterman and Patterson, "Roofline" (CACM 2009), and Chen, "Transformer Inference
Arithmetic" (2022); the constants are measured (`providers.hardware.calibration`).
"""

import math
from typing import Final, NamedTuple

from providers.hardware.architectures import BF16_BYTES, Model
from providers.hardware.calibration import Constants
from providers.hardware.gpus import Gpu, Precision, Weights
from sim.engines.steptime import StepCoefficients

# without block scales
WEIGHT_BYTES: Final[dict[Weights, float]] = {"bf16": 2.0, "fp8": 1.0, "fp4": 0.5, "int4": 0.5}
# of the cache and of the attention's arithmetic: bf16 with bf16 arithmetic, else fp8
KV_PRECISION: Final[dict[Precision, Precision]] = {"bf16": "bf16", "fp8": "fp8", "fp4": "fp8"}
ALL_REDUCES_PER_LAYER: Final = 2  # after attention and after the MLP (Megatron-LM, arXiv 1909.08053)
WIDTH: Final = 1000  # elements of a model's width, of which width_s is the time
EXPERTS: Final = 256  # of a mixture, of a layer of which moe_layer_s is the time
# the data sheet is reached, and nothing else takes time
IDEAL: Final = Constants(1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


class Deployment(NamedTuple):
    """One replica: a model on GPUs of one type at one precision of arithmetic.

    The cache and the attention's arithmetic are bf16 for bf16 arithmetic, fp8 for fp8 and fp4.

    Attributes
    ----------
    gpu, model
        What serves, and what is served.
    precision
        Precision of the arithmetic.
    tp
        Tensor-parallel degree: GPUs over which each matrix is split.
    weights
        Precision of the weights in memory; None: that of the arithmetic.
    attention_dp
        Groups of ``tp`` GPUs that each attend to sequences of their own and hold all of a mixture's weights but its
        routed experts, which are split over the GPUs of all groups (DeepSeek-V3, arXiv 2412.19437, section 3.4).
    """

    gpu: Gpu
    model: Model
    precision: Precision
    tp: int
    weights: Weights | None = None
    attention_dp: int = 1

    @property
    def gpus(self) -> int:
        """GPUs of the replica."""
        return self.tp * self.attention_dp

    @property
    def weight_element_bytes(self) -> float:
        """Size of a weight in memory, bytes."""
        return WEIGHT_BYTES[self.weights or self.precision]

    @property
    def unpacks(self) -> bool:
        """Whether weights are read in fewer bits than they are computed with."""
        return self.weight_element_bytes < WEIGHT_BYTES[self.precision]

    @property
    def shared_params(self) -> float:
        """Parameters that every token passes, over the whole replica (copies included)."""
        return self.model.shared_params * self.attention_dp

    @property
    def weight_bytes(self) -> float:
        """All weights, bytes, over the whole replica."""
        return (self.model.routed_params + self.shared_params) * self.weight_element_bytes

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


def step_coefficients(deployment: Deployment, constants: Constants) -> StepCoefficients:
    """Coefficients of E1 of one replica, in seconds.

    Parameters
    ----------
    deployment
        A deployment whose precision the GPU supports.
    constants
        What engines reach (`providers.hardware.gpus.Gpu.constants`).

    Raises
    ------
    ValueError
        If the GPU does not compute in that precision (``memory.check_fit`` says so to users).
    """
    gpu, model = deployment.gpu, deployment.model
    flops, kv_flops = gpu.flops(deployment.precision), gpu.flops(KV_PRECISION[deployment.precision])
    if flops is None or kv_flops is None:
        raise ValueError(f"{gpu.name} does not compute in {deployment.precision}")
    byte_s = 1.0 / (deployment.gpus * gpu.bandwidth * constants.eta_memory)
    unpack_s = constants.unpack_flops / (deployment.gpus * gpu.bf16_flops) if deployment.unpacks else 0.0
    weight_s = deployment.weight_element_bytes * byte_s + unpack_s
    return StepCoefficients(
        base_s=model.layers * _layer_s(model, constants),
        weights_s=deployment.shared_params * weight_s,
        experts_s=model.routed_params * weight_s,
        miss_log=math.log1p(-model.top_k / model.experts) if model.experts else 0.0,
        kv_s=deployment.kv_bytes_per_token * byte_s,
        token_s=2.0 * model.active_params / (deployment.gpus * flops * constants.eta_compute),
        pair_s=model.attention.pair_flops / (deployment.gpus * kv_flops * constants.eta_attention),
        comm_token_s=sent_bytes(deployment) / (gpu.link_bytes_per_s * constants.eta_link),
        sequence_s=constants.sequence_s,
    )


def _layer_s(model: Model, constants: Constants) -> float:
    """Time of a layer beyond roofline and exchange."""
    routing = constants.moe_layer_s * math.sqrt(model.experts / EXPERTS)
    return constants.layer_s + constants.width_s * model.hidden / WIDTH + routing


def sent_bytes(deployment: Deployment) -> float:
    """Bytes of bf16 activations that a GPU sends in a step for each token that the replica computes.

    Within a group a ring all-reduce after attention and one after the MLP; each GPU sends ``2 (tp - 1)/tp`` of a
    message. Between the groups of data-parallel attention, whose tokens are other ones, no second all-reduce, but each
    token travels to the GPUs of its experts and back.
    """
    model, tp, groups = deployment.model, deployment.tp, deployment.attention_dp
    message = model.layers * model.hidden * BF16_BYTES
    reduced = message * 2.0 * (tp - 1) / tp
    if groups == 1:
        return ALL_REDUCES_PER_LAYER * reduced
    visited = min(model.top_k, deployment.gpus - 1)
    return (reduced + 2.0 * message * visited / tp) / groups


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
