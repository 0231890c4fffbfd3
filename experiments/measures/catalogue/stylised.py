"""What markets are held to facts by: their size, what prices depend on, how models come and go."""

from typing import Final

from experiments.measures.catalogue.measure import PERCENT, Measure

LAST: Final = "over the last 30 days (half of a run of fewer than 60)"
COMPLETED: Final = "completed requests"

ROWS: Final = (
    *(Measure(name, unit, f"{what}, at a day's end; mean over days, {LAST}", above, "days") for name, unit, what, above
      in (("providers_last", "providers", "providers that list a model", "providers of a day"),
          ("models_listed_last", "models", "models that somebody lists", "models of a day"),
          ("offers_last", "offers", "offers listed", "offers of a day"),
          ("open_models_with_four_providers", "models", "open models that four providers or more list",
           "models of a day"),
          ("closed_sellers_max", "providers", "most providers of a closed model", "providers of a model"))),
    *(Measure(f"tokens_per_day_month_{month}", "tokens a day", f"prompt and output tokens a day of {word} month of the "
              "run", "prompt and output tokens", "days") for month, word in ((1, "the first"), (4, "the fourth"))),
    Measure("tokens_per_day_last", "tokens a day", f"prompt and output tokens a day {LAST}", "prompt and output tokens",
            "days"),
    Measure("requests_per_day_last", "requests a day", f"{COMPLETED} a day {LAST}", COMPLETED, "days"),
    Measure("price_month_4", "USD/Mtok", "price of the average token in the fourth month of the run, fees excluded",
            "paid to providers", "prompt and output tokens"),
    Measure("prompt_tokens_last", "tokens", f"prompt of a completed request {LAST}", "prompt tokens", COMPLETED),
    Measure("output_tokens_last", "tokens", f"answer of a completed request {LAST}", "output tokens", COMPLETED),
    Measure("cached_share_last", "1", f"share of prompt tokens that were billed as cached, {LAST}",
            "cached prompt tokens", "prompt tokens", shown=PERCENT),
    *(Measure(f"prompt_tokens_p{q}_last", "tokens", f"{q} % quantile over models that sold of the mean prompt of each, "
              f"{LAST}", "quantile over models") for q in (25, 50, 75)),
    Measure("weekend_requests", "1", "requests of a weekend's day over those of a day of the five weekdays before and "
            "after, geometric mean over weekends", "requests of a weekend's day", "requests of a weekday"),
    Measure("open_discount_last", "1", f"by how much open models are cheaper at equal quality, {LAST}: from openness "
            "beside quality in a regression of log prices of models", "1 - exp(coefficient)", shown=PERCENT),
    Measure("price_quality_r2_last", "1", f"share of the variance of offers' log prices that quality explains, {LAST}",
            "variance explained", "variance", shown=PERCENT),
    Measure("price_creator_r2_gain_last", "1", f"what creators add to that share after quality and openness, {LAST}",
            "variance explained more", "variance", shown=PERCENT),
    Measure("price_cv_slope", "1", "slope of a model's coefficient of variation of prices in the logarithm of its "
            "number of offers, over days and models with three or more", "regression coefficient"),
    *(Measure(f"log_price_{word}_providers", "1", f"mean log price of offers of open models with {words} less that of "
              f"those with one, {LAST}", "difference of logarithms") for word, words in (
                  ("two", "two providers"), ("five", "five providers or more"))),
    Measure("adoption_weeks", "weeks", "weeks until a model that was the best at its release sold in a week four "
            "fifths of what it sold in the end of its third month, median", "weeks"),
    Measure("release_diversion_family", "1", "share of moves to models in their first 30 days, from other models, that "
            "came from one of the same family", "moves within a family", "moves", shown=PERCENT),
    Measure("top_ten_half_life_months", "months", "months until the joint share of a month's ten leading models has "
            "halved, median (Kaplan and Meier); the longest time seen if fewer than half have", "months"),
    Measure("hhi_models_first", "1", "concentration of models over the first 30 days (half of a run of fewer than 60)",
            "squared shares of tokens"),
)
