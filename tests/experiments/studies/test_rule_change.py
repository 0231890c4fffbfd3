"""The change of rule by hand: shares as published, the frontier's slope, games with known ends, and known worlds."""

import math

import numpy as np
import pytest

from experiments.studies.assuming import at_point, factors_in
from experiments.studies.rule_change import STUDY, measures
from experiments.studies.rule_change.assumed import RuleChangeAssumptions
from experiments.studies.rule_change.batch_frontier import (
    CASES,
    BatchFrontier,
    best_batch,
    price_of_a_second,
    slope_at,
    usual_frontier,
)
from experiments.studies.rule_change.best_answers import NEW, OLD, PRICES, Game, Rule, least_cost, looks_of, options_of
from experiments.studies.rule_change.measures import ChangeCell
from experiments.verdicts.deciding import decide
from providers.games.unequal import router_prices
from sim.streams import Streams
from worlds.study_options import options

USUAL = RuleChangeAssumptions()
ALIKE = at_point(USUAL, {"rent_sd": 0.0, "engine_sd": 0.0})


def game(model="deepseek-v3", hosts=3, arm=NEW, assumed=USUAL, seed=7):
    return Game(model, hosts, arm, assumed, Streams(seed, 0))


def test_shares_are_the_published_ones():
    """Five endpoints of the documentation's figures: 35, 34, 22, 7 and 2 % of requests, each within one point."""
    rule = Rule(True, at_point(USUAL, {"ttft_cost": 0.0}))
    waits = rule.waits(1.0 / np.array([92.0, 125.0, 59.0, 77.0, 83.0]))
    costs = np.array([0.98, 1.32, 0.84, 1.54, 2.06]) + waits
    assert costs[0] == pytest.approx(0.98 + 100 / 92)
    assert 100 * rule.shares(costs) == pytest.approx([35.0, 34.0, 22.0, 7.0, 2.0], abs=1.0)


def test_old_shares_and_a_host_s_own_by_hand():
    old, new = Rule(False, USUAL), Rule(True, USUAL)
    assert old.shares(np.array([1.0, 2.0])) == pytest.approx([0.8, 0.2])
    assert old.own_share(np.array([1.0, 2.0]), np.array([1.0])) == pytest.approx([0.5, 0.2])
    # .07 dearer than the best has .905 of its weight, who is twice as dear only exploration
    assert new.own_share(np.array([1.07, 2.0]), np.array([1.0])) == pytest.approx(
        [0.92 * 0.905 / 1.905 + 0.04, 0.04])
    assert old.waits(np.array([0.02])) == [0.0]
    assert new.waits(np.array([0.02])) == pytest.approx([0.2 * 0.5 + 2.0])


def test_best_batch_is_where_the_slope_is_the_rule_s():
    """Cost 1/b and a time of .01 b: 1/b + 100 * .01 b is least at b = 1, at 4 with a sixteenth of the price."""
    batch = np.arange(1.0, 20.0)
    frontier = BatchFrontier(batch, 0.01 * batch, 1.0 / batch)
    assert best_batch(frontier, 100.0) == 0
    assert frontier.batch[best_batch(frontier, 100.0 / 16.0)] == 4.0
    assert slope_at(frontier, 3) == pytest.approx((1 / 3 - 1 / 5) / 0.02)  # 6.7 between neighbours, 6.25 at 4


@pytest.mark.parametrize(("model", "batch"), [("llama-3.3-70b", 5), ("deepseek-v3", 5)])
def test_slope_of_the_models_frontiers(model, batch):
    """An inner batch, at which the next smaller and the next larger one cost more: the slope passes 100 there."""
    frontier = usual_frontier(model, USUAL)
    place = best_batch(frontier, 100.0)
    assert frontier.batch[place] == batch
    assert 0 < place < len(frontier.batch) - 1
    # whole batches: the slope to the smaller neighbour is above 100, to the larger one below, and at it between the two
    smaller, larger = -np.diff(frontier.cost[place - 1:place + 2]) / np.diff(frontier.step_s[place - 1:place + 2])
    assert smaller > 100.0 > larger
    assert smaller > slope_at(frontier, place) > larger


