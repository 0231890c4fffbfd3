"""The records of the windows of samples that routers keep (`sim.engines.compiled.records`)."""

from sim.engines.record import Record, i4, i8


class SampleWindow(Record):
    """The samples of one metric of an offer that one router keeps: a list of runs."""

    held: int = i8("samples of the slots before the current one")
    head: int = i4("the oldest run; 0: there is none")
    tail: int = i4("the newest run, if there is one")
    fresh: int = i4("the first run of the current slot; 0: it has none")


class SampleRun(Record):
    """The samples of one slot that fell in one bin."""

    slot: int = i8("the slot")
    bin: int = i4("the bin")
    count: int = i4("how many they are")
    next: int = i4("the run after it in its window; 0: there is none")
