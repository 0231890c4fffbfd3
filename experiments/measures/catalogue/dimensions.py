"""Columns that are no measures: what tells rows apart, the facts of models, and the particulars of events."""

from collections.abc import Mapping
from typing import Final

TASKS: Final = ("chat", "coding", "reasoning", "roleplay", "extraction")
KINDS: Final = {"input": "input tokens", "output": "output tokens", "cached": "cached input tokens"}

FLOWS: Final = {
    "model_tokens": "tokens of the model on the days for which the host meant to list it, discounted to its entry",
    "tokens": "tokens of the listing until the end of the run, discounted likewise",
    "revenue_usd": "what it charged in these days less what a token costs besides GPUs, discounted, USD",
    "gpus_usd": "cost of its GPUs, discounted, USD",
    "overhead_usd": "cost of keeping it besides GPUs, discounted, USD",
}

DIMENSIONS: Final[Mapping[str, str]] = {
    "month": "calendar month",
    "day": "market time, days; of a period, its first day",
    "date": "calendar date of that day",
    "provider": "name of the provider",
    "model": "name of the model",
    "segment": "customers' segment",
    "customer": "whose workload it is",
    "workload": "which workload",
    "creator": "who made the model",
    "family": "models of one family succeed each other",
    "open": "whether anybody may serve the model",
    "size_class": "class by total parameters",
    "release_day": "market time of its release, days; negative before the first day",
    "total_b": "total parameters, billions",
    "active_b": "parameters used for a token, billions",
    "verbosity": "output tokens it needs where the reference model needs one",
    "context_tokens": "longest prompt plus output, tokens",
    "mean_quality": "quality of the model, mean over tasks, 0 to 1",
    **{f"quality_{task}": f"quality of the model for {task}, 0 to 1" for task in TASKS},
    "reason": "launch, schedule (a time of day), review or react; of a move, what made the workload reconsider",
    **{f"{kind}_before_usd_per_mtok": f"posted price of {what} before, USD per million tokens"
       for kind, what in KINDS.items()},
    "before": "model that the workload used, empty for none",
    "after": "model that it uses from then on, empty for none",
    "gain_usd": "expected gain per request net of the cost of moving, USD",
    "payer_kind": "customer, provider, router or supplier",
    "payer": "who paid",
    "payer_purpose": "from which of its accounts",
    "payee_kind": "customer, provider, router or supplier",
    "payee": "who received",
    "payee_purpose": "on which of its accounts",
    "rule": "what placed the requests: the router's policy (default), cheapest first (floor), fastest first (nitro) or "
    "a provider by name (pinned)",
    "rule_share": "of the model's completed requests of the month",
    "rule_sellers": "offers that completed any of them",
    "posted_usd_per_mtok": "blended price posted at the end of each day, weighted with that day's requests, USD per "
    "million tokens",
    "marketplace": "name of the marketplace, where several compete",
    "customers_there": "workloads with a model that buy through it at the end of the period",
    "customer_share": "of all such workloads",
    "paid_over_mean": "price paid over what the same tokens cost at the mean prices of all marketplaces, fee left out",
    "joins": "workloads that came from other marketplaces in the period",
    "leaves": "workloads that went to others",
    "ttft_p99_simulated_s": "99 % quantile of the time to the first token of its simulated requests that were "
    "completed, s",
    "entry_day": "day on which a host entered from the pool of potential hosts",
    "exit_day": "day on which it left; empty while it is there",
    "entry_models": "models with which it entered, separated by spaces",
    "capital_usd": "cost of entering, of the firm and of its first listings, USD",
    "expected_usd": "value that it expected of all days that it looked ahead, discounted, before the cost of entering",
    "expected_so_far_usd": "of that, what it expected of the days until the end of the run, whether it left or not",
    "realised_usd": "value that came of these days, discounted likewise",
    "model_age_days": "age of the model when a host listed it, days",
    "sellers": "sellers of the model at that moment",
    **{f"{prefix}_{name}": f"{prefix}: {what}" for prefix in ("expected", "realised") for name, what in FLOWS.items()},
    "value_usd": "what entering would be worth to a type outside, net of its cost, USD",
    "nano_usd": "amount, whole nano-dollars",
}
