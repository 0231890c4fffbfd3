"""Measures of a market by period and group: one function a measure, each with the tables that have it as a column.

A function makes (periods, groups) from a `Panel`, or (periods,) where the only group is the market. Columns of a table
stand in the order of the functions here. What a column is called, its unit and its meaning are in the catalogue.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from experiments.measures.market import latency, shares
from experiments.measures.market.cells import Measured, Panel
from experiments.measures.market.decomposition import chained
from experiments.measures.market.panel import by_group, offer_series, offer_tokens, ratio, workload_series
from experiments.measures.market.posted import NO_REPRICING
from experiments.measures.market.price_series import cheapest, usd_per_mtok
from sim.units import NANO_PER_USD, PICO_PER_USD_PER_MTOK, TOKENS_PER_MTOK

MARKET, MODELS, PROVIDERS = "monthly_market", "monthly_models", "monthly_providers"
SEGMENTS, CUSTOMERS = "monthly_segments", "monthly_customers"
WEEKLY, WEEKLY_OFFERS, WEEKLY_PROVIDERS = "period_market", "period_offers", "period_providers"
DAILY_OFFERS: Final = "daily_offers"
COLUMNS: Final[dict[str, dict[str, Measured]]] = {
    name: {} for name in (MARKET, MODELS, PROVIDERS, SEGMENTS, CUSTOMERS, WEEKLY, WEEKLY_OFFERS, WEEKLY_PROVIDERS,
                       DAILY_OFFERS)}


def column(*tables: str) -> Callable[[Measured], Measured]:
    """Make a function a column of tables; its name is the measure's."""
    def register(function: Measured) -> Measured:
        for table in tables:
            COLUMNS[table][function.__name__] = function
        return function
    return register


@column(MARKET)
def days(panel: Panel) -> np.ndarray:
    """Days of each period."""
    return panel.periods.days


@column(WEEKLY_OFFERS, DAILY_OFFERS)
def listed(panel: Panel) -> np.ndarray:
    """Whether an offer is listed at the end of the period."""
    return np.asarray(panel.run.result.listed_daily[panel.periods.last])


@column(WEEKLY_OFFERS, DAILY_OFFERS)
def input_usd_per_mtok(panel: Panel) -> np.ndarray:
    """Price posted at the end of the period."""
    return np.asarray(panel.run.result.prices_daily[panel.periods.last, :, 0] / PICO_PER_USD_PER_MTOK)


@column(WEEKLY_OFFERS, DAILY_OFFERS)
def output_usd_per_mtok(panel: Panel) -> np.ndarray:
    """Price posted at the end of the period."""
    return np.asarray(panel.run.result.prices_daily[panel.periods.last, :, 1] / PICO_PER_USD_PER_MTOK)


@column(WEEKLY_OFFERS, DAILY_OFFERS)
def replicas(panel: Panel) -> np.ndarray:
    """Replica-days over days."""
    return np.asarray(panel.offers(panel.run.result.replicas_daily) / panel.periods.days[:, None])


@column(SEGMENTS)
def workloads(panel: Panel) -> np.ndarray:
    """Workloads with a model, counted every day; told apart by that model where the groups are models."""
    used = panel.run.model_of
    if "model" not in panel.group.columns:
        return np.asarray(panel.workloads(used >= 0) / panel.periods.days[:, None])
    by_day = [np.bincount(models[models >= 0], minlength=panel.group.count) for models in used]
    return panel.periods.mean(np.array(by_day, np.float64).reshape(-1, panel.group.count))


@column(MARKET, SEGMENTS, CUSTOMERS, WEEKLY)
def requests(panel: Panel) -> np.ndarray:
    """Requests born."""
    return panel.bought("born")


@column(PROVIDERS, DAILY_OFFERS)
def completed(panel: Panel) -> np.ndarray:
    """Requests served to their end."""
    return panel.sold("served")


@column(MARKET, SEGMENTS, CUSTOMERS, WEEKLY)
def completed_share(panel: Panel) -> np.ndarray:
    """Completed over born."""
    return ratio(panel.bought("completed"), panel.bought("born"))


