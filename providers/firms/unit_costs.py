"""What a million tokens of an offer cost its seller now: with GPU prices and with what it expects to sell."""

from collections.abc import Callable, Sequence

from providers.cost.expected_volume import idle_factor
from providers.firms.expectations import Usage
from providers.firms.shelf import PlannedOffer
from sim.scenario.firm_settings import SupplySettings


class UnitCosts:
    """Unit costs of all offers; rows as in ``Desk.offers``. A cost is reckoned once a day, and when it is asked for.

    Parameters
    ----------
    planned
        All offers, in the order of their rows.
    settings
        Supply: the planned utilisation, and how costs are reckoned.
    usage
        What sellers know of the traffic.
    cost_per_hour
        Cost now of one GPU under an offer (row, day), USD per hour.
    """

    def __init__(self, planned: Sequence[PlannedOffer], settings: SupplySettings, usage: Usage,
                 cost_per_hour: Callable[[int, int], float]) -> None:
        self._planned, self._usage, self._cost_per_hour = planned, usage, cost_per_hour
        self._target, self._terms = settings.autoscaling.target_utilisation, settings.costing
        self._cost_of, self._usd = [(-1, -1)] * len(planned), [0.0] * len(planned)

    def usd_per_mtok(self, row: int, day: int) -> float:
        """Cost of a million tokens as the offer expects to serve them (S3, at its expected volume E50), USD."""
        served = self._usage.served
        if self._cost_of[row] != (day, served.days):
            self._cost_of[row] = (day, served.days)
            self._usd[row] = self._reckoned(row, day, float(self._usage.replicas[row]))
        return self._usd[row]

    def at(self, row: int, day: int, load: float) -> float:
        """The same if its demand filled ``load`` replicas, USD."""
        return self._reckoned(row, day, load)

    def gpu_hour(self, row: int, day: int) -> float:
        """Cost of an hour of one GPU under an offer, USD, in the money in which prices are posted."""
        return self._cost_per_hour(row, day)

    def _reckoned(self, row: int, day: int, load: float) -> float:
        if self._terms.basis == "marginal":
            return self._terms.variable_usd_per_mtok
        served, hour = self._usage.served, self._cost_per_hour(row, day)
        usd = served.capacity(row).cost_usd_per_mtok(
            self._planned[row].hardware.gpus * hour, self._target, served.shape(row).mix)
        if self._terms.basis == "volume":
            usd *= idle_factor(max(load, self._terms.least_load))
        return usd + self._terms.variable_usd_per_mtok
