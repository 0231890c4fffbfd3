"""One page of figures of a run of the market, drawn from its monthly tables."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from experiments.measures.catalogue import measure
from experiments.measures.market.periods import days_of
from experiments.output.figure_style import COLOURS, plain_ticks, save, say, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

    Panel = Callable[[Axes, Mapping[str, DataFrame]], None]

REST: Final = "#bbbbbb"  # colour of "others"
INK: Final = "#333333"
FEWEST_DAYS: Final = 10  # months of which the run covers less are not drawn
LARGEST: Final = 6  # names with a colour of their own; the others are added up
SMALL: Final = 7.5  # points
PANEL_SIZE: Final = (4.6, 4.2)  # inches, of a panel drawn for itself
BLUES: Final = ("#c6dbef", "#6baed6", "#2171b5", "#08306b")  # size classes, light to dark
PRICE_LINES: Final = (
    ("constant_quality_index", COLOURS[1], "-"), ("cheapest_frontier_usd_per_mtok", COLOURS[4], ":"),
    ("same_model_index", COLOURS[5], "-"), ("price_usd_per_mtok", COLOURS[0], "-"),
)


def page(frames: "Mapping[str, DataFrame]", title: str, folder: Path) -> None:
    """Draw the page as ``market.svg`` and ``market.png``; ``frames`` are the tables of a run (or read from its CSV)."""
    with styled():
        save(figure_of(frames, title), folder / "market")


def figure_of(frames: "Mapping[str, DataFrame]", title: str) -> "Figure":
    """Return the page: nine panels over the months of a run."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    tables = _whole_months(frames)
    figure = Figure(figsize=(15.0, 12.4), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.10))
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=12, color=INK)
    for place, (heading, draw) in enumerate(PANELS.items()):
        _panel(figure.add_subplot(3, 3, place + 1), heading, draw, tables)
    return figure


