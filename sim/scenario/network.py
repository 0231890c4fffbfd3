"""The network: regions and links, whose shortest paths give the delays."""

from pydantic import Field, model_validator

from sim.scenario.base import Name, Part, quantity


class Link(Part):
    """A two-way link between two regions."""

    a: Name = Field(description="One end")
    b: Name = Field(description="The other end")
    delay_s: float = quantity(unit="s", doc="One-way delay", ge=0, le=10)


class Network(Part):
    """Regions joined by links; an empty network has one region called us-east."""

    local_delay_s: float = quantity(
        0.001, unit="s", doc="One-way delay inside a region", ge=0, le=10,
        source="assumption: about a millisecond inside a metropolitan area",
    )
    regions: tuple[Name, ...] = Field(("us-east",), description="Names of the regions")
    links: tuple[Link, ...] = Field((), description="Links between them")

    @model_validator(mode="after")
    def _known(self) -> "Network":
        known = set(self.regions)
        for link in self.links:
            for end in (link.a, link.b):
                if end not in known:
                    raise ValueError(f"link end {end!r} is not one of the regions {sorted(known)}")
        return self
