"""The record of what client classes prefer (`sim.engines.compiled.records`)."""

from sim.engines.record import Record, f8, i4, i8


class Wish(Record):
    """What classes prefer (sim.scenario.preference_settings)."""

    max_prompt: float = f8("dearest input price, USD per million tokens; inf: any")
    max_completion: float = f8("dearest output price, USD per million tokens; inf: any")
    max_request: float = f8("dearest price of a request, USD; inf: any")
    ttft_p50: float = f8("preferred at most, s; inf: anything")
    ttft_p75: float = f8("preferred at most, s; inf: anything")
    ttft_p90: float = f8("preferred at most, s; inf: anything")
    ttft_p99: float = f8("preferred at most, s; inf: anything")
    throughput_p50: float = f8("preferred at least, tokens/s; 0: anything")
    throughput_p75: float = f8("preferred at least, tokens/s; 0: anything")
    throughput_p90: float = f8("preferred at least, tokens/s; 0: anything")
    throughput_p99: float = f8("preferred at least, tokens/s; 0: anything")
    places: int = i8("places in the order, that of all offers not named in it included")
    sort: int = i4("what offers are sorted by: index into sim.engines.ranks.SORTS")
    together: int = i4("1 if offers of several models are sorted together")
    ordered: int = i4("1 if there is an order: sessions do not stick")
    decides: int = i4("1 if the policy is not asked where one offer is left")
    alone: int = i4("1 if no offer but the one chosen first may be tried")
    keyed: int = i4("1 if there are own keys")
    shared: int = i4("1 if an offer with an own key may also be used with the router's")
    percentiles: int = i4("1 if any percentile is preferred")
    quartiles: int = i4("1 if a p75 is among them")
