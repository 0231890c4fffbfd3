"""Errors a user can act on: one sentence each, never a traceback at the command line."""


class MarketError(Exception):
    """Base of every error that is the user's to mend; its text is one clear sentence."""


class ScenarioError(MarketError):
    """A scenario field is wrong; the text names the field, the value and what is allowed."""


class TraceError(MarketError):
    """A trace file cannot be read; the text names the file and the line."""


class PolicyError(MarketError):
    """A routing policy is unknown, cannot be compiled, or broke its contract."""


class InvariantError(MarketError):
    """A run broke one of the always-on invariants; the text names it and the numbers."""


class OutputError(MarketError):
    """Results cannot be written where the user asked for them."""


class MarketWarning(UserWarning):
    """Something is missing from a result that a reader would take for whole; the text says what, in one sentence."""
