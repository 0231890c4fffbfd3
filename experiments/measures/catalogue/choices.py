"""Choice: which models and providers are used, by whom, and for how long."""

from typing import Final

from experiments.measures.catalogue.measure import PERCENT, ZERO_TO_ONE, Measure, Show

TOKENS: Final = "prompt and output tokens"
SIZE: Final = Show("bn par.", 1.0, 0)
LAST: Final = "over the last 30 days (half of a run of fewer than 60)"


def _ends(name: str, unit: str, what: str) -> list[Measure]:
    return [Measure(f"{name}_{end}", unit, f"{what}, over the {end} 30 days (half of a run of fewer than 60)",
                    f"tokens × {name}", TOKENS)
            for end in ("first", "last")]


def _retention(name: str, whose: str) -> Measure:
    return Measure(f"retention_month_5_{name}", "1", f"share of workloads that use a model five months after they took "
                   f"it up{whose}", "workloads that use it", "workloads observed at that age", shown=PERCENT)


ROWS: Final = (
    Measure("size_b", "billion parameters", "token-weighted total parameters, billions", "tokens × total parameters",
            TOKENS, "token-weighted size", "size", SIZE),
    Measure("quality", "1", "token-weighted quality for the workload's own task, 0 to 1", "tokens × quality", TOKENS,
            "token-weighted quality", "quality", ZERO_TO_ONE),
    *_ends("size", "billion parameters", "token-weighted total parameters"),
    *_ends("quality", "1", "token-weighted quality for the workload's own task"),
    Measure("climb_share", "1", "change of spend because of moves between models, over that and the change because of "
            "volume together, since the first divisor of a climb", "change of spend by mix",
            "change of spend by mix and by volume", "mix of mix and volume", "climb", Show("", 1.0, 2)),
    Measure("token_share", "1", "share of all tokens of the period", f"{TOKENS} of the group", f"{TOKENS} of all",
            "share of tokens", shown=PERCENT),
    Measure("open_share", "1", "share of tokens of models that anybody may serve", f"{TOKENS} of open models", TOKENS,
            "open models", "open", Show("%", 100.0, 0)),
    Measure("open_share_last", "1", f"share of tokens of models that anybody may serve, {LAST}",
            f"{TOKENS} of open models", TOKENS, shown=PERCENT),
    Measure("hhi", "1", "concentration of providers: sum of squared shares of served tokens, 1 for a monopoly",
            "squared shares of tokens", label="HHI", shown=Show("", 1.0, 2)),
    Measure("hhi_providers", "1", "concentration of providers: sum of squared shares of tokens, 1 for a monopoly",
            "squared shares of tokens", label="HHI of providers", head="HHI", shown=Show("prov.", 1.0, 2)),
    Measure("hhi_models", "1", "concentration of models: sum of squared shares of tokens, 1 for a monopoly",
            "squared shares of tokens", label="HHI of models", shown=Show("models", 1.0, 2)),
    Measure("hhi_models_last", "1", f"concentration of models {LAST}", "squared shares of tokens"),
    Measure("hhi_providers_last", "1", f"concentration of providers {LAST}", "squared shares of tokens"),
    Measure("single_model_customers_last", "1", f"share of customers with 90 % or more of their tokens on one model, "
            f"{LAST}", "customers of one model", "customers with tokens", shown=PERCENT),
    _retention("all", ""),
    _retention("foundational", ", in the month of its release or the next"),
    _retention("later", " later than that"),
    *(Measure(f"providers_per_model_{name}", "providers", f"{what} of the providers that list a model, over models "
              f"with one or more; mean over days, {LAST}", f"{what} over models", "days", shown=Show("", 1.0, decimals))
      for name, what, decimals in (("mean", "mean", 2), ("median", "median", 1), ("p90", "90 % quantile", 1),
                                   ("max", "largest number", 0))),
    Measure("models_with_three_providers", "models",
            f"models that three providers or more list; mean over days, {LAST}", "models of a day", "days"),
    *(Measure(f"{whose}_tokens_{word}_prices", "1", f"share of tokens of {whose} models sold on a day and for a model "
              f"with offers at {word} different posted prices or more", "tokens with such a choice",
              f"tokens of {whose} models", shown=PERCENT)
      for whose in ("open", "closed") for word in ("two", "three")),
    Measure("direct_uses_share", "1", "share of the uses that are there which buy directly from a lab, over all days",
            "uses of each day that buy directly", "uses of each day", shown=PERCENT),
    Measure("outside_uses_share", "1", "share of the uses that are there which buy nothing, over all days",
            "uses of each day that buy nothing", "uses of each day", shown=PERCENT),
    Measure("requests_growth", "1", "growth of the logarithm of planned live requests, through the marketplace and "
            "directly, from the first to the last day", "change of the logarithm"),
    Measure("requests_growth_diffusion", "1", "part of requests_growth that diffusion imposed: prices and models as on "
            "the first day (E63)", "change of the logarithm with shares of potential uses as on the first day"),
    Measure("requests_growth_price_and_quality", "1", "the rest of requests_growth, what prices and models did (E63): "
            "only this is a result", "requests_growth - requests_growth_diffusion"),
    Measure("models_used", "models", "models with tokens", "models"),
    Measure("workloads", "workloads", "workloads that use a model of the group, mean over days", "workloads of a day",
            "days"),
    Measure("switches", "workloads", "workloads that moved from one model to another", "moves between two models"),
    Measure("moves", "workloads", "workloads that took up, left or changed a model", "moves, from and to none too"),
)