@column(MARKET, SEGMENTS, WEEKLY)
def cut_share(panel: Panel) -> np.ndarray:
    """Cut over completed."""
    return ratio(panel.bought("cut"), panel.bought("completed"))


@column(MARKET)
def prompt_tokens(panel: Panel) -> np.ndarray:
    """Prompt tokens of completed requests."""
    return panel.bought("prompt_tokens")


@column(MARKET)
def output_tokens(panel: Panel) -> np.ndarray:
    """Output tokens of completed requests."""
    return panel.bought("output_tokens")


@column(MODELS, PROVIDERS, SEGMENTS, CUSTOMERS, WEEKLY, WEEKLY_OFFERS, WEEKLY_PROVIDERS, DAILY_OFFERS)
def tokens(panel: Panel) -> np.ndarray:
    """Prompt and output tokens."""
    return panel.tokens


@column(MODELS, PROVIDERS)
def token_share(panel: Panel) -> np.ndarray:
    """Tokens of a group over those of all groups of the period."""
    return shares.shares(panel.tokens)


@column(PROVIDERS, WEEKLY_PROVIDERS)
def refused_attempts_share(panel: Panel) -> np.ndarray:
    """Refused over placed: every attempt is placed first, whether it is served then or not."""
    return ratio(panel.sold("refused"), panel.sold("placed"))


@column(MARKET, MODELS, SEGMENTS, CUSTOMERS, WEEKLY, DAILY_OFFERS)
def spend_usd(panel: Panel) -> np.ndarray:
    """Charged at posted prices."""
    return np.asarray(panel.charged_nano / NANO_PER_USD)


@column(MARKET, CUSTOMERS)
def fee_usd(panel: Panel) -> np.ndarray:
    """The router's fees."""
    return np.asarray(panel.bought("fee_nano") / NANO_PER_USD)


@column(MARKET, MODELS, SEGMENTS, CUSTOMERS, WEEKLY, WEEKLY_OFFERS, DAILY_OFFERS)
def price_usd_per_mtok(panel: Panel) -> np.ndarray:
    """Charged at posted prices over tokens, before the router's fee."""
    return usd_per_mtok(panel.charged_nano, panel.tokens)


@column(MARKET)
def cheapest_frontier_usd_per_mtok(panel: Panel) -> np.ndarray:
    """Cheapest price of the first day's best quality."""
    return panel.periods.mean(panel.run.cheapest(panel.run.first_qualities[0]))


@column(MARKET)
def cheapest_standard_usd_per_mtok(panel: Panel) -> np.ndarray:
    """Cheapest price of the first day's median quality."""
    return panel.periods.mean(panel.run.cheapest(panel.run.first_qualities[1]))


@column(MARKET)
def constant_quality_index(panel: Panel) -> np.ndarray:
    """Mean over days of the index."""
    return panel.periods.mean(panel.run.constant_quality_index)


@column(MARKET)
def same_model_index(panel: Panel) -> np.ndarray:
    """Mean over days of the index."""
    return panel.periods.mean(panel.run.same_model_index)


@column(WEEKLY)
def constant_quality_index_at_end(panel: Panel) -> np.ndarray:
    """The index on the last day."""
    return np.asarray(panel.run.constant_quality_index[panel.periods.last])


@column(WEEKLY)
def same_model_index_at_end(panel: Panel) -> np.ndarray:
    """The index on the last day."""
    return np.asarray(panel.run.same_model_index[panel.periods.last])


@column(MODELS)
def cheapest_usd_per_mtok(panel: Panel) -> np.ndarray:
    """Cheapest posted price of a model."""
    result, count = panel.run.result, panel.group.count
    lowest = np.full((result.days, count), np.nan)
    for model in range(count):
        mine = result.offer_model == model
        lowest[:, model] = cheapest(panel.run.price[:, mine], result.listed_daily[:, mine], np.ones(mine.sum()), 0.0)
    return panel.periods.mean(lowest)


@column(MARKET, SEGMENTS)
def size_b(panel: Panel) -> np.ndarray:
    """Parameters of the models used, weighted with tokens."""
    return _by_tokens(panel, panel.run.size_b)


