"""A parser whose errors are one sentence: what is wrong, what may be meant, and where help is."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NoReturn

from sim.spelling import near, nearest

EXIT_USER = 2  # the user can mend it
MOST_NAMES = 24  # that an error lists


class Parser(argparse.ArgumentParser):
    """An argument parser for a tree of commands, each of which has one, too.

    Attributes
    ----------
    elsewhere : mapping of str to str
        Words that a reader may look for here, with the command that they stand for.
    """

    elsewhere: Mapping[str, str] = MappingProxyType({})

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and exit; the usage of some commands is longer than a screen."""
        self.exit(EXIT_USER, f"tokenmarket: error: {message} (see `{self.prog} --help`)\n")

    def parse_known_args(  # type: ignore[override]  # argparse overloads it by the type of the namespace
        self, args: Sequence[str] | None = None, namespace: Any = None  # noqa: ANN401 - argparse's own
    ) -> tuple[Any, list[str]]:
        """Refuse what this very command does not know; the one above would no longer know whose options to name."""
        found, unknown = super().parse_known_args(args, namespace)
        option = next((word for word in unknown if word.startswith("-")), "").partition("=")[0]
        if option:
            self.error(f"unknown option {option}{meant(option, self._option_string_actions)}")
        if unknown:
            self.error(f"{unknown[0]!r} is one word too many")
        return found, unknown

    def _check_value(self, action: argparse.Action, value: Any) -> None:  # noqa: ANN401 - as argparse has it
        if action.choices is None or value in action.choices:
            return
        if value in self.elsewhere:
            raise argparse.ArgumentError(action, f"for {value!r} the command is `{self.elsewhere[value]}`")
        raise argparse.ArgumentError(action, f"{value!r} is not known{meant(str(value), map(str, action.choices))}")


def meant(word: str, known: Iterable[str]) -> str:
    """Return how a sentence goes on after an unknown word: the nearest known one, or all of them if they are few.

    Examples
    --------
    >>> meant("tournment", ["tournament", "market"])
    '; did you mean tournament?'
    >>> meant("x", ["tournament", "market"])
    '; known are tournament, market'
    """
    names = list(known)
    few = len(names) <= MOST_NAMES and not word.startswith("-")
    return near(word, names) if few or nearest(word, names) else ""
