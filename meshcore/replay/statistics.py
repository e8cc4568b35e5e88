"""When two tallies of the same experiment agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt

__all__ = ["Window", "differing_counts", "differing_shares", "is_rotation"]

#: How many standard deviations of the difference of two shares are accepted, and a floor for tiny samples.
_DEVIATIONS = 4.5
_SLACK = 0.003


def differing_shares(expected: Mapping[str, int], actual: Mapping[str, int], requests: int) -> list[str]:
    """How the shares of a random experiment differ beyond chance; both sides are samples of ``requests``.

    A category that never came up in the recording must not come up at all.
    """
    differences = [
        f"{category!r}: expected never, got {count}"
        for category, count in sorted(actual.items())
        if count and not expected.get(category)
    ]
    for category, count in sorted(expected.items()):
        share, found = count / requests, actual.get(category, 0) / requests
        tolerance = _DEVIATIONS * sqrt(2 * max(0.0, share * (1 - share)) / requests) + _SLACK
        if abs(found - share) > tolerance:
            wanted = f"{share:.4f} +- {tolerance:.4f}"
            differences.append(f"{category!r}: expected a share of {wanted}, got {found:.4f}")
    return differences


class Window:
    """The weights of a rotation: out of any run of requests, only the last, partial round is not firm."""

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._weights = weights
        self._round = sum(weights.values())

    def bounds(self, category: str, requests: int) -> tuple[int, int]:
        """The least and the most requests that ``category`` can get out of ``requests`` in a row."""
        weight = self._weights[category]
        rounds, rest = divmod(requests, self._round)
        base = rounds * weight
        return base + max(0, rest - (self._round - weight)), base + min(rest, weight)

    def explains(self, counts: Mapping[str, int]) -> bool:
        """Whether the counts are those of a run of this rotation."""
        return self.knows(counts) and not self.strays(counts)

    def knows(self, counts: Mapping[str, int]) -> bool:
        return bool(self._round) and counts.keys() <= self._weights.keys()

    def strays(self, counts: Mapping[str, int]) -> list[str]:
        """The counts that no run of this rotation has."""
        requests = sum(counts.values())
        found = []
        for category in sorted(self._weights):
            least, most = self.bounds(category, requests)
            count = counts.get(category, 0)
            if not least <= count <= most:
                found.append(f"{category!r}: expected {least} to {most}, got {count}")
        return found


def differing_counts(
    expected: Mapping[str, int], actual: Mapping[str, int], window: Window | None = None
) -> list[str]:
    """How exact counts differ. With ``window`` a partial last round may begin anywhere."""
    requests, total = sum(expected.values()), sum(actual.values())
    if window is not None and requests == total and window.explains(expected) and window.knows(actual):
        return window.strays(actual)
    return [
        f"{category!r}: expected {expected.get(category, 0)}, got {actual.get(category, 0)}"
        for category in sorted({*expected, *actual})
        if expected.get(category, 0) != actual.get(category, 0)
    ]


def is_rotation(expected: Sequence[str], actual: Sequence[str]) -> bool:
    """Whether ``actual`` goes round the same circle as ``expected``, from wherever it begins.

    Only a plain rotation is compared so (each item once a round); of others, with unequal weights,
    the interleaving is not firm and any order of the same items will do.
    """
    if len(expected) != len(actual):
        return False
    period = len(dict.fromkeys(expected))
    if any(expected[at] != expected[at % period] for at in range(len(expected))):
        return True
    circle = expected[:period]
    if not actual or actual[0] not in circle:
        return not actual
    start = circle.index(actual[0])
    return all(item == circle[(start + at) % period] for at, item in enumerate(actual))
