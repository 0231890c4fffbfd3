"""What the page shows, as one plain object: series of a market, its offers, providers and models by period."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from experiments.watch.graph import graph_of, moves_by_period, places
from experiments.watch.reading import RunFolder
from sim.errors import MarketError

if TYPE_CHECKING:
    from pandas import DataFrame

DIGITS: Final = 5  # significant digits that are kept: more than a page can show
MARKET: Final = ("requests", "completed_share", "tokens", "spend_usd", "price_usd_per_mtok",
                 "constant_quality_index_at_end", "same_model_index_at_end", "offers_listed_at_end", "price_changes",
                 "switches", "busy_share")
PROVIDER: Final = ("tokens", "refused_attempts_share", "gpus", "placed_gpus", "training_gpus", "busy_share",
                   "profit_usd")
FACTS: Final = ("creator", "family", "open", "size_class", "total_b", "release_day")


def story(run: RunFolder) -> dict[str, Any]:
    """Return everything the page shows, ready for JSON.

    Raises
    ------
    MarketError
        If the tables do not fit together.
    """
    tables, scenario = run.tables, run.manifest["scenario"]
    market = tables["period_market"]
    first = market["day"].to_numpy(int)
    row = {name: i for i, name in enumerate(tables["models"]["model"])}
    try:
        offers = _series(tables["period_offers"], first, ["provider", "model"],
                         ("input_usd_per_mtok", "output_usd_per_mtok", "price_usd_per_mtok", "tokens"))
        providers = _series(tables["period_providers"], first, ["provider"], PROVIDER)
        moves = moves_by_period(tables["switches"], first, row)
    except KeyError as error:
        raise MarketError(f"the tables of this run do not fit together: {error} is in one and not in another") from None
    return {
        "title": scenario["name"], "description": scenario.get("description", ""),
        "seed": str(run.manifest["seed"]), "replications": run.manifest["parameters"].get("replications", 1),
        "hash": run.manifest["scenario_hash"],
        "weekly": int(market["days"].max()) > 1,
        "dates": market["date"].tolist(), "day": first.tolist(), "days": market["days"].tolist(),
        "market": {name: _numbers(market[name]) for name in MARKET},
        "offers": offers, "providers": providers, "moves": moves,
        "marketplaces": marketplaces(tables["daily_marketplaces"], first),
        **_models(tables["models"], offers, scenario),
    }


def marketplaces(days: "DataFrame", first: np.ndarray) -> list[dict[str, Any]]:
    """Return what each marketplace sold by period, and how many workloads came to it and left; empty if there is one.

    Parameters
    ----------
    days
        The table ``daily_marketplaces``.
    first
        First day of each period.
    """
    period = np.searchsorted(first, days["day"].to_numpy(float), side="right") - 1
    return [{"name": str(name), **{column: _numbers(np.bincount(period[days["marketplace"] == name], part[column],
                                                                len(first)))
                                   for column in ("tokens", "joins", "leaves")}}
            for name, part in days.groupby("marketplace", sort=False)]


def _series(frame: "DataFrame", first: np.ndarray, keys: list[str], columns: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return one object for each distinct key, with a list over all periods for each column, None where missing."""
    place = {int(day): i for i, day in enumerate(first)}
    out = []
    for names, part in frame.groupby(keys, sort=True):
        at = [place[int(day)] for day in part["day"]]
        entry: dict[str, Any] = dict(zip(keys, names, strict=True))
        for column in columns:
            values = part[column].where(part["listed"]) if "usd_per_mtok" in column else part[column]
            entry[column] = _spread(values, at, len(first))
        out.append(entry)
    return out


def _spread(values: "DataFrame", at: list[int], length: int) -> list[float | None]:
    out: list[float | None] = [None] * length
    for place, value in zip(at, _numbers(values), strict=True):
        out[place] = value
    return out


def _models(models: "DataFrame", offers: list[dict[str, Any]], scenario: Mapping[str, Any]) -> dict[str, Any]:
    """Return the models with their places, facts and tokens by period, and the upgrades between them as rows."""
    graph = graph_of(models, scenario.get("models", {}).get("moves", {}))
    where = places(graph)
    sold: dict[str, np.ndarray] = {}
    for offer in offers:
        tokens = np.array([it or 0 for it in offer["tokens"]], float)
        sold[offer["model"]] = sold.get(offer["model"], 0.0) + tokens
    row = {name: i for i, name in enumerate(models["model"])}
    facts = models[list(FACTS)].to_dict("records")
    return {
        "models": [
            {"name": name, **{key: _plain(value) for key, value in facts[i].items()},
             "quality": _number(graph.nodes[name]["quality"]),
             "x": _number(where[name][0]), "y": _number(where[name][1]),
             "tokens": _numbers(sold[name]) if name in sold else None}
            for name, i in row.items()
        ],
        "edges": [[row[old], row[new], edge["kind"]] for old, new, edge in graph.edges(data=True)],
    }


def _plain(value: Any) -> Any:  # noqa: ANN401 - a cell of a frame
    return value.item() if isinstance(value, np.generic) else value


def _numbers(values: Any) -> list[float | None]:  # noqa: ANN401 - a column or an array
    return [_number(float(value)) for value in values]


def _number(value: float) -> float | None:
    """Return a number with few digits, whole if it is, None if it is none."""
    if not math.isfinite(value):
        return None
    short = float(f"{value:.{DIGITS}g}")
    return int(short) if short == int(short) else short
