"""The ledger of facts: what it holds, and what it refuses."""

import tomllib

import pytest

from experiments.designs.sweepable import value_at
from experiments.scenarios import load
from experiments.validation.facts.fact_ledger import BUILT_IN, LedgerError, ledger_digest, read_ledger

NAMED = ("S1a", "S1b", "S2a", "S2b", "S3a", "S3b", "S4a", "S4b", "S5a", "S5b", "S6", "S7a", "S7b", "S8", "S9a", "S9b",
         "S10a", "S10b", "S10c", "S11a", "S11b", "S12a", "S12b", "S13", "S14", "S15a", "S15b", "S16a", "S16b")


@pytest.fixture(scope="module")
def ledger():
    return read_ledger()


def test_it_names_every_stylised_fact_and_the_size_of_the_market(ledger):
    names = [fact.name for fact in ledger.facts]
    assert tuple(names[:len(NAMED)]) == NAMED
    assert set(names[len(NAMED):]) == {
        "providers", "models", "offers", "sellers-mean", "sellers-median", "sellers-p90", "sellers-max", "models-three",
        "open-four", "closed-sellers", "closed-prices", "tokens-january", "tokens-april", "tokens-august",
        "requests-august", "price-april", "prompt", "prompt-cached", "answer", "reasoning", "prompt-p25", "prompt-p50",
        "prompt-p75", "weekend", "hours", "free", "list-prices"}


def test_what_is_fitted_to_what(ledger):
    assert [fact.name for fact in ledger.moments] == [
        "S1b", "S4b", "S9a", "providers", "sellers-mean", "tokens-april", "requests-august", "price-april"]
    assert {it.name: it.pins for it in ledger.parameters} == {
        "pinned": ("S1b",), "overhead": ("sellers-mean",), "firm": ("providers",), "brand": ("S4b",),
        "worth": ("price-april",), "redraw": ("S9a",), "first-fit": ("S9a",),
        "diffusion": ("tokens-april", "requests-august"), "ceiling": ("tokens-april", "requests-august")}


def test_what_must_be_predicted_is_fitted_to_nothing(ledger):
    place = {fact.name: fact.place for fact in ledger.facts}
    assert {place[name] for name in ("S1a", "S2a", "S2b", "S5a", "S5b", "S6", "S7a", "S8", "S11a", "S11b", "S12a",
                                     "S12b", "S16a", "S16b")} == {"predicted"}
    assert {place[name] for name in ("S13", "S14", "S15a", "S15b")} == {"engine"}


def test_observations_lie_within_their_bands(ledger):
    for fact in ledger.facts:
        if fact.observed is not None:
            assert (fact.low or -1e99) <= fact.observed <= (fact.high or 1e99), fact.name


def test_the_default_market_lies_within_the_priors(ledger):
    market = load("openrouter-2026")
    for it in ledger.parameters:
        if it.how == "shift":
            assert it.low < 0 < it.high
            continue
        assert [it.low <= value_at(market, path) <= it.high for path in it.paths] == [True], it.name


def test_values_on_the_scale_of_a_fact(ledger):
    by_name = {fact.name: fact for fact in ledger.facts}
    assert by_name["S1b"].on_scale(-1.11) == -1.11
    assert by_name["providers"].on_scale(1.0) == 0.0
    assert by_name["providers"].on_scale(0.0) != by_name["providers"].on_scale(0.0)  # nan


def test_the_digest_hangs_on_every_byte(tmp_path):
    other = tmp_path / "mine.toml"
    other.write_bytes(BUILT_IN.read_bytes() + b"\n")
    assert len(ledger_digest()) == 32
    assert ledger_digest(other) != ledger_digest()
    assert read_ledger(other) == read_ledger()


FACT = '[[facts]]\nname = "a"\nsays = "it"\nsource = "me"\n'
GOOD = 'title = "t"\n' + FACT + 'place = "calibrated"\nmeasure = "hhi"\nlow = 0.1\nobserved = 1\ndiscrepancy = 1\n'
RANGE = '[[parameters]]\nname = "p"\nsays = "it"\nsource = "me"\npaths = ["x"]\nlow = 1\n'


@pytest.mark.parametrize(("text", "sentence"), [
    (GOOD.replace("low = 0.1\n", ""), "fact a has no band"),
    (GOOD + "high = 0.05", r"from 0\.1 to 0\.05; low must be below high"),
    (GOOD.replace("discrepancy = 1\n", ""), "calibrated; it must have observed, and a discrepancy above 0"),
    (GOOD.replace("observed = 1\n", ""), "calibrated; it must have observed, and a discrepancy above 0"),
    (GOOD.replace('measure = "hhi"\n', ""), "fact a has no measure"),
    (GOOD.replace('"calibrated"', '"engine"'), "fact a is 'engine' and says no why"),
    (GOOD.replace('"calibrated"', '"guessed"'), r"place is 'guessed'"),
    (GOOD.replace("low = 0.1", 'low = -1\nscale = "log"'), "low, high and observed must be above 0"),
    (GOOD + FACT + 'place = "predicted"\nmeasure = "hhi"\nlow = 1', "facts a stand twice"),
    (GOOD + RANGE + "high = 1", "from 1 to 1; low must be below"),
    (GOOD + RANGE.replace("low = 1", "low = 0") + 'high = 1\nscale = "log"', "low = 0 on a logarithmic scale"),
    (GOOD + RANGE + 'high = 2\npins = ["b"]', "parameter p is pinned by b; only calibrated facts can pin one: a"),
    (GOOD + "".join(RANGE.replace('"p"', f'"p{i}"') + "high = 2\n" for i in range(13)), "13 parameters; at most 12"),
    (GOOD + 'ends = "2026"', "ends"),
    (GOOD + "wrong = 1", "wrong is not a known field"),
], ids=lambda it: None)
def test_what_it_refuses(tmp_path, text, sentence):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    tomllib.loads(text)
    with pytest.raises(LedgerError, match=sentence):
        read_ledger(path)


def test_no_such_file(tmp_path):
    with pytest.raises(LedgerError, match=r"none\.toml"):
        read_ledger(tmp_path / "none.toml")
