"""Supply: offers, GPUs, how busy they are, and what providers earn."""

from typing import Final

from experiments.measures.catalogue.measure import PERCENT, Measure, Show

GPUS: Final = "GPUs owned or rented"
WHOLE_PERCENT: Final = Show("%", 100.0, 0)

ROWS: Final = (
    Measure("utilisation", "1", "share of replicas' time spent in steps (a market's tables: busy_share)",
            "replica-seconds in steps", "replica-seconds", "replicas busy", shown=PERCENT),
    Measure("busy_share", "1", "share of active replicas' time spent in steps (traffic: utilisation)",
            "replica-seconds in steps", "active replica-seconds", "replicas busy", "busy", WHOLE_PERCENT),
    Measure("replicas", "replicas", "active replicas, mean over days", "active replicas of a day", "days"),
    Measure("offers_listed", "offers", "offers listed, mean over days", "offers listed on a day", "days"),
    Measure("offers_listed_at_end", "offers", "offers listed on the last day of the period", "offers listed"),
    Measure("listed", "", "whether the offer is listed on the last day of the period", "listed"),
    Measure("gpus", "GPUs", f"{GPUS}, mean over days", f"{GPUS}, of a day", "days"),
    Measure("gpu_days", "GPU-days", f"{GPUS}, summed over days", f"{GPUS}, of a day"),
    Measure("placed_gpus", "GPUs", "GPUs that hold a replica, mean over days", "GPUs with a replica", "days"),
    Measure("training_gpus", "GPUs", "GPUs lent to training, mean over days", "GPUs lent to training", "days"),
    Measure("placed_share", "1", f"share of {GPUS} that hold a replica", "GPU-days with a replica", "GPU-days",
            "GPUs with a replica", shown=PERCENT),
    Measure("training_share", "1", f"share of {GPUS} that are lent to training", "GPU-days lent", "GPU-days",
            "GPUs lent to training", shown=PERCENT),
    Measure("gpu_cost_usd", "USD", "cost of GPUs: rent, capital, power and colocation", "cost of each day",
            label="cost of GPUs"),
    Measure("received_usd", "USD", "received from others according to the books", "entries to a provider's accounts",
            label="received"),
    Measure("paid_usd", "USD", "paid by providers to others according to the books",
            "entries from a provider's accounts", label="paid"),
    Measure("profit_usd", "USD", "received less paid by providers, according to the books", "received - paid",
            label="profit"),
    Measure("margin", "1", "share of what a provider received that it kept, according to the books",
            "received - paid", "received", shown=WHOLE_PERCENT),
    Measure("provider_margin", "1", "margin of all providers together", "received - paid, of all providers",
            "received, of all providers", "margin", shown=WHOLE_PERCENT),
    Measure("providers_in_profit", "1", "share of providers that received more than they paid",
            "providers with received > paid", "providers", shown=PERCENT),
    Measure("books_sum", "nano-dollars", "sum of all balances of the books, zero in every run", "balances"),
)
