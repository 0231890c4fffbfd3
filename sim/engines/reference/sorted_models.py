"""At which of its models a request is placed, where their offers are sorted together (semantics, section 15)."""

from sim import view
from sim.engines.reference.network import Channels
from sim.engines.reference.place import Candidates, Placer
from sim.engines.reference.preferences import Leader
from sim.engines.reference.request import LiveRequest
from sim.engines.reference.terms import PostedPrice
from sim.engines.wanted import models_together, queue_of_models


class SortedModels(Placer):
    """A placer that knows requests whose preferences do not keep models apart.

    Parameters
    ----------
    index, network, prices
        As for `Placer`.
    """

    def __init__(self, index: int, network: Channels, prices: list[PostedPrice]) -> None:
        super().__init__(index, network, prices)
        self.together = models_together(self.world)  # by class; none: models go in turn
        self.queue_of = queue_of_models(self.world)  # by model

    def _models_of(self, request: LiveRequest) -> tuple[int, ...]:
        """Models at which its next attempt may be placed."""
        return self.together[request.client_class] or (request.model,)

    def _ask_best_model(self, request: LiveRequest) -> None:
        """Let a request ask for the model whose open offers go first, if all of its models are sorted together."""
        if not self.together[request.client_class]:
            return
        if self._tried_all(request) and self.settings.attempts.retry_tried:
            request.tried.clear()
            self._tried_all(request)

    def _tried_all(self, request: LiveRequest) -> bool:
        """Let it ask for the best model; True if there is none, and some offer is closed only by being tried."""
        asked, best, only_tried = request.model, None, False
        for model in self._models_of(request):
            request.model = model
            candidates = self._find_candidates(request)
            only_tried |= candidates.only_tried
            if not candidates.open:
                continue
            leader = self._leader(request, candidates)
            if best is None or leader.goes_before(best):
                asked, best = model, leader
        request.model = asked
        return best is None and only_tried

    def _leader(self, request: LiveRequest, candidates: Candidates) -> Leader:
        wishes = self.wishes[request.client_class]
        assert wishes is not None  # it sorts
        self._prefer(request, candidates)
        for offer in candidates.open:
            row = self.live[offer]
            row[view.COST_USD] = self.prices[offer].cost_usd(row, request)
        return wishes.leader(request, candidates.open, self.observed, self.live)

    def _some_may_return(self, request: LiveRequest, candidates: Candidates) -> bool:
        """True if an offer that rests could serve the request once it returns."""
        return candidates.resting or any(
            self._may_return(request, offer) and not self._is_usable(request, offer)
            for model in self.together[request.client_class] for offer in self._offers_of(model))
