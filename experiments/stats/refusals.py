"""Why a statistic is refused."""

from sim.errors import MarketError


class StatisticsError(MarketError):
    """Too little data, or data of the wrong shape, for the estimate asked for; the text says what is lacking."""
