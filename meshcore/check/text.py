"""What a text is expected to be."""

from __future__ import annotations

from dataclasses import dataclass

from meshcore.config.findings import Findings, did_you_mean, quoted
from meshcore.config.patterns import regex_error
from meshcore.config.tree import MappingNode, ScalarNode, TreeNode, describe, join_path, scalar_text
from meshcore.match import Regex

__all__ = ["Text", "read_text"]

_KINDS = ("exact", "prefix", "suffix", "contains", "regex")


@dataclass(frozen=True, slots=True)
class Text:
    """A text, or a condition on one. ``regex`` is RE2 and must match the whole text."""

    value: str
    kind: str = "exact"

    def holds(self, text: str) -> bool:
        """Whether ``text`` is as expected."""
        if self.kind == "exact":
            return text == self.value
        if self.kind == "prefix":
            return text.startswith(self.value)
        if self.kind == "suffix":
            return text.endswith(self.value)
        if self.kind == "contains":
            return self.value in text
        return Regex(self.value).full_match(text)

    def __str__(self) -> str:
        return quoted(self.value) if self.kind == "exact" else f"{self.kind} {quoted(self.value)}"


def read_text(node: TreeNode, findings: Findings, path: str) -> Text | None:
    """A text as it is written, or a mapping such as ``{prefix: /api}``; None where it is neither."""
    if isinstance(node, ScalarNode):
        text = scalar_text(node, findings, path)
        return None if text is None else Text(text)
    if not isinstance(node, MappingNode) or len(node.entries) != 1:
        expected = f"a text, or one of {', '.join(_KINDS)} with a text"
        findings.error(node, path, found=describe(node), expected=expected)
        return None
    ((kind, value),) = node.entries.items()
    full = join_path(path, kind)
    if kind not in _KINDS:
        findings.error(node, path, f"unknown field {kind!r}{did_you_mean(kind, _KINDS)}")
        return None
    text = scalar_text(value, findings, full)
    problem = regex_error(text) if text is not None and kind == "regex" else None
    if problem:
        findings.error(value, full, f"not a regex that RE2 and we accept: {problem}")
        return None
    return None if text is None else Text(text, kind)
