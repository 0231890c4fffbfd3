"""Sentences about a market: each from its numbers, and no cause without the decomposition that shows it."""

from math import log, nan

import pandas as pd
import pytest

from experiments.studies.market.sentences import sentences

SPEND = {"spend_change": 100.0, "spend_effect_price_chained": -30.0, "spend_effect_volume_chained": 110.0,
         "spend_effect_mix_chained": 20.0}


def said(**values):
    return sentences(pd.DataFrame({"metric": list(values), "value": list(values.values())}))


def test_nothing_is_said_of_numbers_that_are_not_there():
    assert said() == []
    assert said(**SPEND | {"spend_effect_mix_chained": nan}) == []
    assert said(open_tokens_two_prices=0.5) == []


def test_a_cause_is_a_part_of_more_than_half_with_the_sign_of_the_change():
    first, cause = said(**SPEND)
    assert first == ("Spend rose by 100 USD a day between the first and the last 30 days (half of a run of fewer than "
                     "60); split exactly (E6, chained), in USD a day: prices −30, volume 110, moves between models 20.")
    assert cause == "More than half of that is because of volume."
    assert said(**SPEND | {"spend_effect_volume_chained": 45.0, "spend_effect_mix_chained": 45.0})[1] == (
        "No one of the three is more than half of it.")
    fell = said(**SPEND | {"spend_change": -100.0, "spend_effect_price_chained": -60.0})
    assert fell[0].startswith("Spend fell by 100 USD a day")
    assert fell[1] == "More than half of that is because of prices."
    two = said(**SPEND | {"spend_effect_volume_chained": 90.0, "spend_effect_mix_chained": 60.0})
    assert len(two) == 1  # two parts of more than half: neither is the cause
    assert said(**SPEND | {"spend_change": 0.0}) == []


@pytest.mark.parametrize(("fall", "last", "words"), [
    (4.0, 1.0, ("fell by a factor of 4 a year", "price paid fell from 2 to 1 USD")),
    (0.5, 3.0, ("rose by a factor of 2 a year", "price paid rose from 2 to 3 USD")),
])
def test_prices_are_said_to_move_as_they_did(fall, last, words):
    [text] = said(constant_quality_fall=fall, price_first=2.0, price_last=last)
    assert all(part in text for part in words)


def test_growth_is_told_with_what_was_imposed():
    [text] = said(requests_growth=log(6), requests_growth_diffusion=log(4), requests_growth_price_and_quality=log(1.5))
    assert text.startswith("Planned live requests changed by a factor of 6: 4 is imposed")
    assert "1.50 is what prices and models did" in text


def test_of_sellers_only_the_mean_is_no_prediction():
    [text] = said(providers_per_model_mean=2.9, providers_per_model_median=1.0, providers_per_model_p90=7.0,
                  providers_per_model_max=27.0, models_with_three_providers=80.0)
    assert "had 2.90 providers in the mean" in text
    assert text.endswith("median 1, 90 % quantile 7, maximum 27 and 80 models with three or more are predictions.")


def test_choice_is_told_in_per_cent():
    assert said(open_tokens_two_prices=0.834, open_tokens_three_prices=0.61) == [
        "Of the tokens of open models 83 % were sold where two prices or more stood, 61 % where three or more did."]
