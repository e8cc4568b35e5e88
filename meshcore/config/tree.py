"""The tree of a document: scalars, sequences and mappings that know their positions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

import msgspec

from meshcore.config.findings import Finding, Findings, quoted
from meshcore.model import Origin

__all__ = [
    "Document",
    "MappingNode",
    "ScalarNode",
    "ScalarValue",
    "SequenceNode",
    "TreeNode",
    "describe",
    "join_path",
    "plain",
    "scalar_text",
]

ScalarValue: TypeAlias = "str | int | float | bool | None"

_SIMPLE_KEY = re.compile(r"[A-Za-z_@][A-Za-z0-9_@-]*\Z")


class Document:
    """One document of a file: ``index`` counts from 0; ``kind`` and ``name`` are filled by its dialect.

    ``records`` holds what was decoded from it, so that all of it goes when ``clear()`` is called.
    ``slips`` are findings of its text that did not keep it from being read: other tools may allow them.
    """

    __slots__ = ("file", "index", "kind", "name", "records", "root", "slips")

    def __init__(self, file: str, index: int) -> None:
        self.file = file
        self.index = index
        self.kind = ""
        self.name = ""
        self.records: list[object] = []
        self.slips: list[Finding] = []
        self.root: TreeNode = ScalarNode(self, 0, 0, None)

    def clear(self) -> list[object]:
        """Let go of the tree and the records, which are returned: no cycle keeps them any longer."""
        held = [self.root, *self.records]
        self.root = _NOTHING
        self.records.clear()
        return held

    def __repr__(self) -> str:
        return f"Document({self.file!r}, {self.index}, {self.kind!r}, {self.name!r})"

    def extract(self, node: TreeNode) -> Document:
        """A document of its own for a part of this one (an item of a ``List``): same file, same positions."""
        part = Document(self.file, self.index)
        part.root = _rehome(node, part)
        return part


class _Positioned(msgspec.Struct, eq=False):
    document: Document
    line: int
    column: int

    def origin(self, path: str = "") -> Origin:
        """Where this node is, for messages and for the model."""
        document = self.document
        return Origin(document.file, self.line, self.column, document.kind, document.name, path)


class ScalarNode(_Positioned, eq=False):
    """A string, number, boolean or null. ``text`` is what was written where that differs from ``value``."""

    value: ScalarValue
    text: str = ""


class SequenceNode(_Positioned, eq=False):
    items: list[TreeNode] = []

    def __iter__(self) -> Iterator[TreeNode]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


class MappingNode(_Positioned, eq=False):
    """``entries`` in the order of the document; ``marks`` holds the packed position of each key."""

    entries: dict[str, TreeNode] = {}
    marks: dict[str, int] = {}

    def get(self, key: str) -> TreeNode | None:
        return self.entries.get(key)

    def text(self, key: str) -> str:
        """The string at ``key``, or ``""`` where there is none."""
        node = self.entries.get(key)
        return node.value if isinstance(node, ScalarNode) and isinstance(node.value, str) else ""

    def child(self, key: str) -> MappingNode | None:
        """The mapping at ``key``, if there is one."""
        node = self.entries.get(key)
        return node if isinstance(node, MappingNode) else None

    def set(self, key: str, line: int, column: int, value: TreeNode) -> None:
        self.entries[key] = value
        self.marks[key] = line << 24 | min(column, 0xFFFFFF)

    def key_origin(self, key: str, path: str = "") -> Origin:
        """Where the key itself stands (errors about a field as such point there)."""
        mark = self.marks.get(key)
        if mark is None:
            return self.origin(path)
        document = self.document
        return Origin(document.file, mark >> 24, mark & 0xFFFFFF, document.kind, document.name, path)


TreeNode: TypeAlias = ScalarNode | SequenceNode | MappingNode

_NOTHING = ScalarNode(Document("", 0), 0, 0, None)


def join_path(path: str, key: str) -> str:
    """``spec`` + ``http`` is ``spec.http``; keys that are no plain words are put in brackets."""
    if not _SIMPLE_KEY.match(key):
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


def plain(node: TreeNode) -> object:
    """The node as ordinary Python values (the depth of a document is bounded)."""
    if isinstance(node, ScalarNode):
        return node.value
    if isinstance(node, SequenceNode):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, value in node.entries.items()}


def describe(node: TreeNode) -> str:
    """What a node is, for "found ..."."""
    if isinstance(node, SequenceNode):
        return "a list"
    if isinstance(node, MappingNode):
        return "a mapping"
    value = node.value
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        plainly = node.text.lower() in ("", "true", "false")
        return f"the boolean {str(value).lower()}" + ("" if plainly else f" (written {node.text})")
    if isinstance(value, int | float):
        return f"the number {node.text or value}"
    return quoted(value)


def scalar_text(node: TreeNode, findings: Findings, path: str) -> str | None:
    """A string, or a number as it is written (header values often look like one)."""
    if isinstance(node, ScalarNode) and node.value is not None:
        if isinstance(node.value, str):
            return node.value
        return node.text or (str(node.value).lower() if isinstance(node.value, bool) else str(node.value))
    findings.error(node, path, found=describe(node), expected="a text")
    return None


def _rehome(node: TreeNode, document: Document) -> TreeNode:
    if isinstance(node, ScalarNode):
        return ScalarNode(document, node.line, node.column, node.value, node.text)
    if isinstance(node, SequenceNode):
        sequence = SequenceNode(document, node.line, node.column)
        sequence.items = [_rehome(item, document) for item in node.items]
        return sequence
    mapping = MappingNode(document, node.line, node.column)
    mapping.entries = {key: _rehome(value, document) for key, value in node.entries.items()}
    mapping.marks = node.marks
    return mapping
