"""Architectures of open models: what a roofline and a memory fit need to know of them.

Layers, widths, heads, experts and parameters: ai-dynamo/aiconfigurator @095f58a5 (model configs, parameters
computed from them); GLM-4.5-Air and GLM-5 from their published configs; totals of DeepSeek, Kimi and
Qwen3.5 are the vendors' (GLM-5's 745 B and 40 B active are unverified). Contexts:
``max_position_embeddings`` of the published configs (Qwen3 without the optional YaRN). GLM-5 attends to
2,048 selected tokens only; here it is charged for all.
"""

from dataclasses import dataclass
from typing import Final

BF16_BYTES: Final = 2
FP32_BYTES: Final = 4


@dataclass(frozen=True)
class Attention:
    """How a model attends: which layers keep a cache that grows, and what else a sequence keeps.

    Attributes
    ----------
    layers
        Layers of full attention: their cache grows with the context.
    heads, kv_heads
        Query heads, and heads of keys and values that they share (GQA).
    key_dim, value_dim
        Width of a head's keys (as in the product with queries) and of its values.
    latent
        Elements that latent attention (MLA) caches per token and layer instead of keys and values; else 0.
    window_layers, window_tokens
        Layers of sliding-window attention and the width of the window.
    state_elements
        Elements of linear-attention state a sequence keeps over all layers, in fp32.
    """

    layers: int
    heads: int
    kv_heads: int
    key_dim: int
    value_dim: int
    latent: int = 0
    window_layers: int = 0
    window_tokens: int = 0
    state_elements: int = 0

    @property
    def kv_elements(self) -> int:
        """Elements cached for one token in one layer."""
        return self.latent or self.kv_heads * (self.key_dim + self.value_dim)

    @property
    def pair_flops(self) -> int:
        """FLOPs of one (query, key) pair: a product with the key and one with the value in each full layer.

        Latent attention is counted as in prefill, where keys and values are expanded from the latents.
        """
        return self.layers * self.heads * 2 * (self.key_dim + self.value_dim)


@dataclass(frozen=True)
class Model:
    """One open model.

    Attributes
    ----------
    name
        Name in scenarios.
    layers, hidden
        Layers and width of the residual stream.
    attention
        How it attends.
    total_params, active_params
        Parameters in all, and those that one token passes.
    context_tokens
        Longest native context.
    experts, top_k
        Routed experts of a mixture, and how many a token visits; 0 for dense models.
    """

    name: str
    layers: int
    hidden: int
    attention: Attention
    total_params: float
    active_params: float
    context_tokens: int
    experts: int = 0
    top_k: int = 0

    @property
    def routed_params(self) -> float:
        """Parameters of all routed experts: total - active is the share (1 - k/E) of them."""
        if not self.experts:
            return 0.0
        return (self.total_params - self.active_params) / (1.0 - self.top_k / self.experts)

    @property
    def shared_params(self) -> float:
        """Parameters that every token passes: attention, embeddings, dense layers, shared experts."""
        return self.total_params - self.routed_params

    def kv_bytes_per_token(self, element_bytes: float = BF16_BYTES) -> float:
        """Growth of the cache by one token, bytes, with elements of the given size."""
        return self.attention.layers * self.attention.kv_elements * element_bytes

    def window_bytes(self, element_bytes: float = BF16_BYTES) -> float:
        """Cache of the sliding-window layers of one sequence, bytes, with full windows."""
        return (self.attention.window_layers * self.attention.window_tokens * self.attention.kv_elements
                * element_bytes)

    @property
    def state_bytes(self) -> float:
        """Linear-attention state of one sequence, bytes (fp32)."""
        return self.attention.state_elements * FP32_BYTES


def _gqa(layers: int, heads: int, kv_heads: int, width: int = 128) -> Attention:
    return Attention(layers, heads, kv_heads, width, width)


