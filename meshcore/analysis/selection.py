"""Selectors that are part of one another, found by their rarest label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from meshcore.analysis.workloads import selector_text

__all__ = ["SelectorIndex"]


class SelectorIndex:
    """Selectors by their text."""

    def __init__(self) -> None:
        self.selectors: dict[str, Mapping[str, str]] = {}
        self._by_label: dict[tuple[str, str], list[str]] = {}

    def add(self, selector: Mapping[str, str]) -> str:
        """Add a selector; its text."""
        text = selector_text(selector)
        if text not in self.selectors:
            self.selectors[text] = selector
            for pair in selector.items():
                self._by_label.setdefault(pair, []).append(text)
        return text

    def narrower(self, text: str) -> Iterator[str]:
        """The selectors that have all labels of this one (itself among them)."""
        selector = self.selectors[text]
        candidates = min((self._by_label[pair] for pair in selector.items()), key=len, default=None)
        for other in self.selectors if candidates is None else candidates:
            if selector.items() <= self.selectors[other].items():
                yield other
