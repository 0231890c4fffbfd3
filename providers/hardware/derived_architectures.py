"""Architectures for models of which only the sizes are known: closed ones, future ones, lesser-known open ones.

Parameters in all and per token are taken as they are; layers, width and heads follow the open models of
``providers.hardware.architectures``:

* The *dense core* of a model is what a transformer of its active parameters would be. A dense transformer has
  ``N = 12 L d^2`` parameters (Kaplan et al., arXiv 2001.08361) and open models have ``d / L`` near 102 (Llama-3.1-70B
  8192/80; GPT-3 96 layers of 12288 is 128; 8B is 128), so ``L = (N / (12 * 102^2))^(1/3)``.
* Mixtures are wider in layers than their active parameters say: DeepSeek-V3 (37 B active) has 61 layers of 7168 where
  the rule gives 67 of 6784; Kimi-K2 (32 B) 61; Qwen3-235B (22 B) 94 of 4096. The rule is used as it stands.
* A model counts as a mixture when fewer than 90% of its parameters are active. It has 128 experts when at least an
  eighth of it is active, else 256, and tokens visit 8 (Qwen3, DeepSeek-V3).
* Attention is grouped, 8 KV heads of 128 (Llama 3, Qwen3); from 300 B parameters mixtures use latent attention as
  DeepSeek-V3 and Kimi-K2 do. Query heads are a multiple of 8, so that 1, 2, 4 and 8 GPUs divide them.
"""

from typing import Final

from providers.hardware.architectures import Attention, Model

WIDTH_PER_LAYER: Final = 102.0
HEAD_DIM: Final = 128
KV_HEADS: Final = 8
DENSE_SHARE: Final = 0.9  # of active parameters, from which a model is dense
LATENT_FROM_B: Final = 300.0  # billions
MLA: Final = 512 + 64  # DeepSeek-V3: latent elements and rotary key


def derived_model(name: str, total_b: float, active_b: float, context: int) -> Model:
    """Architecture of a model of the given sizes.

    Parameters
    ----------
    name
        Name of the model.
    total_b, active_b
        Parameters in all and per token, billions; the latter at most the former.
    context
        Longest context, tokens.

    Raises
    ------
    ValueError
        If the sizes are not positive or more parameters are active than there are.
    """
    if not 0 < active_b <= total_b:
        raise ValueError(f"{name}: active_b ({active_b:g}) must be above 0 and at most total_b ({total_b:g})")
    dense = active_b >= DENSE_SHARE * total_b
    core = total_b if dense else active_b
    layers = max(8, round((core * 1e9 / (12 * WIDTH_PER_LAYER**2)) ** (1 / 3)))
    heads = max(8, 8 * round(layers * WIDTH_PER_LAYER / HEAD_DIM / 8))
    hidden = heads * HEAD_DIM
    if dense:
        return Model(name, layers, hidden, _grouped(layers, heads), total_b * 1e9, total_b * 1e9, context)
    attention = _latent(layers, heads) if total_b >= LATENT_FROM_B else _grouped(layers, heads)
    experts = 128 if active_b >= total_b / 8 else 256
    # below k/E of the parameters active, the routed experts would outweigh the model: then tokens visit fewer
    top_k = max(1, min(8, int(experts * active_b / total_b)))
    return Model(name, layers, hidden, attention, total_b * 1e9, active_b * 1e9, context, experts, top_k)


def _grouped(layers: int, heads: int) -> Attention:
    return Attention(layers, heads, min(KV_HEADS, heads), HEAD_DIM, HEAD_DIM)


def _latent(layers: int, heads: int) -> Attention:
    return Attention(layers, heads, heads, 192, 128, latent=MLA)
