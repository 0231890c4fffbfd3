"""Models of the market: which facts are read, how the frontier goes on, and what a move between models costs."""

from typing import Any

from pydantic import ConfigDict, Field, model_validator

from sim.scenario.base import Day, Name, Part, Sweep, quantity
from sim.scenario.own_models import MarketModel
from sim.spelling import near

EPOCH = "Epoch AI, open-closed gap on its capability index: 3.5 months (90% CI 1.1-5.3) in 2025, 4 in May 2026"
FIT = "least squares over the built-in catalogue (docs/market/models.md)"


class Catalogue(Part):
    """Which models of a catalogue of facts take part."""

    path: str | None = Field(None, description="CSV file with the columns of the built-in catalogue; none: built in")
    include: tuple[Name, ...] = Field((), description="Names of models to take; none means all")
    exclude: tuple[Name, ...] = Field((), description="Names of models to leave out")
    max_age_days: float = quantity(730.0, unit="days", doc="Models older than this on the first day are left out", ge=0)
    max_models: int | None = quantity(None, unit="models", doc="Keep at most so many, the latest released; none: all",
                                      ge=1)


class Frontier(Part):
    """How models go on after the last real release: closed frontier, open models a lag behind, size ladders."""

    enabled: bool = Field(True, description="Whether invented models follow the real ones within the horizon")
    from_date: Day | None = Field(None, description="Real models released on or after this day are replaced by "
                                   "invented ones; none: after the catalogue's last release, or from the first day")
    growth_per_year: float = quantity(
        1.08, unit="log-odds/year", doc="Growth of the closed frontier's ability", ge=-5, le=20, source=FIT,
        sweep=Sweep(0.5, 2.0, "log", "half to twice the default"))
    open_lag_months: float = quantity(
        4.0, unit="months", doc="Time by which the open frontier trails the closed one (1 to 6)", ge=0, le=36,
        source=EPOCH,
        sweep=Sweep(1.0, 6.0, "linear", "one to six months: the published range"),
    )
    size_step: float = quantity(
        0.49, unit="log-odds", doc="Loss of ability with a tenth of the parameters, same creator and day", ge=0, le=10,
        source=FIT)
    noise: float = quantity(
        0.10, unit="log-odds", doc="Standard deviation of a release around its trend", ge=0, le=3)
    closed_creators: tuple[Name, ...] = Field(
        ("anthropic", "google", "openai", "xai"), description="Creators of closed models")
    open_creators: tuple[Name, ...] = Field(
        ("alibaba", "deepseek", "meta", "minimax", "mistral", "moonshot", "zai"),
        description="Creators of open models")
    closed_gap_days: float = quantity(
        100.0, unit="days", doc="Mean time between a closed creator's releases (exponential)", gt=0,
        source="assumption: half the frequency of 2025 (39 to 68 days), when a release was mostly one size, not three")
    open_gap_days: float = quantity(
        150.0, unit="days", doc="Mean time between an open creator's releases (exponential)", gt=0,
        source="assumption, as for closed creators (23 to 94 days in 2025)")
    closed_sizes_b: tuple[float, ...] = Field(
        (14.0, 120.0, 900.0), min_length=1,
        description="Total parameters of a closed release, small to large [billions] (source: assumption)")
    open_sizes_b: tuple[float, ...] = Field(
        (9.0, 32.0, 700.0), min_length=1, description="Total parameters of an open release, small to large [billions] "
        "(source: Qwen3.5-9B, Qwen3-32B, DeepSeek-V3)")
    verbosity: float = quantity(
        2.5, unit="1", doc="Output tokens over those of a model that does not think first", gt=0, le=20,
        source="median of the reasoning models of 2026 in the catalogue is 3; assumption")
    context_tokens: int = quantity(262_144, unit="tokens", doc="Longest prompt plus output", ge=1,
                                   source="Qwen3.5, Kimi K2.5")

    @model_validator(mode="after")
    def _sensible(self) -> "Frontier":
        both = set(self.closed_creators) & set(self.open_creators)
        if both:
            raise ValueError(f"{min(both)!r} is among closed_creators and open_creators; it can be in one of them only")
        for field in ("closed_sizes_b", "open_sizes_b"):
            sizes = getattr(self, field)
            if min(sizes) <= 0 or list(sizes) != sorted(set(sizes)):
                raise ValueError(f"{field} is {sizes}; it must be positive numbers in rising order")
        return self


class Retirement(Part):
    """How long creators keep their closed models on the market; open ones go when their last host delists them."""

    enabled: bool = Field(False, description="Whether closed models retire once they have a successor")
    median_months: float = quantity(
        13.0, unit="months", doc="Median time from a closed model's release to its end, if it has a successor by then",
        gt=0, le=600, source="Anthropic's deprecation page: Claude Sonnet 3.5 16, 3.7 12 and 4 13 months")
    spread: float = quantity(0.2, unit="1", doc="Standard deviation of the logarithm of that time", ge=0, le=3)
    notice_days: float = quantity(
        60.0, unit="days", doc="Time from the announcement, after which nobody takes it up, to the end", ge=0, le=3650,
        source="Anthropic's deprecation page: at least 60 days")


class Moves(Part):
    """Which moves between models a workload considers, and what they cost it in units of its switching cost."""

    size_cost: float = quantity(0.4, unit="switching costs", doc="To another size of the same family", ge=0)
    family_cost: float = quantity(0.3, unit="switching costs", doc="To the family's next or previous generation", ge=0)
    creator_cost: float = quantity(0.7, unit="switching costs", doc="To another family of the same creator", ge=0)
    task_cost: float = quantity(1.0, unit="switching costs", doc="To another creator's model of like or better quality",
                                ge=0, source="definition: a full switch")
    task_drop: float = quantity(
        0.35, unit="1", doc="Quality on every task that a move to another creator may lose at most; more is not "
        "considered", ge=0, le=1)


class ModelSettings(Part):
    """The models of a market; every other table is a model of the scenario's own, or changes one of the catalogue."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)
    __pydantic_extra__: dict[Name, MarketModel] = Field(init=False)

    catalogue: Catalogue = Field(Catalogue(), description="Real models")
    frontier: Frontier = Field(Frontier(), description="Models to come")
    retirement: Retirement = Field(Retirement(), description="Closed models that go")
    moves: Moves = Field(Moves(), description="Moves between models")

    @property
    def own(self) -> dict[str, MarketModel]:
        """Models of the scenario's own, by name."""
        return dict(self.__pydantic_extra__ or {})

    @model_validator(mode="before")
    @classmethod
    def _no_misspelt_field(cls, data: Any) -> Any:
        """Refuse a table that is neither a model nor named as a field: its own fields would be told to be wrong."""
        for name, table in data.items() if isinstance(data, dict) else ():
            is_model = isinstance(table, MarketModel) or (
                isinstance(table, dict) and (not table or set(table) & set(MarketModel.model_fields)))
            if name not in cls.model_fields and not is_model:
                raise ValueError(f"{name} is no table of a model (such as one with `like` or `total_b`), and not a "
                                 f"known field{near(str(name), cls.model_fields)}")
        return data
