"""Money: posted prices, what is paid, to whom, and what customers gain."""

from typing import Final

from experiments.measures.catalogue.measure import KUSD_A_DAY, PERCENT, USD_PER_MTOK, Measure, Show

CHARGED: Final = "charged at posted prices, before the router's fee"
TOKENS: Final = "prompt and output tokens of completed requests"
CHEAPEST: Final = "cheapest blended price (3:1) of any model as good as the first day's"
EDGE: Final = "30 days (half of a run of fewer than 60)"
INDEX: Final = Show("index", 1.0, 2)
EFFECTS: Final = {"price": "prices", "volume": "volume", "mix": "moves between models"}


def _series(name: str, what: str, unit: str) -> list[Measure]:
    """A daily series of prices at both ends of a run, and its trend."""
    return [
        Measure(f"{name}_first", unit, f"{what}, mean over the first {EDGE}", what, "days that have one"),
        Measure(f"{name}_last", unit, f"{what}, mean over the last {EDGE}", what, "days that have one"),
        Measure(f"{name}_log_slope", "1/year", f"trend of the logarithm of: {what}", "change of the logarithm",
                "years"),
        Measure(f"{name}_fall", "factor a year", f"factor by which it falls in a year: {what}",
                "exp(-slope of the logarithm)", "years"),
    ]


def _effects() -> list[Measure]:
    """The three parts of a change of spend, month by month and over a run."""
    rows = []
    for name, what in EFFECTS.items():
        rows.append(Measure(
            f"effect_{name}_usd_per_day", "USD a day",
            f"change of spend a day because of {what} (E6), since the month before (climb: the first divisor)",
            f"part of the change of spend because of {what}", "days", f"spend, by {name}", shown=KUSD_A_DAY))
        for suffix, how in (("", f"from the first to the last {EDGE}"),
                            ("_chained", "from each 30 days or a little more to the next, summed"),
                            ("_chained_lmdi", "from each 30 days or a little more to the next by LMDI, summed")):
            rows.append(Measure(f"spend_effect_{name}{suffix}", "USD a day",
                                f"change of spend a day because of {what} (E6), {how}",
                                f"part of the change of spend because of {what}", "days"))
    return rows


