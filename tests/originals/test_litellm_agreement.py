"""Our presets against LiteLLM's own classes, fed the same events: each decision, and runs with an original in the loop.

They need litellm, which does not resolve under the project's own pins: `.ci/run` makes an environment for them
(extra ``originals``, `constraints-originals.txt`), and fails if they are skipped.
"""

import random
from importlib.util import find_spec

import numpy as np
import pytest

if find_spec("litellm") is None:
    pytest.skip("litellm is not installed", allow_module_level=True)

import tokenmarket as tm
from originals.happenings import STRATEGIES, WORLDS
from policies import POLICIES, bind, register
from policies.litellm_original import LiteLlmOriginal
from policies.original import policy_of
from policies.trial import Trial, blank_view, plain_request
from sim import view as v
from sim.scenario import PolicyChoice
from worlds.scripts import example

LATENCY = (  # the settings of LiteLLM and ours: streams or not, options
    ({}, True, {}),
    ({}, False, {"streaming": False}),
    ({"ttft_percentile": 0.9}, True, {"ttft_percentile": 0.9}),
    ({"lowest_latency_buffer": 0.3, "max_latency_list_size": 4, "ttl": 120.0}, True,
     {"buffer": 0.3, "list_size": 4, "ttl_s": 120.0}),
)


def trial(kind, rows, **parameters):
    return Trial(bind(PolicyChoice(kind=kind, **parameters)), rows, compiled=False)


def agreement(world, original, ours):
    """Whether ours agrees with each decision of the original, which is obeyed."""
    agrees = []

    def decide(view, request, u):
        row = original.choose(view, request, u)
        agrees.append(ours.choose(view, request, u) == row)
        return row

    def tell(event):
        original.observe(event)
        ours.observe(event)

    world.play(decide, tell)
    return agrees


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_decision_is_that_of_litellm(strategy):
    agrees = [one for world in WORLDS for one in agreement(
        world, LiteLlmOriginal(strategy, world.deployments), trial(f"litellm_{strategy}", world.deployments))]
    assert len(agrees) >= 4000
    assert np.mean(agrees) >= 0.995


@pytest.mark.parametrize(("arguments", "streams", "parameters"), LATENCY[1:])
def test_options_of_latency_are_litellms(arguments, streams, parameters):
    world = WORLDS[1]
    agrees = agreement(world, LiteLlmOriginal("latency", world.deployments, arguments, streams),
                       trial("litellm_latency", world.deployments, **parameters))
    assert np.mean(agrees) >= 0.995


@pytest.mark.parametrize(("rpm", "tpm"), [
    ((100, 300, None), (None, None, None)), ((None, 300, 100), (10, 10, 20)), ((None, None, None), (5, None, 15)),
    ((None, None, None), (None, None, None)),
])
def test_shares_of_the_shuffle_are_litellms(rpm, tpm):
    """Three shares of four cases within three standard errors of a difference: a false alarm in 3 %, seeds fixed."""
    view, draws = blank_view(3), 20_000
    for column, limits in ((v.RPM_LIMIT, rpm), (v.TPM_LIMIT, tpm)):
        view[:, column] = [v.NO_LIMIT if limit is None else limit for limit in limits]
    original, ours = LiteLlmOriginal("shuffle", 3, draws=random.Random(11)), trial("litellm_shuffle", 3)
    uniform = random.Random(12)
    seats = ((original, 0.0), (ours, None))
    shares = [np.bincount([seat.choose(view, plain_request(), uniform.random() if u is None else u)
                           for _ in range(draws)], minlength=3) / draws for seat, u in seats]
    share = np.mean(shares, axis=0)
    assert (np.abs(shares[0] - shares[1]) <= 3 * np.sqrt(2 * share * (1 - share) / draws)).all()


@pytest.fixture(scope="module")
def tails():
    """E2E p99 of ours, of LiteLLM with the requests' uniforms, with chance of its own, and of random, in four runs."""
    seeds = iter(range(1000))
    makers = {"own_latency_by_request": lambda rows: LiteLlmOriginal("latency", rows),
              "own_latency": lambda rows: LiteLlmOriginal("latency", rows, draws=random.Random(next(seeds)))}
    for kind, make in makers.items():
        register(policy_of(kind, make, "LiteLLM's own class.", "litellm"))
    with tm.compare(example("real_router").market(120.0), ["litellm_latency", *makers, "random"], 4) as results:
        found = results.table("metrics")
    for kind in makers:
        del POLICIES[kind]
    return found[found["metric"] == "e2e_p99_s"].pivot(index="replication", columns="policy", values="value")


def test_with_the_requests_uniforms_a_run_is_that_of_litellm(tails):
    assert tails["litellm_latency"].tolist() == tails["own_latency_by_request"].tolist()


def test_ours_herds_as_litellm_does(tails):
    difference = tails["litellm_latency"] - tails["own_latency"]
    assert (difference != 0).any()
    assert abs(difference.mean()) <= 3 * difference.std() / np.sqrt(len(difference))
    assert tails["litellm_latency"].mean() > 4 * tails["random"].mean()  # the original herds, and so does ours
