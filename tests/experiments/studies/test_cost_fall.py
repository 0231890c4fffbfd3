"""GPUs that become cheaper: which share of what is added to spend is mix, one start for all, and the control."""

from math import e, isnan, log

import pandas as pd
import pytest

from experiments.cli.options import whole_numbers
from experiments.measures.market.model_days import model_days
from experiments.measures.market.run import Run
from experiments.output.figure_style import look
from experiments.runs.demand_alone import ListPrices
from experiments.runs.run_market import run_market
from experiments.scenarios import load_market
from experiments.studies.climb.two_rungs import Rungs
from experiments.studies.climb.two_worlds import CLIMB
from experiments.studies.cost_fall import STUDY
from experiments.studies.cost_fall.design import CLOSED, ENTRY, KEPT, CostFall, FallCell, read_back
from experiments.studies.cost_fall.fallen_worlds import world
from experiments.studies.cost_fall.falls_weighed import by_cell, control
from experiments.studies.cost_fall.figures import figure_of
from experiments.studies.cost_fall.measures import ALL, COLUMNS, LISTED, OPEN, FoundFalls, mix_share, summary
from experiments.studies.cost_fall.open_rung import bought_beside, by_hand
from sim.errors import ScenarioError
from sim.scenario import MarketScenario
from sim.scenario.cost_settings import GpuFall
from sim.scenario.load import override
from worlds.shelf import MODELS
from worlds.small_markets import small
from worlds.study_options import options


def test_the_share_of_mix():
    """Mix over both where neither falls; who buys more of smaller models does not climb, though that ratio were 3."""
    assert mix_share(0.15, 0.05) == pytest.approx(0.75)
    assert mix_share(-0.3, 0.2) == 0.0
    assert mix_share(0.3, -0.2) == 1.0
    assert mix_share(0.2, 0.2) == 0.5
    assert isnan(mix_share(0.0, 0.0))


def test_an_open_model_alone_cheaper_by_hand():
    """Median worth e, σ 1, a big model of cost 3 and quality 2. The small one at half its price: live 1 − Φ(ln .5 − 1)
    = .95479; the big one pays from a worth of (3 − .5)/(2 − 1) = 2.5: 1 − Φ(ln 2.5 − 1) = .53336, where it was .62052.
    """
    assert bought_beside(Rungs(3.0, 2.0), 1.0, e, 1.0) == pytest.approx([0.84134 - 0.62052, 0.62052], abs=1e-5)
    assert bought_beside(Rungs(3.0, 2.0), 2.0, e, 1.0) == pytest.approx([0.95479 - 0.53336, 0.53336], abs=1e-5)
    table = by_hand()
    assert (table[["alone_at_2", "alone_at_5"]] == 0.0).all(axis=None)
    assert (table["both_at_5"] > table["both_at_2"]).all()


@pytest.fixture(scope="module")
def climbs() -> FoundFalls:
    return world(load_market("openrouter-2026"), CLIMB, 2)


def test_a_world_that_climbs_has_the_share_worked_by_hand(climbs):
    """A thousand requests, .8 with a small open model at .001 USD, .2 with a closed one at .02: 4.8 USD. Then 1050,
    half of the open ones' with a big one of .01, open prices halved. Mix: −.4·(.766667) + .4·(7.666667) = 2.76; volume:
    50·(.000466667 + .001333333 + .004) = .29; so the share is 1/2 + 2.47/6.1 = .904918, and mix 2.76/4.8 of spend.
    """
    cells = by_cell(climbs.frame, ENTRY, ALL, "mix_share")
    assert cells[2.0, 30] == cells[2.0, 360] == pytest.approx([0.904918] * 2, abs=1e-6)
    assert by_cell(climbs.frame, ENTRY, ALL, "mix_over_spend")[2.0, 30] == pytest.approx([0.575] * 2)
    # 1050 requests: .42·.0005·1000 + .42·5 + .21·20 = 6.51 USD
    assert by_cell(climbs.frame, ENTRY, ALL, "log_spend")[2.0, 30] == pytest.approx([log(6.51 / 4.8)] * 2)
    open_ = summary(climbs.frame).set_index(["arm", "divisor", "after_days", "tokens"]).loc[(ENTRY, 5.0, 30, OPEN)]
    assert open_["open_price"] == pytest.approx(0.2)
    assert open_["passed_on"] == pytest.approx(1.0)