@column(MARKET, SEGMENTS)
def quality(panel: Panel) -> np.ndarray:
    """Quality for the workloads' own tasks, weighted with tokens."""
    return _by_tokens(panel, panel.run.quality)


def _by_tokens(panel: Panel, value: np.ndarray) -> np.ndarray:
    """Mean of (days, workloads) weighted with tokens."""
    return ratio(panel.workloads(np.asarray(panel.run.tokens * np.nan_to_num(value))), panel.tokens)


@column(MARKET)
def open_share(panel: Panel) -> np.ndarray:
    """Tokens of open models over all."""
    by_model = _tokens_of_models(panel)
    return ratio(by_model[:, panel.run.result.models.open].sum(axis=1), by_model.sum(axis=1))


@column(MARKET)
def hhi_providers(panel: Panel) -> np.ndarray:
    """Concentration of providers."""
    names, provider = panel.run.providers
    return shares.hhi(by_group(panel.periods.add(offer_tokens(panel.run.result)), provider, len(names)))


@column(MARKET)
def hhi_models(panel: Panel) -> np.ndarray:
    """Concentration of models."""
    return shares.hhi(_tokens_of_models(panel))


@column(MARKET)
def models_used(panel: Panel) -> np.ndarray:
    """Models with tokens."""
    return np.asarray((_tokens_of_models(panel) > 0).sum(axis=1))


def _tokens_of_models(panel: Panel) -> np.ndarray:
    """Tokens served, (periods, models)."""
    return _of_models(panel, offer_tokens(panel.run.result))


def _of_models(panel: Panel, values: np.ndarray) -> np.ndarray:
    """Sum (days, offers) to (periods, models)."""
    result = panel.run.result
    return by_group(panel.periods.add(values), result.offer_model, len(result.models))


@column(MARKET, MODELS)
def offers_listed(panel: Panel) -> np.ndarray:
    """Offers listed, counted every day."""
    by_day = panel.group.add(panel.run.result.listed_daily.astype(np.float64), panel.group.offer)
    return panel.periods.mean(by_day)


@column(WEEKLY)
def offers_listed_at_end(panel: Panel) -> np.ndarray:
    """Offers listed on the last day."""
    return np.asarray(panel.run.result.listed_daily[panel.periods.last].sum(axis=1))


column(MODELS)(workloads)


@column(MARKET, WEEKLY)
def price_changes(panel: Panel) -> np.ndarray:
    """Changes of posted prices; a launch changes nothing."""
    return panel.periods.count([it.time_s for it in panel.run.result.price_changes if it.reason not in NO_REPRICING])


@column(MARKET, WEEKLY)
def switches(panel: Panel) -> np.ndarray:
    """Moves between two models; starting and stopping are none."""
    return panel.periods.count([it.time_s for it in panel.run.result.switches if it.before >= 0 and it.after >= 0])


@column(SEGMENTS)
def ttft_mean_s(panel: Panel) -> np.ndarray:
    """Mean time to first token."""
    return _waited(panel, workload_series(panel.run.result, "ttft_s"))


@column(SEGMENTS)
def tpot_mean_s(panel: Panel) -> np.ndarray:
    """Mean time per output token."""
    names = ("ttft_s", "e2e_s", "completed", "output_tokens")
    return _waited(panel, latency.tpot_s(*(workload_series(panel.run.result, name) for name in names)))


@column(SEGMENTS)
def e2e_mean_s(panel: Panel) -> np.ndarray:
    """Mean end-to-end latency."""
    return _waited(panel, workload_series(panel.run.result, "e2e_s"))


def _waited(panel: Panel, mean_s: np.ndarray) -> np.ndarray:
    """Mean over completed requests of means of each day and workload, nan where nothing was completed."""
    known = np.where(np.isfinite(mean_s), workload_series(panel.run.result, "completed"), 0)
    return ratio(panel.workloads(np.nan_to_num(mean_s) * known), panel.workloads(known))


