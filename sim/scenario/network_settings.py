"""The network: regions and links, whose shortest paths give the delays."""

from pydantic import Field, model_validator

from sim.scenario.base import Name, Part, Sweep, quantity


class Link(Part):
    """A two-way link between two regions."""

    a: Name = Field(description="One end")
    b: Name = Field(description="The other end")
    delay_s: float = quantity(unit="s", doc="One-way delay", ge=0, le=10)


class RegionFaults(Part):
    """What goes wrong in a whole region, from streams keyed by its name."""

    outage_mtbf_s: float | None = quantity(
        None, unit="s", doc="Mean time between outages of the region (exponential); none has none", gt=0,
        sweep=Sweep(3600.0, 604800.0, "log", "an hour to a week"),
    )
    outage_mttr_s: float = quantity(
        600.0, unit="s", doc="Mean time to repair (exponential)", gt=0,
        source="assumption: longer than a provider's own, for power and network are not restarted at will",
    )


class Network(Part):
    """Regions joined by links; an empty network has one region called us-east."""

    local_delay_s: float = quantity(
        0.001, unit="s", doc="One-way delay inside a region", ge=0, le=10,
        source="assumption: about a millisecond inside a metropolitan area",
    )
    regions: tuple[Name, ...] = Field(("us-east",), description="Names of the regions", min_length=1)
    links: tuple[Link, ...] = Field((), description="Links between them")
    faults: dict[Name, RegionFaults] = Field(
        {}, description="Faults of whole regions, by name; an outage takes down all offers there at once"
    )

    @model_validator(mode="after")
    def _known(self) -> "Network":
        known = set(self.regions)
        for link in self.links:
            for end in (link.a, link.b):
                if end not in known:
                    raise ValueError(f"link end {end!r} is not one of the regions {sorted(known)}")
        for name in self.faults:
            if name not in known:
                raise ValueError(f"faults.{name} names no region; regions are {', '.join(sorted(known))}")
        return self