def _mla(layers: int, heads: int, key_dim: int = 192, value_dim: int = 128) -> Attention:
    """Multi-head latent attention of DeepSeek: 512 latent elements and 64 of rotary key a token and layer."""
    return Attention(layers, heads, heads, key_dim, value_dim, latent=512 + 64)


def _half_windowed(layers: int) -> Attention:
    """Attention of gpt-oss: every second layer has a window of 128 tokens."""
    return Attention(layers // 2, 64, 8, 64, 64, window_layers=layers // 2, window_tokens=128)


_K: Final = 1024
# Qwen3.5: 15 layers of full attention, 45 gated delta nets of 64 value heads with a 128 x 128 state
_QWEN35: Final = Attention(15, 32, 2, 256, 256, state_elements=45 * 64 * 128 * 128)

# fmt: off
_TABLE: Final = (
    #     name                layers  hidden  attention           total     active   context   E, k
    Model("llama-3.1-8b",            32,  4096, _gqa(32, 32, 8),   8.03e9,   8.03e9, 128 * _K),
    Model("llama-3.1-70b",           80,  8192, _gqa(80, 64, 8),   70.6e9,   70.6e9, 128 * _K),
    Model("llama-3.3-70b",           80,  8192, _gqa(80, 64, 8),   70.6e9,   70.6e9, 128 * _K),
    Model("llama-3.1-405b",         126, 16384, _gqa(126, 128, 8), 405.85e9, 405.85e9, 128 * _K),
    Model("qwen3-8b",                36,  4096, _gqa(36, 32, 8),   8.19e9,   8.19e9,  40 * _K),
    Model("qwen3-32b",               64,  5120, _gqa(64, 64, 8),   32.8e9,   32.8e9,  40 * _K),
    Model("qwen3-30b-a3b",           48,  2048, _gqa(48, 32, 4),   30.5e9,    3.4e9,  40 * _K, 128, 8),
    Model("qwen3-235b-a22b",         94,  4096, _gqa(94, 64, 4),  235.1e9,   22.2e9,  40 * _K, 128, 8),
    Model("qwen3-coder-480b-a35b",   62,  6144, _gqa(62, 96, 8),  480.2e9,   35.5e9, 256 * _K, 160, 8),
    Model("qwen3.5-397b-a17b",       60,  4096, _QWEN35,          397.0e9,   17.0e9, 256 * _K, 512, 10),
    Model("mixtral-8x7b",            32,  4096, _gqa(32, 32, 8),   46.7e9,   12.9e9,  32 * _K, 8, 2),
    Model("mixtral-8x22b",           56,  6144, _gqa(56, 48, 8),  140.6e9,   39.2e9,  64 * _K, 8, 2),
    Model("glm-4.5-air",             46,  4096, _gqa(46, 96, 8),  106.9e9,   13.4e9, 128 * _K, 128, 8),
    Model("minimax-m2.5",            62,  3072, _gqa(62, 48, 8),  228.7e9,   11.0e9, 192 * _K, 256, 8),
    Model("gpt-oss-20b",             24,  2880, _half_windowed(24), 20.9e9,   4.2e9, 128 * _K, 32, 4),
    Model("gpt-oss-120b",            36,  2880, _half_windowed(36), 116.8e9,  5.7e9, 128 * _K, 128, 4),
    Model("deepseek-v3",             61,  7168, _mla(61, 128),    671.0e9,   37.0e9, 160 * _K, 256, 8),
    Model("deepseek-r1",             61,  7168, _mla(61, 128),    671.0e9,   37.0e9, 160 * _K, 256, 8),
    Model("kimi-k2",                 61,  7168, _mla(61, 64),    1000.0e9,   32.0e9, 128 * _K, 384, 8),
    Model("kimi-k2.5",               61,  7168, _mla(61, 64),    1000.0e9,   32.0e9, 256 * _K, 384, 8),
    Model("glm-5",                   78,  6144, _mla(78, 64, 256, 256), 745.0e9, 40.0e9, 198 * _K, 256, 8),
)
# fmt: on

MODELS: Final[dict[str, Model]] = {model.name: model for model in _TABLE}
