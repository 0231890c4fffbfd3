"""Speculative decoding of an offer: how much is drafted, how much of it is accepted, and what drafting costs."""

from sim.scenario.base import Part, quantity

DEEPSEEK = "DeepSeek-V3, arXiv 2412.19437, section 5.4.3: "


class Speculation(Part):
    """A draft that a step checks: the step then gives one token, and those of the draft that are accepted (E27)."""

    draft_tokens: int = quantity(1, unit="tokens", doc="Tokens that are drafted for each check", ge=1, le=32,
                                 source=DEEPSEEK + "its module drafts one")
    acceptance: float = quantity(0.85, unit="1", doc="Share of drafted tokens that are accepted, each whatever came "
                                 "before it", ge=0, le=1, source=DEEPSEEK + "85 to 90% over topics")
    draft_cost: float = quantity(0.02, unit="1", doc="Time of drafting a token over the time of a step without a draft",
                                 ge=0, le=10, source="Leviathan et al. 2023, section 3.3: always less than 0.05; "
                                 "assumption: one layer of 61, and the output layer")
