"""What is assumed of training a model and of what it earns: every number with its range and its source."""

from typing import Final

from sim.scenario.base import Part, Sweep, quantity

EPOCH: Final = "Epoch AI, Gradient Updates (March 2026): final runs of released models about a tenth of R&D compute"
V3: Final = "DeepSeek-V3, arXiv 2412.19437: 14.8 T tokens, 2.788 M hours of an H800 at 2 USD"
SARDANA: Final = "Sardana et al. (ICML 2024), arXiv 2401.00448, after Hoffmann et al. (2022), arXiv 2203.15556"


class Training(Part):
    """What a model costs before it is served."""

    tokens_t: float = quantity(15.0, unit="trillion", gt=0, doc="Tokens a model is trained on",
                               source=V3, sweep=Sweep(10.0, 40.0, "log"))
    gpu_usd_per_hour: float = quantity(2.0, unit="USD/h", gt=0, doc="Price of an hour of a GPU", source=V3,
                                       sweep=Sweep(1.3, 4.25, "log", source="H100, 2024 to 2026"))
    gpu_tflops: float = quantity(989.0, unit="TFLOP/s", gt=0, doc="Dense bf16 of that GPU", source="NVIDIA H100 SXM")
    utilisation: float = quantity(0.33, unit="1", gt=0, le=1, doc="Share of that which training reaches",
                                  source=V3 + ": 6 x 37 B x 14.8 T over what those hours could do",
                                  sweep=Sweep(0.2, 0.5))
    closed_dearer: float = quantity(
        13.0, unit="1", gt=0, doc="Final run of a closed model over that of an open one of its size: it is trained for "
        "longer, on dearer data and with more reinforcement learning", source="Epoch AI, Gradient Updates (March "
        "2026): GPT-4.5 about 400 M USD; here 31 M for the 200 B at work that the catalogue assumes of it",
        sweep=Sweep(1.0, 30.0, "log"))
    final_run_share: float = quantity(
        0.1, unit="1", gt=0, le=1, doc="Final run over all compute of research and development that led to the model",
        source=EPOCH, sweep=Sweep(0.1, 0.3, source=EPOCH + "; up to .3"))


class Earnings(Part):
    """What a model earns for whoever trained it."""

    gross_margin: float = quantity(
        0.48, unit="1", gt=0, lt=1, doc="Revenue less cost of serving, over revenue",
        source="Epoch AI x Exponential View (January 2026): GPT-5, August to December 2025; .30 elsewhere",
        sweep=Sweep(0.30, 0.70))
    marketplace_share: float = quantity(
        0.01, unit="1", gt=0, le=1, doc="Share of the demand for APIs that goes through the marketplace",
        source="5 T of about 500 T tokens a day (weak)", sweep=Sweep(0.003, 0.03, "log"))
    hurdle_per_year: float = quantity(0.15, unit="1/year", ge=0, doc="Rate at which later money is discounted",
                                      sweep=Sweep(0.0, 0.3))


class Scaling(Part):
    """How loss falls with size and training, L = E + A / N^alpha + B / D^beta."""

    irreducible: float = quantity(1.69, unit="nats", gt=0, doc="E, loss that no model gets rid of", source=SARDANA)
    of_size: float = quantity(406.4, unit="1", gt=0, doc="A, weight of size", source=SARDANA)
    of_data: float = quantity(410.7, unit="1", gt=0, doc="B, weight of training tokens", source=SARDANA)
    size_exponent: float = quantity(0.336, unit="1", gt=0, lt=1, doc="alpha, exponent of size", source=SARDANA)
    data_exponent: float = quantity(0.283, unit="1", gt=0, lt=1, doc="beta, exponent of tokens", source=SARDANA)
    dearer_serving: float = quantity(
        1.0, unit="1", gt=0, doc="Price of an operation in serving over that in training",
        source="assumption: the same", sweep=Sweep(0.5, 10.0, "log", source="decoding reaches less of a GPU"))


class LifetimeAssumptions(Part):
    """All that is assumed of what models cost and earn."""

    training: Training = Training()
    earnings: Earnings = Earnings()
    scaling: Scaling = Scaling()