ROWS: Final = (
    Measure("cost_usd_per_mtok", "USD/Mtok",
            "charged at posted prices for a token, before the router's fee (markets: price_usd_per_mtok)", CHARGED,
            TOKENS, "cost", shown=USD_PER_MTOK),
    Measure("cost_per_good_usd", "USD", "charged at posted prices for a good request, before the router's fee: what "
            "bad answers cost is in it", f"{CHARGED}, of good and bad answers",
            "requests completed within both objectives of their class", "cost of a good request", "per good",
            Show("USD/1k", 1e3, 3)),
    Measure("price_usd_per_mtok", "USD/Mtok",
            "charged at posted prices for a token, before the router's fee (traffic: cost_usd_per_mtok)", CHARGED,
            TOKENS, "price of the average token", "price", Show("USD/Mtok", 1.0, 2)),
    Measure("paid_usd_per_mtok", "USD/Mtok", "paid for a token, with the router's fee",
            "charged at posted prices, and the router's fee", TOKENS, "paid", shown=USD_PER_MTOK, short=False),
    Measure("revenue_usd", "USD", "charged by providers, before the router's fee", CHARGED, label="revenue",
            short=False),
    Measure("written_off_usd", "USD", "worth of broken streams and of answers that customers left, borne by providers",
            "prompts and tokens computed at posted prices", label="written off", short=False),
    Measure("spend_usd", "USD", "paid to providers, before the router's fee", CHARGED, label="paid to providers",
            head="spend", daily=KUSD_A_DAY),
    Measure("spend_usd_per_day", "USD a day", "paid to providers a day, before the router's fee", CHARGED, "days",
            "spend", shown=KUSD_A_DAY),
    Measure("fee_usd", "USD", "paid to the router on top", "the router's fees", label="paid to the router", head="fees",
            daily=KUSD_A_DAY, short=False),
    Measure("surplus_usd", "USD", "consumer surplus", "consumer surplus that the choice of models hands over (E2)",
            label="consumer surplus", daily=KUSD_A_DAY),
    Measure("surplus_usd_per_mtok", "USD/Mtok", "consumer surplus of a token", "consumer surplus", TOKENS,
            "consumer surplus", shown=USD_PER_MTOK),
    Measure("input_usd_per_mtok", "USD/Mtok", "posted price of prompt tokens", "posted price",
            label="posted price of prompt tokens", shown=USD_PER_MTOK),
    Measure("output_usd_per_mtok", "USD/Mtok", "posted price of output tokens", "posted price",
            label="posted price of output tokens", shown=USD_PER_MTOK),
    Measure("cached_usd_per_mtok", "USD/Mtok", "posted price of cached prompt tokens", "posted price",
            label="posted price of cached prompt tokens", shown=USD_PER_MTOK),
    Measure("cheapest_usd_per_mtok", "USD/Mtok", "cheapest blended posted price (3:1) of the model, mean over days",
            "cheapest price of each day", "days with a price", "cheapest offer", shown=USD_PER_MTOK),
    Measure("cheapest_frontier_usd_per_mtok", "USD/Mtok", f"{CHEAPEST} best, mean over days",
            "cheapest price of each day", "days with a price", "as good as the first day's best", shown=USD_PER_MTOK),
    Measure("cheapest_standard_usd_per_mtok", "USD/Mtok", f"{CHEAPEST} median, mean over days",
            "cheapest price of each day", "days with a price", "as good as the first day's median",
            shown=USD_PER_MTOK),
    Measure("constant_quality_index", "1", "cheapest price at the quality of each model of the first day, mean of "
            "logs, 1 on that day; mean over days", "index of each day (V1)", "days", "same quality", "qual.*", INDEX),
    Measure("constant_quality_index_at_end", "1", "constant_quality_index of the last day of the period",
            "index of the last day (V1)", label="same quality", shown=INDEX),
    Measure("same_model_index", "1", "blended price of the same model at the same provider, 1 on the first day; mean "
            "over days", "index of each day (V1)", "days", "same model", "same*", INDEX),
    Measure("same_model_index_at_end", "1", "same_model_index of the last day of the period",
            "index of the last day (V1)", label="same model", shown=INDEX),
    *_series("cheapest_frontier", f"{CHEAPEST} best", "USD/Mtok"),
    *_series("cheapest_standard", f"{CHEAPEST} median", "USD/Mtok"),
    *_series("constant_quality", "index of the price of constant quality", "1 on the first day"),
    *_series("same_model", "index of the price of the same model at the same provider", "1 on the first day"),
    *_series("price", "price of a token before the router's fee", "USD/Mtok"),
    *_effects(),
    Measure("spend_change", "USD a day", f"change of spend a day from the first to the last {EDGE}",
            "spend a day of the last less that of the first 30 days"),
    Measure("price_changes", "changes", "changes of posted prices, launches and times of day left out",
            "changes of posted prices"),
    Measure("reprice_changes", "changes", "changes of positive prices of listed offers, launches and times of day "
            "left out", "changes of positive prices"),
    Measure("reprice_hazard", "1/day", "share of listed offer-days on which the price changed",
            "listed offer-days with a change", "listed offer-days"),
    Measure("reprice_median_size", "1", "median size of a change of the blended price",
            "median of abs(p1 / p0 - 1)", shown=PERCENT),
    Measure("reprice_cut_share", "1", "share of changes that were cuts", "cuts", "changes", shown=PERCENT),
    Measure("bottom_tie_share", "1", "share of days and models whose two cheapest offers cost the same",
            "days and models with a tie", "days and models with two offers or more", shown=PERCENT),
    Measure("bottom_median_gap", "1", "median gap between the two cheapest offers of a model, ties left out",
            "median of p2 / p1 - 1", shown=PERCENT),
    Measure("follower_lag_median", "h", "median time from a change to another provider's in the same direction",
            "median of the lags of answers within a week"),
    Measure("same_model_price_cv", "1", "median coefficient of variation of a model's prices, five hosts or more",
            "standard deviation of a day's prices", "their mean"),
    Measure("elasticity_across_models", "1", "elasticity of tokens to price across models (V3)",
            "change of log tokens", "change of log price"),
    Measure("elasticity_within_models", "1", "elasticity of tokens to price across offers of a model (V4)",
            "change of log tokens", "change of log price"),
)
