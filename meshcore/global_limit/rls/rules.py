"""Which limit holds for a descriptor: the rules of a domain as a tree, one level for each entry.

The semantics are those of https://github.com/envoyproxy/ratelimit: at each level the value that is written
out goes before wildcards, in the order of the document, and those before the key alone; a limit holds for
descriptors of just as many entries as it has levels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from meshcore.global_limit.rls.messages import Descriptor, Entry, Limit
from meshcore.model import ConfigWarning, Origin

__all__ = ["Match", "Node", "Pattern", "RateLimitConfig", "Rule"]


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A limit of the documents. ``limit`` None: as much as one likes, and it is counted all the same."""

    domain: str
    path: tuple[Entry, ...]  #: keys and values as they are written; "" for any value
    limit: Limit | None
    replaces: frozenset[str] = frozenset()
    shadow_mode: bool = False
    quota_mode: bool = False
    detailed_metric: bool = False
    origin: Origin | None = None

    @property
    def name(self) -> str:
        """What it is counted under in the stats."""
        return ".".join(f"{key}_{value}" if value else key for key, value in self.path)

    @property
    def identity(self) -> tuple[object, ...]:
        """What makes it the same limit after a reload, so that it goes on from where it was."""
        limit = self.limit
        return self.domain, self.path, limit and (limit.requests_per_unit, limit.unit)


class Pattern:
    """A value with ``*``, each of which stands for any text."""

    __slots__ = ("_first", "_last", "_least", "_middle", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._first, *self._middle, self._last = text.split("*")
        self._least = len(text) - text.count("*")

    def match(self, value: str) -> bool:
        """Whether the value is one of these. Linear in its length for each ``*``."""
        if len(value) < self._least or not (value.startswith(self._first) and value.endswith(self._last)):
            return False
        at, end = len(self._first), len(value) - len(self._last)
        for part in self._middle:
            found = value.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True


@dataclass(slots=True)
class Node:
    """What is configured for one entry of a descriptor, and for those that follow it."""

    written: str = ""  #: the value in the document
    rule: Rule | None = None
    counted: bool = False  #: each value that it matches counts by itself
    shared: bool = False  #: all values of the pattern count together
    value_to_metric: bool = False
    exact: dict[Entry, Node] = field(default_factory=dict)
    patterns: dict[str, list[tuple[Pattern, Node]]] = field(default_factory=dict)
    any: dict[str, Node] = field(default_factory=dict)

    def next(self, entry: Entry) -> Node | None:
        """What holds for an entry after this one."""
        found = self.exact.get(entry)
        if found is not None:
            return found
        key, value = entry
        for pattern, node in self.patterns.get(key, ()):
            if pattern.match(value):
                return node
        return self.any.get(key)


@dataclass(frozen=True, slots=True)
class Match:
    """The rule of a descriptor, what it counts by, and the name that it is counted under in the stats."""

    rule: Rule
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class RateLimitConfig:
    """All that was loaded. ``digest`` tells one state of the documents from another."""

    domains: Mapping[str, Node]
    rules: tuple[Rule, ...] = ()
    digest: str = ""
    warnings: tuple[ConfigWarning, ...] = ()

    def match(self, domain: str, descriptor: Descriptor) -> Match | None:
        """The rule for a descriptor of a domain; None where there is none."""
        node = self.domains.get(domain)
        counted: list[str] = []
        steps: list[tuple[Node, Entry]] = []
        for entry in descriptor.entries:
            node = node.next(entry) if node is not None else None
            if node is None:
                return None
            steps.append((node, entry))
            if node.counted:
                counted.append(entry[1])
        if node is None or node.rule is None or not steps:
            return None
        # One value is the key; of several each is told apart by its length.
        key = counted[0] if len(counted) == 1 else "".join(f"{len(value)}:{value}" for value in counted)
        detailed = node.rule.detailed_metric
        names = (_name(step, entry, detailed or step.value_to_metric) for step, entry in steps)
        return Match(node.rule, key, ".".join(names))


def _name(node: Node, entry: Entry, with_value: bool) -> str:
    key, value = entry
    if node.shared or not with_value:
        value = node.written
    return f"{key}_{value}" if value else key
