"""GPU types of a scenario's own: whole ones, or changes to those that are built in."""

from pydantic import Field, model_validator

from sim.scenario.base import Name, Part, given, quantity

GIVEN = ("the user's; what is not given is taken from the GPU that `like` names, or from the built-in one of the name, "
         "and constants of step times from the calibration")


class GpuSettings(Part):
    """A GPU type: every field that is given replaces that of the type it is ``like``, or of the built-in one."""

    like: Name | None = Field(None, description="Built-in GPU whose values hold where none is given; none takes the "
                              "built-in one of the same name")
    memory_gb: float | None = quantity(None, unit="GB", doc="Memory as software finds it, 10^9 bytes (80 GB as sold "
                                       "are 85.9)", ge=1e-3, le=1e6, source=GIVEN)
    bandwidth_tb_per_s: float | None = quantity(None, unit="TB/s", doc="Memory bandwidth", ge=1e-6, le=1e6,
                                                source=GIVEN)
    bf16_tflops: float | None = quantity(None, unit="TFLOP/s", doc="Dense arithmetic at bf16", ge=1e-6, le=1e9,
                                         source=GIVEN)
    fp8_tflops: float | None = quantity(None, unit="TFLOP/s", doc="Dense arithmetic at fp8; 0 if it has none", ge=0,
                                        le=1e9, source=GIVEN)
    fp4_tflops: float | None = quantity(None, unit="TFLOP/s", doc="Dense arithmetic at fp4; 0 if it has none", ge=0,
                                        le=1e9, source=GIVEN)
    power_kw: float | None = quantity(
        None, unit="kW", doc="All-in provisioned power, with the share of host, network and cooling", ge=1e-6, le=1e6,
        source=GIVEN)
    link_gb_per_s: float | None = quantity(
        None, unit="GB/s", doc="Bandwidth to the other GPUs of the node, per direction", ge=1e-6, le=1e9, source=GIVEN)
    node_gpus: int | None = quantity(None, unit="GPUs", doc="GPUs that such links join: the largest tensor-parallel "
                                     "degree", ge=1, le=4096, source=GIVEN)
    rent_usd_per_hour: float | None = quantity(
        None, unit="USD/GPU-h", doc="Rent on a three-year contract; in a market all rents move with the H100's, in "
        "proportion to these", ge=1e-6, le=1e6, source=GIVEN)
    owner_usd_per_hour: float | None = quantity(
        None, unit="USD/GPU-h", doc="What an hour of an owned one costs; capital is scaled in proportion to it",
        ge=1e-6, le=1e6, source=GIVEN + "; without any, in proportion to the rent")
    eta_memory: float | None = quantity(None, unit="1", doc="Share of the bandwidth that engines reach", ge=1e-3, le=1,
                                        source=GIVEN)
    eta_compute: float | None = quantity(None, unit="1", doc="Share of the FLOP/s that engines reach", ge=1e-3, le=1,
                                         source=GIVEN)
    eta_attention: float | None = quantity(None, unit="1", doc="Share of the FLOP/s that engines reach in attention",
                                           ge=1e-3, le=1, source=GIVEN)
    eta_link: float | None = quantity(None, unit="1", doc="Share of the link bandwidth that engines reach", ge=1e-3,
                                      le=1, source=GIVEN)
    layer_s: float | None = quantity(None, unit="s", doc="Time of a layer in a step beyond roofline and exchange", ge=0,
                                     le=1e3, source=GIVEN)
    width_s: float | None = quantity(None, unit="s", doc="Added to a layer's for each 1,000 elements of the model's "
                                     "width", ge=0, le=1e3, source=GIVEN)
    moe_layer_s: float | None = quantity(None, unit="s", doc="Added for a layer of a mixture of 256 experts; with "
                                         "another number in proportion to its root", ge=0, le=1e3, source=GIVEN)
    sequence_s: float | None = quantity(None, unit="s", doc="Time of a step for each request that decodes", ge=0,
                                        le=1e3, source=GIVEN)
    request_s: float | None = quantity(None, unit="s", doc="Time of a request outside the GPUs, by which its answer "
                                       "leaves later", ge=0, le=1e3, source=GIVEN)
    unpack_flops: float | None = quantity(
        None, unit="FLOP", doc="Work to unpack a weight that is read in fewer bits than it is computed with, in the "
        "time of as many FLOPs at bf16", ge=0, le=1e6, source=GIVEN)
    source: str = Field("", description="Where the values come from")

    @model_validator(mode="after")
    def _says_something(self) -> "GpuSettings":
        if not given(self).keys() - {"source"}:
            raise ValueError("no value is given; give what differs from the built-in GPU, or all of a new one")
        return self
