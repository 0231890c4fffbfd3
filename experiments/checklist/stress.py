"""The 20 items of STRESS-DES, and which question each puts to the author of a study.

Monks, Currie, Onggo, Robinson, Kunc and Taylor (2018), Strengthening the reporting of empirical simulation studies:
Introducing the STRESS guidelines, Journal of Simulation 13(1), 55-67. The items' wording here is our own.
"""

from typing import Final, NamedTuple


class Item(NamedTuple):
    """An item of the checklist.

    Attributes
    ----------
    number, title
        As in the guideline.
    asks
        What only the author can say; empty if everything can be derived.
    """

    number: str
    title: str
    asks: str = ""

    @property
    def group(self) -> str:
        """Title of the group it belongs to."""
        return GROUPS[int(self.number[0]) - 1]


GROUPS: Final = ("Objectives", "Logic", "Data", "Experimentation", "Implementation", "Code access")
ITEMS: Final = (
    Item("1.1", "Purpose of the model", "the question of the study, who asks it, and what the answer is for"),
    Item("1.2", "Model outputs", "which of these outputs the study rests on, and why these"),
    Item("1.3", "Aims of experimentation", "the hypothesis or comparison that the experiment is to decide"),
    Item("2.1", "Base model overview diagram", "a diagram of this study's market, or that the one linked will do"),
    Item("2.2", "Base model logic"),
    Item("2.3", "Scenario logic", "how the compared scenarios differ, in words"),
    Item("2.4", "Algorithms"),
    Item("2.5", "Components"),
    Item("3.1", "Data sources", "where the data behind values that differ from the defaults come from"),
    Item("3.2", "Pre-processing of data", "what was done to input data before they went in, or that nothing was"),
    Item("3.3", "Input parameters"),
    Item("3.4", "Assumptions", "which of these assumptions may change the answer, and what speaks for them"),
    Item("4.1", "Initialisation", "why this warm-up (or none) is enough"),
    Item("4.2", "Run length", "why runs of this length answer the question"),
    Item("4.3", "Estimation approach", "why this many replications, and which comparisons were planned"),
    Item("5.1", "Software and language"),
    Item("5.2", "Random sampling"),
    Item("5.3", "Model execution"),
    Item("5.4", "System specification", "machine, processor, memory and run time"),
    Item("6.1", "Sharing of the model", "where code, scenario and results of this study can be had, and their licence"),
)
