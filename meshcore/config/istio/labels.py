"""What selectors select: things found by namespace and labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

from meshcore.config.istio.resources import same_labels

__all__ = ["LabelIndex"]

T = TypeVar("T")


class LabelIndex(Generic[T]):
    """Things with labels; a search goes through those only that have the rarest of the wanted labels."""

    def __init__(self) -> None:
        self._by_label: dict[tuple[str, str, str], list[tuple[Mapping[str, str], T]]] = {}

    def add(self, namespace: str, labels: Mapping[str, str], thing: T) -> None:
        for key, value in labels.items():
            self._by_label.setdefault((namespace, key, value), []).append((labels, thing))

    def select(self, namespace: str, wanted: Mapping[str, str]) -> list[T]:
        """The things of a namespace that carry all the labels, as added; no labels select none."""
        having: list[Sequence[tuple[Mapping[str, str], T]]] = [
            self._by_label.get((namespace, key, value), ()) for key, value in wanted.items()
        ]
        fewest = min(having, key=len, default=())
        return [thing for labels, thing in fewest if same_labels(wanted, labels)]
