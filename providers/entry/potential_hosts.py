"""The pool of potential hosts: what each would pay, how good its engines are, where it stands; and its offers.

Every draw belongs to the name of its type (and to a model, where it is about one): more types, models or GPU types
change nothing of those that were there before.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from providers.around import Around
from providers.cost.gpu_dates import rentable_day
from providers.cost.software import faster
from providers.cost.unit_cost import capacity
from providers.firms.placement import Hardware, choose_hardware
from providers.firms.shelf import PlannedOffer
from sim.errors import ScenarioError
from sim.market.models.model import Model, Models
from sim.scenario.entry_settings import EntrySettings
from sim.scenario.firm_settings import Firm, PoolSettings, SupplySettings
from sim.streams import Streams

ROOM = 1_000_000  # GPUs that may be rented: more than any replica takes
KINDS = ("efficiency", "overhead", "region", "precision")  # in the order in which they are drawn


@dataclass(frozen=True)
class PotentialHost:
    """A type outside of the market.

    Attributes
    ----------
    name
        Of the host.
    firm
        What it would be as a firm; its pools are empty.
    gpu_factors
        What it pays for each of the pool's GPU types over their rent.
    efficiency
        How fast its engines are over those of the calibration.
    overhead_usd_per_day
        What keeping a listing costs it besides GPUs.
    """

    name: str
    firm: Firm
    gpu_factors: tuple[float, ...]
    efficiency: float
    overhead_usd_per_day: float


def draw_hosts(settings: EntrySettings, streams: Streams) -> list[PotentialHost]:
    """Return all types; each draws from ``providers/<name>/type`` and, for what GPUs cost it, ``.../gpus``."""
    return [_drawn(f"entrant-{number:03d}", settings, streams) for number in range(1, settings.types + 1)]


def _drawn(name: str, settings: EntrySettings, streams: Streams) -> PotentialHost:
    nature, gpus = (streams.generator(f"providers/{name}/{what}") for what in ("type", "gpus"))
    efficiency, overhead = (math.exp(sd * nature.standard_normal())
                            for sd in (settings.efficiency_sd, settings.overhead_sd))
    region, in_fp4 = int(nature.random() * len(settings.regions)), nature.random() < settings.fp4_share
    factors = tuple(math.exp(settings.gpu_price_sd * gpus.standard_normal()) for _ in settings.gpus)
    precisions = ("fp4", "fp8") if in_fp4 else ("fp8",)
    firm = Firm(
        region=settings.regions[region], pricing=settings.pricing, faults=settings.faults, engine=settings.engine,
        limits=settings.limits, exit_months=None,
        pools=tuple(PoolSettings(gpu=gpu, count=0, tenure="rented", precisions=precisions) for gpu in settings.gpus),
    )
    return PotentialHost(name, firm, factors, efficiency, settings.overhead_usd_per_day * overhead)


class Familiar:
    """Which types can serve which models: a draw of each model's own stream, one number a type in the order of types.

    Parameters
    ----------
    settings, streams
        The pool, and the streams of this replication.
    """

    def __init__(self, settings: EntrySettings, streams: Streams) -> None:
        self._settings, self._streams = settings, streams

    def of_model(self, model: Model) -> np.ndarray:
        """Return bool (types,): which can serve it; each model may be asked for once."""
        drawn = self._streams.generator(f"providers/entry/familiar/{model.name}").random(self._settings.types)
        return np.asarray(drawn < self._settings.familiar_share)


def potential_offers(
    hosts: Sequence[PotentialHost], supply: SupplySettings, models: Models, streams: Streams, around: Around
) -> list[PlannedOffer]:
    """Offers that the types might make: all open models that they can serve, on the GPU where a token is cheapest.

    Raises
    ------
    ScenarioError
        If the pool names an unknown GPU type.
    """
    terms = supply.entry
    unknown = [gpu for gpu in terms.gpus if gpu not in around.gpus]
    if unknown:
        raise ScenarioError(f"supply.entry.gpus has {unknown[0]!r}, which is unknown; allowed are "
                            f"{', '.join(around.gpus)}")
    familiar, offers = Familiar(terms, streams), []
    for model in models.rows:
        if not model.open or model.release_day >= around.days:
            continue
        choices = {precisions: _choices(model, precisions, supply, around)
                   for precisions in dict.fromkeys(host.firm.pools[0].precisions for host in hosts)}
        for host in (hosts[index] for index in np.flatnonzero(familiar.of_model(model)).tolist()):
            found = _cheapest(host, choices[host.firm.pools[0].precisions], around)
            if found is not None:
                made = _of_its_own(host, found, supply.shelf.tpot_s)
                offers.append(PlannedOffer(host.name, model, made, max(0.0, model.release_day), terms.max_replicas))
    return offers


def _choices(model: Model, precisions: tuple[str, ...], supply: SupplySettings, around: Around) -> list[Hardware]:
    """One replica on each GPU type that can be rented at the model's release and holds it."""
    terms, found = supply.entry, []
    for index, gpu in enumerate(terms.gpus):
        if rentable_day(gpu, around.start) > max(0.0, model.release_day):
            continue
        pool = PoolSettings(gpu=gpu, count=ROOM, precisions=precisions)
        firm = Firm(pools=(pool,), engine=terms.engine, limits=terms.limits)
        hardware = choose_hardware(model, firm, supply.shelf, around.gpus)
        if hardware is not None:
            found.append(hardware._replace(pool=index))
    return found


def _cheapest(host: PotentialHost, choices: Sequence[Hardware], around: Around) -> Hardware | None:
    """Of equally cheap ones the first."""
    def usd(hardware: Hardware) -> float:
        rent = around.gpus[hardware.deployment.gpu.name].rent_usd_per_hour * host.gpu_factors[hardware.pool]
        return hardware.capacity.cost_usd_per_mtok(rent * hardware.gpus, 1.0, hardware.prior.mix)

    return min(choices, key=usd, default=None)


def _of_its_own(host: PotentialHost, hardware: Hardware, tpot_s: float) -> Hardware:
    """The replica with engines as fast as the host's."""
    step = faster(hardware.step, host.efficiency)
    return hardware._replace(step=step, capacity=capacity(step, hardware.size, hardware.prior, tpot_s))
