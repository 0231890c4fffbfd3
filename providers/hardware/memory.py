"""Does a model fit? Memory of a replica, valid tensor-parallel degrees, and what would fit instead."""

from collections.abc import Callable, Sequence
from typing import Final

from providers.hardware.architectures import Model
from providers.hardware.gpus import Gpu
from providers.hardware.roofline import Deployment
from sim.errors import ScenarioError
from sim.units import BYTES_PER_GB

USABLE_SHARE: Final = 0.9  # of a GPU's memory, for weights and cache (vLLM: gpu_memory_utilization 0.9)


def usable_bytes(deployment: Deployment) -> float:
    """Memory of a replica that weights and cache may use, bytes."""
    return deployment.gpu.memory_bytes * USABLE_SHARE * deployment.gpus


def kv_capacity_tokens(deployment: Deployment) -> int:
    """Tokens of cache that a replica can hold beside its weights; 0 if the weights alone do not fit."""
    free = usable_bytes(deployment) - deployment.weight_bytes
    return max(0, int(free // deployment.kv_bytes_per_token))


def valid_degrees(gpu: Gpu, model: Model) -> list[int]:
    """Tensor-parallel degrees that a model allows on a GPU type, ascending.

    A degree divides the query heads, divides the KV heads or is a multiple of them (they are then copied;
    latent attention copies its cache anyway), and stays within the GPUs that fast links join.
    """
    attention = model.attention
    return [
        tp for tp in range(1, gpu.node_gpus + 1)
        if attention.heads % tp == 0
        and (attention.latent or attention.kv_heads % tp == 0 or tp % attention.kv_heads == 0)
    ]


def fits(deployment: Deployment, context_tokens: int) -> bool:
    """Whether weights and one sequence of the given context fit into a replica."""
    return kv_capacity_tokens(deployment) >= context_tokens + deployment.sequence_overhead_tokens


def check_fit(deployment: Deployment, context_tokens: int, path: str) -> None:
    """Refuse a deployment that cannot serve one request of its longest context, as inference engines do.

    Parameters
    ----------
    deployment
        The replica.
    context_tokens
        Longest prompt plus output that the offer accepts.
    path
        Path of the offer in the scenario, such as ``providers.acme.offers.llama``.

    Raises
    ------
    ScenarioError
        If the GPU does not compute in the precision, the model cannot be split over ``tp`` GPUs, or memory
        is short.
    """
    gpu, model, precision, tp = deployment[:4]
    if gpu.flops(precision) is None:
        raise ScenarioError(f"{path}.serving.precision is {precision!r}, in which {gpu.name} does not "
                            f"compute; allowed are {_either(gpu.precisions, 'and')}")
    degrees = valid_degrees(gpu, model)
    if tp not in degrees:
        raise ScenarioError(f"{path}.serving.tp is {tp}, but {model.name} on {gpu.name} can be split over "
                            f"{_either(degrees, 'or')} GPUs only")
    _check_groups(deployment, path)
    if not fits(deployment, context_tokens):
        raise ScenarioError(_shortage(deployment, context_tokens, path))


def _check_groups(deployment: Deployment, path: str) -> None:
    """Refuse data-parallel attention where there are no experts to share, or more GPUs than fast links join."""
    gpu, model, groups = deployment.gpu, deployment.model, deployment.attention_dp
    if groups > 1 and not model.experts:
        raise ScenarioError(f"{path}.serving.attention_dp is {groups}, but {model.name} has no experts that its groups "
                            "could share; allowed is 1 (more replicas serve more sequences)")
    if deployment.gpus > gpu.node_gpus:
        raise ScenarioError(f"{path}.serving.attention_dp is {groups} and tp {deployment.tp}, {deployment.gpus} GPUs "
                            f"in all, but the links of {gpu.name} join {gpu.node_gpus} only")


def _shortage(deployment: Deployment, context_tokens: int, path: str) -> str:
    gpu, model, gpus = deployment.gpu, deployment.model, deployment.gpus
    precision = deployment.weights or deployment.precision
    context = context_tokens * deployment.kv_bytes_per_token + deployment.sequence_bytes
    weights, usable, memory = deployment.weight_bytes, usable_bytes(deployment), gpu.memory_bytes * gpus
    remedies = _remedies(deployment, context_tokens) or ["a GPU with more memory"]
    return (
        f"{path}.serving does not fit: {model.name} at {precision} needs {weights / BYTES_PER_GB:.1f} GB for weights "
        f"and {context / BYTES_PER_GB:.1f} GB for one context of {context_tokens} tokens, but {gpus} x {gpu.name} "
        f"has {usable / BYTES_PER_GB:.1f} GB ({USABLE_SHARE:.0%} of {memory / BYTES_PER_GB:.0f} GB); what would fit: "
        f"{_either(remedies, 'or')}"
    )


def _remedies(deployment: Deployment, context_tokens: int) -> list[str]:
    """What would fit on the same GPU type: more GPUs, narrower weights, a shorter context."""
    remedies = roomier(deployment, lambda other: fits(other, context_tokens))
    longest = kv_capacity_tokens(deployment) - deployment.sequence_overhead_tokens
    if longest >= 1:
        remedies.append(f"limits.context_tokens = {longest}")
    return remedies


def roomier(deployment: Deployment, is_enough: Callable[[Deployment], bool]) -> list[str]:
    """Return what is enough on the same GPU type: for each precision that is no wider, the fewest GPUs."""
    gpu, model, precision = deployment.gpu, deployment.model, deployment.precision
    found = []
    # this precision and narrower ones: a wider one needs more memory still
    for candidate in gpu.precisions[gpu.precisions.index(precision):]:
        enough = (tp for tp in valid_degrees(gpu, model)
                  if is_enough(deployment._replace(precision=candidate, tp=tp)))
        smallest = next(enough, None)
        if smallest is not None:
            note = "" if candidate == precision else f" with precision = {candidate!r}"
            found.append(f"tp = {smallest}{note}")
    return found


def _either(options: Sequence[object], word: str) -> str:
    texts = [str(option) for option in options]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} {word} {texts[-1]}"
