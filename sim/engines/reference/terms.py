"""What an offer charges, as it stands (semantics, sections 8 and 12)."""

from dataclasses import dataclass

from sim import view
from sim.engines.bill import Terms, expected_usd
from sim.engines.reference.request import LiveRequest
from sim.engines.schedule import Schedule


@dataclass
class PostedPrice:
    """The schedule of an offer, and whether the offer is listed."""

    schedule: Schedule
    listed: bool = True

    def terms_of(self, request: LiveRequest) -> Terms:
        """The prices that hold for a request: those of its prompt's tier."""
        return self.schedule.terms(request.prompt)

    def caching_saves(self, request: LiveRequest) -> bool:
        """True if a request's prompt costs less where it is read from the cache."""
        terms = self.terms_of(request)
        return terms.cached < terms.input

    def cost_usd(self, shown: list[float], request: LiveRequest) -> float:
        """What a router expects the request to cost; ``shown`` is the offer's row of its view."""
        if self.schedule.is_plain:
            return (request.prompt * shown[view.PRICE_IN] + request.expected_output * shown[view.PRICE_OUT]) / 1e6
        return float(expected_usd(self.terms_of(request), request.prompt, request.expected_output))