def test_what_is_weighed_is_of_all_tokens_in_the_market_with_entry(climbs):
    frame = climbs.frame
    other = (frame["arm"] == CLOSED) | (frame["tokens"] != ALL)
    frame = frame.assign(value=frame["value"].where(~(other & (frame["metric"] == "mix_share")), 0.3))
    mine = FoundFalls(climbs.design, frame)
    assert STUDY.statistics(mine) == STUDY.statistics(climbs)
    assert min(STUDY.statistics(climbs)["least_share"]) > 0.5
    rungs = STUDY.inputs_alone(mine)
    assert rungs["L1 most share"] == [0.3, 0.3]
    assert rungs["L0 most share"] == [0.0]


def test_the_control_is_the_day_on_which_spend_differs_more():
    rows = [(KEPT, 5.0, day, ALL, seed, "log_spend", value) for day, both in ((30, (0.1, -0.1)), (360, (-0.03, -0.02)))
            for seed, value in enumerate(both)]
    assert control(FoundFalls(None, pd.DataFrame(rows, columns=list(COLUMNS)))) == [-0.03, -0.02]


def market(**changes) -> MarketScenario:
    return small(supply={"entry": {"types": 3}, **changes})


def test_cells_points_and_days():
    design = CostFall(market(), (1.0, 2.0, 5.0))
    both = [FallCell(arm, d) for arm in (ENTRY, CLOSED) for d in (1.0, 2.0, 5.0)]
    assert design.cells() == [*both, FallCell(KEPT, 5.0)]
    assert [design.cells().index(design.base_of(cell)) for cell in design.cells()] == [0, 0, 0, 3, 3, 3, 0]
    base = design.base
    assert (base.horizon.days, base.horizon.sampled_per_day, base.supply.gpu_fall.day) == (540, 4000, 180.0)
    assert {name: firm.exit_months for name, firm in base.supply.firms.items()} == {
        "atlas": 6.0, "boreal": 6.0, "openai": None}
    assert design.points()[-1] == {
        "supply.gpu_fall.divisor": 5.0, "supply.gpu_fall.kept": True, "supply.entry.types": 3}
    assert design.points()[3]["supply.entry.types"] == 0
    assert (design.window(30), design.window(360)) == (range(203, 210), range(533, 540))
    assert read_back(design.scenario, design.parameters()) == design
    short = STUDY.quick(design).design
    assert (short.divisors, short.replications, short.base.horizon.days) == ((1.0, 5.0), 1, 50)


@pytest.mark.parametrize(("changes", "words"), [
    ({"divisors": (2.0, 5.0)}, "divisors are 2, 5; they must begin with 1"),
    ({"divisors": (1.0, 1e4)}, "divisors are 1, 10000; each must be from 0.001 to 1000"),
    ({"after": (30, 30)}, "days after the fall are 30, 30, but must be whole numbers in rising order"),
    ({"measured_days": 31}, "measured days are 31, but must be 1 to 30"),
    ({"fall_day": 0}, "the day of the fall is 0, but must be at least 1"),
    ({"scenario": small()}, "supply.entry.types is 0, but must be above 0"),
    ({"scenario": market(gpu_fall={"divisor": 2.0})}, "supply.gpu_fall.divisor is 2, but must be 1")])
def test_what_is_refused(changes, words):
    with pytest.raises(ScenarioError, match=words):
        CostFall(**{"scenario": market(), **changes})


def test_days_are_whole():
    assert whole_numbers("30,360", "--after") == (30, 360)
    for text in ("1.5", "30,nan", "inf"):
        with pytest.raises(ScenarioError, match=f"--after is '{text}', but must be whole numbers such as 30,360"):
            whole_numbers(text, "--after")