def test_cost_of_a_batch_by_hand():
    """Eight GPUs at their rent, 17 requests of 400 answer tokens at once, 6,400 tokens a request, .6 used."""
    frontier = usual_frontier("deepseek-v3", USUAL)
    request_s = frontier.step_s[16] * 400 / 17
    assert frontier.cost[16] == pytest.approx(8 * 1.6 / 3600 * request_s / 6400 * 1e6 / 0.6)
    assert least_cost("deepseek-v3", USUAL) == frontier.cost[frontier.step_s <= 0.05].min()


def test_price_of_a_second_by_hand():
    """A ten-thousandth of a dollar for an answer token's second, times 6,400 tokens over 400: 5.76 USD an hour."""
    assert price_of_a_second(USUAL) == pytest.approx(1.6e-3)
    alone = at_point(USUAL, {"prompt": 1e-9})
    assert 3600 * price_of_a_second(alone) == pytest.approx(0.36)


def test_equal_hosts_under_the_old_rule_end_at_the_closed_form():
    """e = 1.6 with five: 2.667 times cost, within a step of the grid, at the largest batch; nobody moves."""
    found = game(hosts=5, arm=OLD, assumed=ALIKE).play(12)
    assert found.paid == pytest.approx(1.6 / 0.6, rel=0.002)
    assert found.moving == 0.0
    frontier = usual_frontier("deepseek-v3", ALIKE)
    assert math.exp(found.log_batch) == pytest.approx(frontier.batch[frontier.step_s <= 0.05].max())
    assert found.gpus == pytest.approx(1.0)
    assert found.profit == pytest.approx((found.paid - 1.0) / 5, rel=0.01)


def test_unequal_hosts_under_the_old_rule_end_at_theirs():
    """P7 with each host's own cost at its largest batch."""
    played = game(hosts=5, arm=OLD)
    played.play(12)
    costs = [it.frontier.cost[-1] for it in played.options]
    assert played.price == pytest.approx(router_prices(costs, 2.0), rel=0.003)


def test_of_two_rounds_the_second_is_the_last_half():
    """A host alone goes to the ceiling in its first answer and stays there, unmoved."""
    assert game(hosts=1).play(2)[:1] == (0.0,)
    alone = game(hosts=1)
    first = alone.price[0] / alone.least
    played = alone.play(1)
    assert first < played.paid == played.paths[-1, 0]
    assert played.moving == 1.0


def test_a_host_looks_at_its_best_batch_and_at_the_ceiling():
    """Costs 4, 2, 1 and waits 0, 1, 4: at g = 5 a margin of 5 - 3; a ceiling of 3 leaves it the last, of 5 - 5."""
    cost, waits = np.array([4.0, 2.0, 1.0]), np.array([0.0, 1.0, 4.0])
    free = looks_of(cost, waits, np.array([5.0]), 10.0)
    assert free.column.tolist() == [1, 0, 1, 2]
    assert free.price.tolist() == [4.0, 10.0, 10.0, 10.0]
    assert free.margin.tolist() == [2.0, 6.0, 8.0, 9.0]
    tight = looks_of(cost, waits, np.array([5.0, 9.0]), 3.0)
    assert tight.column.tolist() == [2, 0, 1, 2]  # 9 would be a price of 5 at the least
    assert tight.price.tolist() == [1.0, 3.0, 3.0, 3.0]


def test_with_a_high_ceiling_hosts_go_where_the_slope_is_the_rule_s():
    """Plain hosts, no exploration: whoever sells takes the batch of E138; a low ceiling keeps them from it."""
    free = at_point(ALIKE, {"exploration": 0.0, "ceiling": 1000.0})
    assert game(hosts=3, assumed=free).play(12).batch_gap == pytest.approx(0.0, abs=1e-12)
    assert game("gpt-oss-120b", 3).play(6).batch_gap > 1.0


def test_prices_alone_leave_the_batch():
    given, one = game(arm=PRICES), game()
    assert [len(it.frontier.batch) for it in given.options] == [1, 1, 1]
    assert given.options[0].frontier.batch[0] == one.options[0].frontier.batch[-1]
    assert given.closed.tolist() == one.closed.tolist()
    assert all((it.frontier.step_s <= USUAL.slowest_token_s).all() for it in one.options)


