"""The records of bills: what a part of an answer costs, and prices by the length of a prompt."""

from sim.engines.record import Record, i4, i8


class PartBill(Record):
    """What an attempt would cost if its answer were not complete; kept where somebody pays for that."""

    prompt_pico: int = i8("charge for the prompt, pico-dollars")
    price_out: int = i8("price of an output token, pico-dollars")
    kept_ppm: int = i4("what the discount leaves of the bill, millionths")
    client_class: int = i4("class of its request")
    cohort: int = i4("warm-up or measured (sim.engines.outcome)")
    left: int = i4("1 if its customer left after the first token")
    own_key: int = i4("1 if it came with its customer's own key")


class TierRow(Record):
    """Prices of an offer for longer prompts, pico-dollars a token."""

    above_tokens: int = i8("they hold for prompts of more tokens")
    input: int = i8("a prompt token")
    output: int = i8("an output token")
    cached: int = i8("a cached prompt token")
    write: int = i8("a prompt token that is not read from the cache")