def panels(frames: "Mapping[str, DataFrame]", folder: Path) -> None:
    """Draw each panel for itself, as ``market-NAME.svg``, ``.pdf`` and ``.png``, small enough for a phone."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    tables = _whole_months(frames)
    with styled():
        for heading, draw in PANELS.items():
            figure = Figure(figsize=PANEL_SIZE, layout="constrained")
            FigureCanvasAgg(figure)
            _panel(figure.add_subplot(), heading, draw, tables)
            save(figure, folder / f"market-{draw.__name__.strip('_')}")


def _whole_months(frames: "Mapping[str, DataFrame]") -> "dict[str, DataFrame]":
    """The monthly tables without months of which the run covers only a few days."""
    market = frames["monthly_market"]
    kept = set(market.loc[market["days"] >= min(FEWEST_DAYS, market["days"].max()), "month"])
    return {name: frames[name][frames[name]["month"].isin(kept)].reset_index(drop=True) for name in MONTHLY}


def _panel(axis: "Axes", heading: str, draw: "Panel", tables: "Mapping[str, DataFrame]") -> None:
    axis.set_title(heading, loc="left", fontsize=10)
    draw(axis, tables)
    _months(axis, tables["monthly_market"]["month"].tolist())
    _cut(axis, tables["monthly_market"])
    if not tables["monthly_market"][["prompt_tokens", "output_tokens"]].to_numpy(float).any():
        say(axis, "No request was completed.")


def _prices(axis: "Axes", tables: "Mapping[str, DataFrame]") -> None:
    market = tables["monthly_market"]
    for column, colour, line in PRICE_LINES:
        values = market[column].to_numpy(float)
        known = np.flatnonzero(np.isfinite(values) & (values > 0))
        if not len(known):
            continue
        first, last = values[known[0]], values[known[-1]]
        unit = "" if column.endswith("_index") else f" ({_short(first)} → {_short(last)} USD)"
        axis.plot(values / first, line, color=colour, label=measure(column).words + unit, marker=".", markersize=4)
    axis.set_ylabel("Price of a million tokens, first month = 1")
    if not axis.lines:  # a log axis without a number has no labels
        return
    axis.set_yscale("log")
    _octaves(axis)
    plain_ticks(axis)
    _legend(axis, columns=1)


def _climb(axis: "Axes", tables: "Mapping[str, DataFrame]") -> None:
    market = tables["monthly_market"]
    axis.plot(market["size_b"], color=COLOURS[0], marker=".", label=measure("size_b").heading)
    axis.set_ylabel(measure("size_b").axis(), color=COLOURS[0])
    axis.set_ylim(bottom=0)
    right = axis.twinx()
    right.plot(market["quality"], color=COLOURS[1], marker="s", markersize=3, label=measure("quality").heading)
    right.set_ylabel(measure("quality").axis(), color=COLOURS[1])
    right.set_ylim(0, 1)
    right.grid(False)
    handles = [*axis.get_lines(), *right.get_lines()]
    axis.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.10), ncols=2, fontsize=SMALL)


def _sizes(axis: "Axes", tables: "Mapping[str, DataFrame]") -> None:
    from sim.market.models.model import SIZE_CLASSES

    models = tables["monthly_models"]
    tokens = _pivot(models, "size_class", "tokens").reindex(columns=list(SIZE_CLASSES), fill_value=0)
    daily = tokens.to_numpy(float) / tables["monthly_market"]["days"].to_numpy(float)[:, None] / 1e9
    _areas(axis, daily.T, SIZE_CLASSES, BLUES)
    axis.set_ylabel("Billion tokens a day")
    _legend(axis)


def _creators(axis: "Axes", tables: "Mapping[str, DataFrame]") -> None:
    models = tables["monthly_models"]
    _stack(axis, _pivot(models, "creator", "tokens"))
    share = 100 * tables["monthly_market"]["open_share"]
    axis.plot(share, color="black", linestyle="--", marker=".", label=measure("open_share").words)
    axis.set_ylabel("Share of tokens (%)")
    _legend(axis)


def _spend(axis: "Axes", tables: "Mapping[str, DataFrame]") -> None:
    market = tables["monthly_market"]
    effects = [np.nancumsum(market[f"effect_{name}_usd_per_day"].to_numpy(float)) / 1e3 for name in EFFECTS]
    bars = np.arange(len(market))
    above, below = np.zeros(len(market)), np.zeros(len(market))
    for values, (name, colour) in zip(effects, EFFECTS.items(), strict=True):
        base = np.where(values >= 0, above, below)
        axis.bar(bars, values, bottom=base, color=colour, width=0.8, label=name)
        above += np.maximum(values, 0)
        below += np.minimum(values, 0)
    axis.plot(bars, sum(effects), color="black", marker=".", linewidth=1.2, label="sum")
    axis.axhline(0, color=INK, linewidth=0.8)
    axis.set_ylabel("Spend a day since first month (1000 USD)")
    _legend(axis)


def _margins(axis: "Axes", tables: "Mapping[str, DataFrame]") -> None:
    market, providers = tables["monthly_market"], tables["monthly_providers"]
    margin = 100 * _pivot(providers, "provider", "margin").to_numpy(float)
    known = np.isfinite(margin).any(axis=1)
    low, high = np.full(len(margin), np.nan), np.full(len(margin), np.nan)
    if known.any():
        low[known], high[known] = np.nanquantile(margin[known], (0.25, 0.75), axis=1)
    axis.fill_between(np.arange(len(margin)), low, high, color=COLOURS[2], alpha=0.2, linewidth=0,
                      label="margin, middle half of providers")
    for column, colour in (("provider_margin", COLOURS[2]), ("placed_share", COLOURS[4]), ("busy_share", COLOURS[0])):
        axis.plot(100 * market[column].to_numpy(float), color=colour, marker=".", label=measure(column).words)
    axis.axhline(0, color=INK, linewidth=0.8)
    axis.set_ylim(max(-120.0, min(0.0, np.nanmin([*low, 0.0]) - 5)), 105)
    axis.set_ylabel("Share of revenue, of GPUs, of time (%)")
    _legend(axis, columns=2)


def _provider_shares(axis: "Axes", tables: "Mapping[str, DataFrame]") -> None:
    _stack(axis, _pivot(tables["monthly_providers"], "provider", "tokens"))
    hhi = 100 * tables["monthly_market"]["hhi_providers"]
    axis.plot(hhi, color="black", linestyle="--", marker=".", label="HHI × 100")
    axis.set_ylabel("Share of tokens (%)")
    _legend(axis)


def _latency(axis: "Axes", tables: "Mapping[str, DataFrame]") -> None:
    seconds = _pivot(tables["monthly_segments"], "segment", "ttft_mean_s")
    show = measure("ttft_mean_s").show_for(seconds.to_numpy(float).ravel())
    for index, name in enumerate(seconds.columns):
        axis.plot(show.factor * seconds[name].to_numpy(float), color=COLOURS[index % len(COLOURS)], marker=".",
                  label=name, linestyle="-" if index < len(COLOURS) else ":")
    axis.set_ylim(bottom=0)
    axis.set_ylabel(measure("ttft_mean_s").axis(show))
    _legend(axis)


def _surplus(axis: "Axes", tables: "Mapping[str, DataFrame]") -> None:
    market = tables["monthly_market"]
    for column, colour in (("surplus_usd", COLOURS[2]), ("spend_usd", COLOURS[0]), ("fee_usd", COLOURS[3])):
        axis.plot(market[column] / market["days"] / 1e3, color=colour, marker=".", label=measure(column).words)
    if (market[["surplus_usd", "spend_usd", "fee_usd"]] > 0).any(axis=None):
        axis.set_yscale("log", nonpositive="mask")
        plain_ticks(axis)
    axis.set_ylabel("1000 USD a day")
    _legend(axis)


def _stack(axis: "Axes", amounts: "DataFrame") -> None:
    """Stack shares of the largest names, in per cent, the others added up on top."""
    total = amounts.sum().sort_values(ascending=False, kind="stable")
    order = total[total > 0].index if (total > 0).any() else total.index  # who never sold anything is none of them
    shares = 100 * amounts[order].to_numpy(float) / np.maximum(amounts.to_numpy(float).sum(axis=1, keepdims=True), 1)
    layers, labels = list(shares[:, :LARGEST].T), list(order[:LARGEST])
    if len(order) > LARGEST:
        others = len(order) - LARGEST
        layers.append(shares[:, LARGEST:].sum(axis=1))
        labels.append(order[-1] if others == 1 else f"{others} others")
    colours = [*COLOURS[:LARGEST], REST]
    _areas(axis, np.array(layers), labels, colours, alpha=0.75)
    axis.set_ylim(0, 100)


def _areas(
    axis: "Axes", layers: np.ndarray, labels: Sequence[str], colours: Sequence[str], alpha: float = 1.0
) -> None:
    """Stack layers, (names, months), as areas, or as one bar if there is only one month, where areas have no width."""
    if layers.shape[1] > 1:
        axis.stackplot(np.arange(layers.shape[1]), layers, labels=labels, colors=colours, alpha=alpha, linewidth=0)
        return
    base = 0.0
    for layer, label, colour in zip(layers[:, 0], labels, colours, strict=False):
        axis.bar(0, layer, bottom=base, color=colour, alpha=alpha, width=0.5, label=label)
        base += layer


def _pivot(frame: "DataFrame", names: str, values: str) -> "DataFrame":
    """Months by names; amounts of one name and month are added up."""
    how = "sum" if values == "tokens" else "mean"
    return frame.pivot_table(index="month", columns=names, values=values, aggfunc=how, dropna=False)


def _months(axis: "Axes", labels: Sequence[str]) -> None:
    """Label every third month, of long runs every sixth."""
    step = 1 if len(labels) <= 6 else 3 if len(labels) <= 30 else 6
    places = range(0, len(labels), step)
    axis.set_xticks(list(places), [labels[place] for place in places])
    axis.set_xlim(-0.5, max(len(labels) - 0.5, 0.5))
    axis.tick_params(labelsize=8)


def _cut(axis: "Axes", market: "DataFrame") -> None:
    """Shade months that the run covers in part: their means are of other days of the month than the others'."""
    for place, (month, days) in enumerate(zip(market["month"], market["days"], strict=True)):
        if days < days_of(str(month)):
            axis.axvspan(place - 0.5, place + 0.5, color="#eeeeee", zorder=0, linewidth=0)
            axis.set_xlabel("shaded: a month that the run covers in part", fontsize=SMALL, labelpad=1)


def _octaves(axis: "Axes") -> None:
    """Give a log axis that spans little at least a factor of four, so that it has labels."""
    low, high = axis.get_ylim()
    if high < 4 * low:
        middle = (low * high) ** 0.5
        axis.set_ylim(middle / 2, middle * 2)


def _legend(axis: "Axes", columns: int = 4) -> None:
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.10), ncols=columns, fontsize=SMALL,
                columnspacing=1.0, handlelength=1.4, handletextpad=0.4)


def _short(value: float) -> str:
    """Two significant digits."""
    return f"{float(f'{value:.2g}'):g}"


EFFECTS: Final = {"volume": COLOURS[5], "price": COLOURS[2], "mix": COLOURS[1]}
MONTHLY: Final = ("monthly_market", "monthly_models", "monthly_providers", "monthly_segments")
PANELS: Final = {
    "Prices: same quality, same model, average token": _prices,
    "What the average token is made by": _climb,
    "Tokens by model size": _sizes,
    "Models' creators": _creators,
    "Why spend changed": _spend,
    "Providers' margins and utilisation": _margins,
    "Providers' shares": _provider_shares,
    "Latency by segment": _latency,
    "Who gains": _surplus,
}