def test_a_host_s_luck_belongs_to_its_name():
    few, many = (options_of("deepseek-v3", hosts, USUAL, Streams(7, 0)) for hosts in (3, 5))
    assert few[2].frontier.cost == pytest.approx(many[2].frontier.cost)
    assert game().play(4).paid == game().play(4).paid != game(seed=8).play(4).paid


def test_every_assumption_moves_a_game_or_the_table():
    changed = {"prompt": 3000.0, "output": 800.0, "cached": 0.2, "slowest_token_s": 0.03, "first_s": 3.0,
               "utilisation": 0.5, "rent_sd": 0.3, "engine_sd": 0.4, "ceiling": 6.0, "speed_cost": 30.0,
               "ttft_cost": 3.0, "exploration": 0.3}
    usual = game().play(6).paths
    for name, value in changed.items():
        moved = game(assumed=at_point(USUAL, {name: value})).play(6).paths
        assert not np.array_equal(moved, usual), name
    assert game(arm=OLD, assumed=at_point(USUAL, {"exponent": 3.0})).play(4).paid < game(arm=OLD).play(4).paid
    found = STUDY.built_so()
    assert measures.carried(found, OLD)[0] == pytest.approx(20 * 20 * 0.1)  # size, hosts, profit of each
    counted = {"size", "entrants", "rounds", "entry_rounds"}
    assert {*changed, "exponent", *counted} == set(RuleChangeAssumptions.model_fields)


def test_games_are_as_long_and_as_crowded_as_asked(monkeypatch):
    played = []
    monkeypatch.setattr(measures.Game, "play", lambda self, rounds: played.append((self.hosts, rounds)))
    short = STUDY.design(options(STUDY, "--replications", "1", "--assume", "entrants=7", "--assume", "entry_rounds=5"))
    found = measures.find_change(short, lambda: None)
    assert set(played) == {(3, 60), (5, 60), (10, 60), (7, 5)}
    assert {cell.hosts for cell in found.crowded[0]} == {7}


def test_worlds_built_so_and_opposite():
    for world, said in ((STUDY.built_so(), "supported"), (STUDY.opposite(), "contradicted")):
        assert decide(STUDY.rule, STUDY.statistics(world), STUDY.control(world)).said == said


def test_the_table_by_hand():
    """A price that rises by 1 of the least cost, and .03 s a token less: customers gain from that price of time on."""
    found = STUDY.built_so()
    table = measures.summary(found).set_index(["quantity", "arm"])["mean"]
    assert table["price paid over the least cost", NEW] == 3.0
    assert table["batch, geometric mean", OLD] == pytest.approx(64.0)
    assert table["speed", NEW] == pytest.approx(50.0)
    assert table["distance of log batch from E138: deepseek-v3", NEW] == 0.0
    least = [least_cost(model, USUAL) for model in CASES]
    full = np.mean([2.0 + 100 * 0.05 / it for it in least])
    assert table["price paid and waiting at the rule's value of time", OLD] == pytest.approx(full)
    assert table["cost of serving and waiting at the rule's value of time", OLD] == pytest.approx(full - 0.6)
    assert table["value of time from which customers gain", NEW] == pytest.approx(
        np.median(least) / 0.03 * 1e-6 * 16 * 3600)
    assert table["price of waiting in the rule", NEW] == pytest.approx(5.76)
    assert STUDY.inputs_alone(found)["L0 batch_move: slope of the frontier (E138)"][0] > 1.0


def test_statistics_at_a_point_by_hand(monkeypatch):
    """Of five hosts and half of the rounds, the same three numbers."""
    so = STUDY.built_so().seeds[0]
    monkeypatch.setattr(measures, "Game", lambda *it: FakeGame(so[ChangeCell(*it[:3])]))
    got = measures.statistics_at(STUDY.design(options(STUDY)), {"ceiling": 8.0})
    assert got == pytest.approx({"batch_gap": 0.0, "batch_move": math.log(4.0), "moving": 1.0})


class FakeGame:
    def __init__(self, end):
        self.end = end

    def play(self, rounds):
        assert rounds == 30
        return self.end


def test_what_is_varied():
    assert "speed_cost" in {it.path for it in factors_in(USUAL)}
