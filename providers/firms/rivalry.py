"""Who sells a model at which prices, as all its sellers look at it between two changes of the board."""

from typing import NamedTuple

from sim.market.board import Board
from sim.market.prices import Prices


class Shelf(NamedTuple):
    """The listed offers of a model at one moment.

    Attributes
    ----------
    version
        Of the board, while this holds.
    place
        Place of a listed offer (row) in what follows.
    prices, changed_s
        Posted prices, and when each was last changed, in the order of rows.
    """

    version: int
    place: dict[int, int]
    prices: tuple[Prices, ...]
    changed_s: tuple[float, ...]

    def rivals_of(self, row: int) -> tuple[tuple[Prices, ...], tuple[float, ...]]:
        """Prices of the others, and when each was last changed."""
        place = self.place.get(row)
        if place is None:
            return self.prices, self.changed_s
        return (self.prices[:place] + self.prices[place + 1:], self.changed_s[:place] + self.changed_s[place + 1:])


class Rivalry:
    """The shelves of all models; rows of a model are neighbours.

    A shelf is put together once for each change of its model. Sellers look far more often than that: at each review,
    and at each change of a rival all of them.

    Parameters
    ----------
    first, end
        First row of each offer's model, and the row after its last.
    """

    def __init__(self, first: list[int], end: list[int]) -> None:
        self._first, self._end = first, end
        self._shelves: dict[int, Shelf] = {}

    def shelf(self, board: Board, row: int) -> Shelf:
        """The listed offers of a row's model now."""
        first, version = self._first[row], board.version_of(row)
        shelf = self._shelves.get(first)
        if shelf is None or shelf.version != version:
            # an entry of an array costs more than one of a list
            on_sale = board.listed[first:self._end[row]].tolist()
            rows = [first + i for i, listed in enumerate(on_sale) if listed]
            shelf = Shelf(version, {seller: place for place, seller in enumerate(rows)},
                          tuple(map(board.prices_of, rows)), tuple(board.changed_s[rows].tolist()))
            self._shelves[first] = shelf
        return shelf
