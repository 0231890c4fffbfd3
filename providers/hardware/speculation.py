"""Speculative decoding as a factor on the time of decoding (E27).

    (E27)  E = (1 - alpha^(gamma + 1)) / (1 - alpha),   s = (1 + c gamma) / E

gamma tokens are drafted at c of a step each, and checked by one step, which gives E tokens on average if each is
accepted with probability alpha (Leviathan, Kalman and Matias, "Fast Inference from Transformers via Speculative
Decoding", ICML 2023, equation 1 and theorem 3.8). The engines' steps give one token to each request, so that a step
here is a share 1/E of such a check, and lasts s of what it would.
"""

from sim.engines.steptime import StepCoefficients
from sim.scenario.speculation_settings import Speculation


def expected_tokens(draft_tokens: int, acceptance: float) -> float:
    """Return the mean tokens of a check: one, and of the draft those before the first that is refused (E27)."""
    return sum(acceptance ** number for number in range(draft_tokens + 1))  # also where all are accepted


def time_factor(speculation: Speculation) -> float:
    """Return the time of a token over that without speculation, where reading binds (E27)."""
    cost = 1.0 + speculation.draft_cost * speculation.draft_tokens
    return cost / expected_tokens(speculation.draft_tokens, speculation.acceptance)


def speculative(step: StepCoefficients, speculation: Speculation) -> StepCoefficients:
    """Fold speculation into the coefficients of E1.

    What a step costs whatever it computes, and what it reads, is paid once a check: it is multiplied by s. A check
    touches the experts of all the tokens that it computes, and exchanges these between GPUs. Computing stays what it is
    for a token: where it binds, engines stop drafting, and prompts, which are not drafted, are computed as before.
    """
    factor = time_factor(speculation)
    checked = 1 + speculation.draft_tokens
    wasted = checked / expected_tokens(speculation.draft_tokens, speculation.acceptance) - 1.0
    return step._replace(
        base_s=step.base_s * factor, weights_s=step.weights_s * factor, experts_s=step.experts_s * factor,
        miss_log=step.miss_log * checked, kv_s=step.kv_s * factor,
        # of requests that decode: the exchange of tokens that come to nothing
        sequence_s=step.sequence_s * factor + step.comm_token_s * wasted,
    )
