"""The tasks for which models have a quality each, in the order of every array of qualities."""

from typing import Final, Literal, get_args

Task = Literal["chat", "coding", "reasoning", "roleplay", "extraction"]
TASKS: Final[tuple[str, ...]] = get_args(Task)