def test_only_the_default_market_as_it_is_is_full():
    usual = CostFall(load_market(STUDY.scenario))
    assert STUDY.is_full(usual) == ""
    assert "other falls" in STUDY.is_full(CostFall(usual.scenario, (1.0, 5.0)))
    assert "days other than" in STUDY.is_full(CostFall(usual.scenario, fall_day=100))
    assert "fewer than 4,000" in STUDY.is_full(CostFall(usual.scenario, sampled=1000))
    other = override(usual.scenario, ["customers.choice.taste=0.06"])
    assert "is not openrouter-2026" in STUDY.is_full(CostFall(other))
    assert options(STUDY).sampled == 4000


def test_open_models_cost_less_at_list_prices_once_gpus_do_and_sellers_do_not_keep_it():
    for fall, after in ((GpuFall(divisor=4.0, day=50.0), 0.05e6), (GpuFall(divisor=4.0, kept=True), 0.2e6)):
        desk = ListPrices(MODELS, 1.0, gpus=fall)
        assert desk.paid_pico_per_token()[0] == pytest.approx([3e6, 0.2e6])
        desk.env.run(until=50 * 86_400)
        assert desk.paid_pico_per_token()[0] == pytest.approx([3e6, after])


def test_a_market_is_the_same_until_gpus_fall_and_its_prices_are_where_sellers_keep_it():
    """Two days before and six after: hosts who price by cost post less then, and all pay a quarter."""
    firms = {name: {"pricing": {"kind": "cost_plus"}, "exit_months": None} for name in ("atlas", "boreal")}
    calm = small(horizon={"days": 8, "sampled_per_day": 200}, supply={"firms": firms, "gpu_fall": {"day": 2.0}})
    none, fallen, kept = (run_market(override(calm, [f"supply.gpu_fall.{it}" for it in words]))[0] for words in (
        (), ("divisor=4.0",), ("divisor=4.0", "kept=true")))
    first, then = (pd.DataFrame(model_days(Run(it))) for it in (none, fallen))
    assert len(first[first["day"] < 2])
    pd.testing.assert_frame_equal(first[first["day"] < 2], then[then["day"] < 2])
    for other in (fallen, kept):
        bills = [{(it.day, it.provider): it.cost_nano / (it.owned + it.rented) for it in run.pool_days
                  if it.provider == "atlas"} for run in (none, other)]
        assert [bills[0][day, "atlas"] / bills[1][day, "atlas"] for day in (1, 2)] == pytest.approx([1.0, 4.0])
    assert (kept.prices_daily == none.prices_daily).all()
    assert (fallen.prices_daily[:2] == none.prices_daily[:2]).all()
    hosts = [row for row, offer in enumerate(none.offers) if offer.provider != "openai"]
    assert fallen.prices_daily[-1, hosts].sum() < 0.6 * none.prices_daily[-1, hosts].sum()


def test_demand_at_list_prices_keeps_its_cells_apart(climbs):
    assert by_cell(climbs.frame, ENTRY, LISTED, "mix_share").keys() == {(d, a) for d in (2.0, 5.0) for a in (30, 360)}


class Tables:
    """A folder that holds the tables of findings."""

    def __init__(self, found: FoundFalls):
        self.parameters = found.design.parameters()
        self._tables = {f"{name}.csv": table for name, table in STUDY.own_tables(found).items()}

    def table(self, name):
        return self._tables[name]


def test_sentences_and_figure_of_a_world_worked_by_hand(climbs):
    """Passed on in full; three offers each of two open models on one of seven days: 6/7; 6.51 USD are 1.36 of 4.8."""
    share, passed, spend, hand = STUDY.sentences(Tables(climbs))
    assert "With entry, all tokens: 0.9049 ± 0 (GPUs / 2, day 30), " in share
    assert "over 7 days up to the day named" in share
    assert "sellers of open models pass on 1.00 with 0.857 offers (GPUs / 2, day 30), " in passed
    assert "by 0.3" in spend
    assert "0.00 at 1/2 where the small one alone gets cheaper, 0.23 where both do" in hand
    figure = figure_of(climbs)
    assert [axis.get_title("left") for axis in figure.axes[:2]] == ["Climb, or more of the same: day 30",
                                                                    "What open models cost: day 30"]
    entry = next(line for line in figure.axes[1].lines if line.get_color() == look(1)[0])
    assert entry.get_ydata() == pytest.approx([1.0, 0.5, 0.2])
    assert len(figure_of(climbs, 1).axes) == 6
