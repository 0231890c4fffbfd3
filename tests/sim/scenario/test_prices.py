"""The price of an offer in a scenario: what it takes, and the sentence for what it does not."""

import re
from typing import Any

import pytest

from sim.errors import ScenarioError
from sim.scenario.load import scenario_of
from sim.scenario.price_settings import on_grid
from sim.units import PICO_PER_USD, PICO_PER_USD_PER_MTOK

LATER = "{from_s=%d,input_usd_per_mtok=1,output_usd_per_mtok=2}"
TIER = "{above_tokens=%d,input_usd_per_mtok=1,output_usd_per_mtok=2}"


def data() -> dict[str, Any]:
    arrivals = {"kind": "deterministic", "rate_per_s": 1.0}
    return {
        "name": "case", "traffic": {"duration_s": 10.0}, "demand": {"chat": {"model": "toy", "arrivals": arrivals}},
        "providers": {"a": {"offers": {"toy": {
            "model": "toy", "serving": {"kind": "affine", "base_s": 0.01},
            "price": {"input_usd_per_mtok": 1.0, "output_usd_per_mtok": 2.0}}}}},
    }


@pytest.mark.parametrize(("change", "sentence"), [
    ("price.input_usd_per_mtok=0.0000005", "price: input_usd_per_mtok (0.0000005) must be a multiple of 0.000001"),
    ("price.cached_usd_per_mtok=1.0000001", "price: cached_usd_per_mtok (1.0000001) must be a multiple of 0.000001"),
    ("price.discount=0.0000001", "price: discount (0.0000001) must be a multiple of 0.000001"),
    ("price.discount=1", "price.discount is 1, but must be at least 0 and less than 1"),
    ("price.cache_write_usd_per_mtok=-1", "price.cache_write_usd_per_mtok is -1, but must be at least 0 and at most"),
    (f"price.tiers=[{TIER % 5},{TIER % 5}]", "price: tiers have above_tokens 5, 5, but each must be above the last"),
    (f"price.later=[{LATER % 5},{LATER % 4}]", "price: later has from_s 5, 4, but each must be after the one before"),
    ("price.tiers=[{above_tokens=5,input_usd_per_mtok=1}]", "price.tiers.0.output_usd_per_mtok is missing"),
    ("price.request_usd=1e7", "price.request_usd is 10000000.0, but must be at least 0 and at most 1e+06"),
])
def test_mistakes_are_named_in_one_sentence(change, sentence):
    with pytest.raises(ScenarioError, match=re.escape(f"providers.a.offers.toy.{sentence}")) as caught:
        scenario_of(data(), [f"providers.a.offers.toy.{change}"])
    assert "\n" not in str(caught.value)


def test_a_bill_that_could_not_be_held_is_refused():
    changes = ["limits.context_tokens=2000000000", "price.output_usd_per_mtok=100000"]
    with pytest.raises(ScenarioError, match=r"2000000000 tokens .* could cost 2e\+08 USD, .* below 9.22337e\+06 USD"):
        scenario_of(data(), [f"providers.a.offers.toy.{change}" for change in changes])


@pytest.mark.parametrize(("value", "steps"), [
    (0.0375, 37_500), (0.1 + 0.2, 300_000), (0.9499999999999999, 950_000), (33333.3 * 3, 99_999_900_000), (0, 0)])
def test_what_a_computed_value_lacks_to_the_grid_is_forgiven(value, steps):
    assert on_grid("it", value, PICO_PER_USD_PER_MTOK) == steps


def test_a_large_price_of_a_request_is_exact():
    assert on_grid("it", 123456.789012, PICO_PER_USD) == 123_456_789_012_000_000


@pytest.mark.parametrize("name", ["meta-llama/llama-3.1-8b-instruct:free", "@cf/openai/gpt-oss-20b", "a+b(c)~1"])
def test_models_keep_the_names_of_price_lists(name):
    scenario = scenario_of(data(), [f'demand.chat.model="{name}"', f'providers.a.offers.toy.model="{name}"'])
    assert scenario.demand["chat"].model == name


def test_names_that_no_list_has_are_refused():
    with pytest.raises(ScenarioError, match="but must be a name of letters, digits and "):
        scenario_of(data(), ['demand.chat.model="a b"'])
