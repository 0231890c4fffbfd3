"""Ways of getting tokens, and what each costs: every number with its range and its source."""

from typing import Final

from sim.scenario.base import Part, Sweep, quantity

DEEPSEEK: Final = "deepseek-ai/open-infra-index, day 6: 776 billion tokens a day on 226.75 nodes of 8 H800"
RENTS: Final = "H100, one-year contract, March 2026 (SemiAnalysis index); 1.70 in October 2025"
NBER: Final = "NBER w34608: open models are 90 % cheaper at equal intelligence"


class AccessTerms(Part):
    """What tokens cost by access path, in the first month and later, for work of constant quality."""

    closed_usd_per_mtok: float = quantity(
        2.33, unit="USD/Mtok", gt=0, doc="Price of a closed model's tokens, input, cached input and output together",
        source="3 and 15 USD a million (Claude Sonnet), 15 tokens in for one out (arXiv 2601.10088), 56 % of the input "
        "cached at a tenth", sweep=Sweep(0.8, 5.0, "log", source="price paid at OpenRouter in April 2025; 5 and 25 USD "
                                         "a million"))
    open_discount: float = quantity(0.9, unit="1", ge=0, lt=1, source=NBER,
                                    doc="What a hosted open model of equal quality is cheaper than the closed one",
                                    sweep=Sweep(0.7, 0.95, source="assumption around that"))
    movable: float = quantity(
        0.7, unit="1", ge=0, le=1, doc="Share of the work that open models do well enough; the rest stays with the "
        "closed one", sweep=Sweep(0.3, 1.0, source="assumption: the median token is far below the frontier "
                                  "(NBER w34608), by how much of a firm's own work is not known"))
    dispersion: float = quantity(
        0.275, unit="1", ge=0, le=2, doc="Standard deviation of the logarithm of hosts' prices for one model",
        source="pluriholonomic/ai-routing", sweep=Sweep(0.15, 0.6, source="pydantic/genai-prices, August 2026"))
    router_exponent: float = quantity(2.0, unit="1", ge=0, le=20, doc="k of the marketplace's weights 1 / price to the "
                                      "k", source="OpenRouter, provider selection", sweep=Sweep(0.0, 8.0))
    router_fee: float = quantity(0.055, unit="1", ge=0, lt=1, doc="The marketplace's fee on what is paid",
                                 source="OpenRouter, FAQ", sweep=Sweep(0.0, 0.055, source="no fee elsewhere"))
    tokens_per_gpu_s: float = quantity(
        5000.0, unit="tokens/s", gt=0, doc="Tokens, in and out, cached ones counted, that a GPU serves when it is busy",
        source=f"{DEEPSEEK}: 4,951", sweep=Sweep(1000.0, 8000.0, "log", source="no large pool; B200 in InferenceX"))
    gpus_a_replica: int = quantity(8, unit="GPUs", ge=1, le=1024, doc="GPUs that serve together: the least that can be "
                                   "added", source="a node", sweep=Sweep(2, 16, "integer"))
    load: float = quantity(
        0.35, unit="1", gt=0, le=1, doc="Mean load over capacity of a firm's own GPUs, which see its own rhythm alone",
        sweep=Sweep(0.15, 0.7, source="assumption; a shared fleet has .81 (DeepSeek, mean over peak)"))
    rent_usd_per_hour: float = quantity(2.35, unit="USD/h", gt=0, doc="Rent of a dedicated GPU", source=RENTS,
                                        sweep=Sweep(1.3, 4.25, "log", source="three-year rent in InferenceX; "
                                                    "CoreWeave's list in February 2024"))
    owned_usd_per_hour: float = quantity(
        1.72, unit="USD/h", gt=0, doc="Cost of an available hour of a GPU that one owns",
        source="ownership formula S1 with this project's defaults; a published neocloud cost is 1.69",
        sweep=Sweep(1.3, 2.45, source="a hyperscaler's; at 70 % availability"))
    dedicated_least: int = quantity(1, unit="replicas", ge=1, le=1000, doc="Least replicas that one can rent",
                                    sweep=Sweep(1, 3, "integer"))
    owned_least: int = quantity(2, unit="replicas", ge=1, le=1000, doc="Least replicas to own: one may fail",
                                sweep=Sweep(1, 4, "integer"))
    dedicated_staff_usd: float = quantity(5000.0, unit="USD/month", ge=0, doc="People who look after rented GPUs",
                                          sweep=Sweep(0.0, 20_000.0))
    owned_staff_usd: float = quantity(20_000.0, unit="USD/month", ge=0, doc="People who look after owned GPUs",
                                      sweep=Sweep(5_000.0, 60_000.0))
    price_fall: float = quantity(
        7.37, unit="1/year", gt=0, doc="Prices of constant quality, closed and hosted, are divided by this a year",
        source="the claim: twenty-fold in eighteen months (podcast Breakthrough AI Operators)",
        sweep=Sweep(1.56, 10.0, "log", source="middle tier, arXiv 2603.28576; a16z, LLMflation"))
    gpu_fall: float = quantity(
        3.0, unit="1/year", gt=0, doc="What constant quality costs on a GPU is divided by this a year: smaller models "
        "and better software", source="arXiv 2511.23455", sweep=Sweep(1.5, 7.37, "log"))
    migration_hours: float = quantity(150.0, unit="h", ge=0, doc="Work of moving to another path",
                                      source="economics of migrations as practitioners tell them (weak)",
                                      sweep=Sweep(50.0, 600.0, "log"))
    engineer_usd_per_hour: float = quantity(100.0, unit="USD/h", ge=0, doc="Cost of an engineer's hour",
                                            sweep=Sweep(50.0, 200.0))
