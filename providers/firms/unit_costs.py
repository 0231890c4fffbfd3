"""What a million tokens of an offer cost its seller now: with GPU prices and with what it expects to sell."""

from collections.abc import Callable, Sequence

from providers.cost.expected_volume import idle_factor
from providers.firms.expectations import Usage
from providers.firms.shelf import PlannedOffer
from sim.scenario.firm_settings import SupplySettings


class UnitCosts:
    """Unit costs of all offers; rows as in ``Desk.offers``. What it costs is reckoned once a day, when it is asked for.

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
        count = len(planned)
        self._hour_of, self._hour_usd = [-1] * count, [0.0] * count
        self._full_of, self._full_usd = [(-1, -1)] * count, [0.0] * count
        self._cost_of, self._usd = [(-1, -1)] * count, [0.0] * count

    def usd_per_mtok(self, row: int, day: int) -> float:
        """Cost of a million tokens as the offer expects to serve them (S3, at its expected volume E50), USD."""
        now = (day, self._usage.served.days)
        if self._cost_of[row] != now:
            self._cost_of[row] = now
            self._usd[row] = self.at(row, day, float(self._usage.replicas[row]))
        return self._usd[row]

    def at(self, row: int, day: int, load: float) -> float:
        """The same if its demand filled ``load`` replicas, USD."""
        if self._terms.basis == "marginal":
            return self._terms.variable_usd_per_mtok
        usd = self._as_planned(row, day)
        if self._terms.basis == "volume":
            usd *= idle_factor(max(load, self._terms.least_load))
        return usd + self._terms.variable_usd_per_mtok

    def gpu_hour(self, row: int, day: int) -> float:
        """Cost of an hour of one GPU under an offer, USD, in the money in which prices are posted."""
        if self._hour_of[row] != day:
            self._hour_of[row], self._hour_usd[row] = day, self._cost_per_hour(row, day)
        return self._hour_usd[row]

    def _as_planned(self, row: int, day: int) -> float:
        """Cost of a million tokens on replicas that are as full as planned, USD."""
        served = self._usage.served
        if self._full_of[row] != (day, served.days):
            self._full_of[row] = (day, served.days)
            self._full_usd[row] = served.capacity(row).cost_usd_per_mtok(
                self._planned[row].hardware.gpus * self.gpu_hour(row, day), self._target, served.shape(row).mix)
        return self._full_usd[row]