@column(MARKET, SEGMENTS, CUSTOMERS)
def surplus_usd(panel: Panel) -> np.ndarray:
    """Surplus of workloads; nan, where one does not exist, counts as none."""
    return panel.workloads(np.nan_to_num(panel.run.result.surplus_usd_daily))


@column(SEGMENTS)
def surplus_usd_per_mtok(panel: Panel) -> np.ndarray:
    """Surplus over tokens."""
    return TOKENS_PER_MTOK * ratio(surplus_usd(panel), panel.tokens)


@column(PROVIDERS)
def received_usd(panel: Panel) -> np.ndarray:
    """Entries of the books to a provider's accounts."""
    return panel.income.received


@column(PROVIDERS)
def paid_usd(panel: Panel) -> np.ndarray:
    """Entries of the books from a provider's accounts."""
    return panel.income.paid


@column(PROVIDERS, WEEKLY_PROVIDERS)
def profit_usd(panel: Panel) -> np.ndarray:
    """Received less paid, according to the books."""
    return np.asarray(panel.income.received - panel.income.paid)


@column(PROVIDERS)
def margin(panel: Panel) -> np.ndarray:
    """What is kept of what is received."""
    return panel.income.margin


@column(PROVIDERS)
def gpu_cost_usd(panel: Panel) -> np.ndarray:
    """Cost of GPUs."""
    return panel.fleet.cost_usd


@column(MARKET, PROVIDERS, WEEKLY_PROVIDERS)
def gpus(panel: Panel) -> np.ndarray:
    """GPU-days over days."""
    return _a_day(panel, panel.fleet.gpu_days)


@column(WEEKLY_PROVIDERS)
def placed_gpus(panel: Panel) -> np.ndarray:
    """GPU-days with a replica over days."""
    return _a_day(panel, panel.fleet.placed)


@column(WEEKLY_PROVIDERS)
def training_gpus(panel: Panel) -> np.ndarray:
    """GPU-days lent to training over days."""
    return _a_day(panel, panel.fleet.training)


def _a_day(panel: Panel, total: np.ndarray) -> np.ndarray:
    return ratio(total, panel.periods.days[:, None])


@column(MARKET, PROVIDERS)
def placed_share(panel: Panel) -> np.ndarray:
    """GPU-days with a replica over GPU-days."""
    return ratio(panel.fleet.placed, panel.fleet.gpu_days)


@column(PROVIDERS)
def training_share(panel: Panel) -> np.ndarray:
    """GPU-days lent to training over GPU-days."""
    return ratio(panel.fleet.training, panel.fleet.gpu_days)


@column(MARKET, PROVIDERS, WEEKLY, WEEKLY_OFFERS, WEEKLY_PROVIDERS, DAILY_OFFERS)
def busy_share(panel: Panel) -> np.ndarray:
    """Replica-days in steps over active replica-days: an offer with more replicas weighs more."""
    return ratio(panel.offers(panel.run.busy_replica_days), panel.offers(panel.run.result.replicas_daily))


@column(MARKET)
def provider_margin(panel: Panel) -> np.ndarray:
    """What all providers together kept of what they received."""
    return panel.income.margin


@column(MARKET)
def effect_price_usd_per_day(panel: Panel) -> np.ndarray:
    """Change of spend since the period before because of prices."""
    return _effect(panel, "price")


@column(MARKET)
def effect_volume_usd_per_day(panel: Panel) -> np.ndarray:
    """Change of spend since the period before because of volume."""
    return _effect(panel, "volume")


@column(MARKET)
def effect_mix_usd_per_day(panel: Panel) -> np.ndarray:
    """Change of spend since the period before because of moves between models."""
    return _effect(panel, "mix")


def _effect(panel: Panel, part: str) -> np.ndarray:
    """One part of the change of spend a day; nan in the first period, which has none before it."""
    length = panel.periods.days[:, None]
    spend = _of_models(panel, offer_series(panel.run.result, "revenue_nano")) / NANO_PER_USD
    splits = chained(spend / length, _tokens_of_models(panel) / length)
    return np.array([np.nan, *(getattr(split, part) for split in splits)][: len(spend)])
