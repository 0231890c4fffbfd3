"""When the engine hears of outages and slow spells: from the moment on at which an offer is first for sale."""

from types import SimpleNamespace

from sim.market.market_traffic import MarketTraffic


class Heard:
    """An engine that notes what it is told."""

    def __init__(self):
        self.now_s, self.told = 0.0, []

    def set_up(self, offer, up):
        self.told.append((offer, up))

    def set_slowdown(self, offer, factor):
        self.told.append((offer, factor))


def test_an_offer_s_state_is_told_when_it_is_first_for_sale():
    engine = Heard()
    traffic = MarketTraffic(engine, SimpleNamespace(), SimpleNamespace(), 3)
    traffic.set_up(0, False)
    traffic.set_up(1, False)
    traffic.set_up(1, True)
    traffic.set_slowdown(1, 4.0)
    traffic.set_slowdown(1, 3.0)
    assert engine.told == []
    assert traffic.up.tolist() == [False, True, True]
    for offer in range(3):
        traffic.show(offer)
    assert engine.told == [(0, False), (1, 3.0)]
    traffic.set_up(0, True)
    traffic.set_slowdown(2, 2.0)
    assert engine.told[2:] == [(0, True), (2, 2.0)]


def test_shares_of_time_in_which_offers_were_up_count_those_never_for_sale():
    engine = Heard()
    traffic = MarketTraffic(engine, SimpleNamespace(), SimpleNamespace(), 2)
    engine.now_s = 25.0
    traffic.set_up(0, False)
    engine.now_s = 100.0
    assert traffic.up_share().tolist() == [0.25, 1.0]
