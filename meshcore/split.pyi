"""Weighted splits by themselves: users in, the destination of each out."""

from collections.abc import Mapping
from typing import final

@final
class WeightedSplit:
    """A split by weight that keeps each user where they are.

    ``WeightedSplit({"v1": 90, "v2": 10}).pick("alice")`` gives the same destination every time. A destination
    whose weight is raised only wins users, one whose weight is lowered only loses some, and everybody else
    stays. It is weighted rendezvous hashing (the logarithmic method), and picks as a sticky split of a route
    does among the same names, on every platform. Order does not matter. Safe to use from many threads.
    """

    def __init__(self, weights: Mapping[str, int], *, seed: int | None = None) -> None:
        """Split by ``weights``; a destination with weight 0 gets nothing.

        ``seed``: what picks without a key are drawn from; entropy where not given.

        ValueError: all weights are 0, one is negative, or they add up to more than 2**32 - 1.
        """

    @property
    def weights(self) -> dict[str, int]: ...
    def pick(self, key: str | bytes | None = None) -> str:
        """The destination of a key (a str counts as its UTF-8); None: one at random, by weight."""
