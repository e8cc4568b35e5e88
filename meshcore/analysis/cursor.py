"""A walk through a document as it is written, valid or not, that knows its place at every step.

Analyzers ask documents rather than decoded resources: a mistake in one field must not hide what is
wrong elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator

from meshcore.config.record import spellings
from meshcore.config.tree import MappingNode, ScalarNode, SequenceNode, TreeNode, join_path

__all__ = ["Cursor"]


class Cursor:
    """A node and its path. What is not there is a cursor too: false, empty, and at its parent's place."""

    __slots__ = ("anchor", "node", "path")

    def __init__(self, node: TreeNode | None, path: str = "", anchor: TreeNode | None = None) -> None:
        if type(node) is ScalarNode and node.value is None:
            anchor, node = node, None
        self.node = node
        self.path = path
        found = node if node is not None else anchor
        assert found is not None
        #: The node itself, or the nearest one around it: where a finding points.
        self.anchor: TreeNode = found

    def __bool__(self) -> bool:
        return self.node is not None

    def get(self, name: str) -> Cursor:
        """The field of that name, in camelCase or snake_case."""
        node = self.node
        child: TreeNode | None = None
        if type(node) is MappingNode:
            child = node.entries.get(name)
            if child is None:
                for spelling in spellings(name):
                    child = node.entries.get(spelling)
                    if child is not None:
                        name = spelling
                        break
        return Cursor(child, f"{self.path}.{name}" if self.path else name, self.anchor)

    def at(self, *names: str) -> Cursor:
        """The field at the end of a path of names."""
        cursor = self
        for name in names:
            cursor = cursor.get(name)
        return cursor

    def each(self) -> Iterator[Cursor]:
        """The items of a list."""
        if type(self.node) is SequenceNode:
            for index, item in enumerate(self.node.items):
                yield Cursor(item, f"{self.path}[{index}]", self.anchor)

    def entries(self) -> Iterator[tuple[str, Cursor]]:
        """The fields of a mapping."""
        if type(self.node) is MappingNode:
            for key, child in self.node.entries.items():
                yield key, Cursor(child, join_path(self.path, key), self.anchor)

    @property
    def text(self) -> str:
        """The value as text; "" where it is no single value."""
        node = self.node
        if type(node) is not ScalarNode:
            return ""
        value = node.value
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(value)

    @property
    def number(self) -> int | None:
        """The value as an integer, which may be written as a string."""
        text = self.text
        try:
            return int(text)
        except ValueError:
            return None

    @property
    def texts(self) -> list[str]:
        """The single values of a list."""
        if type(self.node) is not SequenceNode:
            return []
        return [text for item in self.each() if (text := item.text)]

    @property
    def labels(self) -> dict[str, str]:
        """A mapping of single values."""
        return {key: child.text for key, child in self.entries()}
