"""Record what a release of LiteLLM decides in the worlds of `originals.happenings`, for tests that do without it.

Usage: ``python tests/originals/record.py``, with this checkout, its ``tests`` and one release of litellm on the path.
The decisions of that release are put into ``tests/originals/litellm_decisions.json``, beside those of the others; one
letter a decision, the row of the offer in base 36, and ``-`` for none.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from originals.happenings import STRATEGIES, WORLDS, Happenings
from policies.litellm_original import LiteLlmOriginal

FILE = Path(__file__).with_name("litellm_decisions.json")
LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


def decisions(strategy: str, world: Happenings) -> str:
    original = LiteLlmOriginal(strategy, world.deployments)
    found = []

    def decide(view, request, u):
        found.append(original.choose(view, request, u))
        return found[-1]

    world.play(decide, original.observe)
    return "".join(LETTERS[row] if row >= 0 else "-" for row in found)


def obeying(recorded: str, asked: Callable[..., int]) -> tuple[Callable[..., int], list[bool]]:
    """A router that decides as recorded, and a list of whether another that is asked agrees."""
    rows = [LETTERS.find(letter) for letter in recorded]
    agrees: list[bool] = []

    def decide(view, request, u):
        row = rows[len(agrees)]
        agrees.append(asked(view, request, u) == row)
        return row

    return decide, agrees


if __name__ == "__main__":
    kept = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    kept[version("litellm")] = {
        "recorded": str(datetime.now(UTC).date()),
        "decisions": {strategy: {world.name: decisions(strategy, world) for world in WORLDS}
                      for strategy in STRATEGIES},
    }
    FILE.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", "utf-8")
