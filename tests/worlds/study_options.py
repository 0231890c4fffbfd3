"""What a study reads of a command line, without the command."""

import argparse
from typing import Any

from experiments.studies.study import Study


def options(study: Study[Any, Any], *words: str) -> argparse.Namespace:
    """Return what the study's own options make of words."""
    parser = argparse.ArgumentParser()
    study.add_options(parser)
    return parser.parse_args(list(words))
