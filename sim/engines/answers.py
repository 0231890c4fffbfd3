"""How long an answer may be, and how long a router takes it to be (docs/semantics.md, sections 2 and 7).

Both engines take these few lines from here. Lengths are whole tokens; a ``max_tokens`` of 0 means that there is none.
"""

from sim.compiled import hot
from sim.engines.outcome import COMPLETED, ERROR, IN_FLIGHT, LENGTH, NO_FINISH, STOP


@hot(cache=True, forceinline=True)
def least_tokens(prompt: int, max_tokens: int) -> int:
    """What an offer must hold of a request to take it: its prompt and all that may follow, or a first token."""
    return prompt + max(max_tokens, 1)


@hot(cache=True, forceinline=True)
def longest_answer(max_tokens: int, prompt: int, room: int) -> int:
    """The longest answer that an offer gives to a request which it can take, as `served_tokens` has it."""
    return max_tokens if max_tokens > 0 else room - prompt


@hot(cache=True, forceinline=True)
def served_tokens(output: int, max_tokens: int, prompt: int, room: int) -> int:
    """Length at which an answer ends at an offer; 0 if the offer cannot take the request.

    Parameters
    ----------
    output
        Its drawn length.
    max_tokens
        The longest answer that its customer asks for.
    prompt
        Length of the prompt.
    room
        Longest prompt and answer together that the offer can hold.
    """
    if least_tokens(prompt, max_tokens) > room:
        return 0
    return min(output, longest_answer(max_tokens, prompt, room))


@hot(cache=True, forceinline=True)
def expected_tokens(prior: float, max_tokens: int, tokens: int, answers: int) -> float:
    """What a router expects of an answer's length, from those of the class that it has seen end.

    Parameters
    ----------
    prior
        The class's own mean: it counts as one answer, tokens.
    max_tokens
        The longest answer that its customer asks for.
    tokens, answers
        Served tokens of the answers so far, and their number.
    """
    mean = (prior + tokens) / (1.0 + answers)
    return min(mean, float(max_tokens)) if max_tokens > 0 else mean


@hot(cache=True, forceinline=True)
def finish_of(outcome: int, served: int, drawn: int) -> int:
    """Finish reason of a request with this outcome, whose drawn answer was served so far (`sim.engines.outcome`)."""
    if outcome == COMPLETED:
        return LENGTH if served < drawn else STOP
    return NO_FINISH if outcome == IN_FLIGHT else ERROR
