"""Records: what schemas are made of, and where their instances came from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import msgspec

from meshcore.config.findings import Findings
from meshcore.config.tree import Document, MappingNode, ScalarNode, TreeNode, join_path
from meshcore.model import Origin

__all__ = [
    "OneOf",
    "Partial",
    "Record",
    "as_written",
    "error_at",
    "is_set",
    "node_of",
    "origin_of",
    "path_of",
    "spellings",
    "warn_at",
]

_NOWHERE = MappingNode(Document("", 0), 0, 0)


@dataclass(frozen=True, slots=True)
class OneOf:
    """A group of fields of which at most one (``required``: exactly one) may be set."""

    name: str
    fields: tuple[str, ...]
    required: bool = False


class Partial:
    """Marks a list whose good items are kept when others are bad, so that they are checked further.

    The load is refused all the same: the bad items have left their findings.
    """


class Record(msgspec.Struct, kw_only=True, eq=False):
    """Base of all schemas. Instances remember the node and the path that they came from."""

    __oneofs__: ClassVar[tuple[OneOf, ...]] = ()
    #: Fields that exist upstream but that we refuse: name -> why ("" for no reason beyond that).
    __unsupported__: ClassVar[Mapping[str, str]] = {}
    #: Fields that are accepted but have no effect, with a warning: name -> why.
    __noted__: ClassVar[Mapping[str, str]] = {}
    #: Fields that are accepted without effect and without a word (names of statistics and the like).
    __ignored__: ClassVar[frozenset[str]] = frozenset()
    #: Whether unknown fields are let through unseen (Kubernetes metadata and the like).
    __open__: ClassVar[bool] = False

    record_node: MappingNode = msgspec.field(default_factory=lambda: _NOWHERE)
    record_path: str = ""
    #: Where the record's second half stands, for one that was merged from two documents.
    record_via: Origin | None = None


def node_of(record: Record, field: str = "") -> TreeNode:
    """The node of a record's field, or of the record where the field is not set."""
    node = record.record_node
    if field:
        for spelling in spellings(_wire_name(record, field)):
            found = node.entries.get(spelling)
            if found is not None:
                return found
    return node


def path_of(record: Record, field: str = "") -> str:
    """The path of a record or of one of its fields, spelled as in the document."""
    if not field:
        return record.record_path
    for spelling in spellings(_wire_name(record, field)):
        if spelling in record.record_node.entries:
            return join_path(record.record_path, spelling)
    return join_path(record.record_path, as_written(_wire_name(record, field), record.record_node))


def as_written(name: str, node: MappingNode) -> str:
    """A field's name in the style of its neighbours, or of the dialect where they don't tell."""
    if any("_" in key for key in node.entries):
        return name
    root = node.document.root
    top = root.entries if type(root) is MappingNode else {}
    camel = "apiVersion" in top or any(key != key.lower() for key in (*node.entries, *top))
    return spellings(name)[-1] if camel else name


def origin_of(record: Record, field: str = "") -> Origin:
    """Where a record or one of its fields stands in the user's documents."""
    origin = node_of(record, field).origin(path_of(record, field))
    return origin if record.record_via is None else replace(origin, via=record.record_via)


def is_set(record: Record, field: str) -> bool:
    """Whether the document says anything about a field (null counts as nothing)."""
    for spelling in spellings(_wire_name(record, field)):
        node = record.record_node.entries.get(spelling)
        if node is not None:
            return not (type(node) is ScalarNode and node.value is None)
    return False


def error_at(
    findings: Findings,
    record: Record,
    field: str,
    message: str = "",
    *,
    found: str = "",
    expected: str = "",
    code: str = "",
) -> None:
    """Record an error about a field of a decoded record."""
    node, path = node_of(record, field), path_of(record, field)
    findings.error(node, path, message, found=found, expected=expected, code=code)


def warn_at(
    findings: Findings,
    record: Record,
    field: str,
    message: str = "",
    *,
    found: str = "",
    expected: str = "",
    code: str = "",
) -> None:
    """Record a warning about a field of a decoded record."""
    node, path = node_of(record, field), path_of(record, field)
    findings.warn(node, path, message, found=found, expected=expected, code=code)


def _wire_name(record: Record, field: str) -> str:
    # Wire names differ from attributes in rare cases only (Python keywords).
    for info in msgspec.structs.fields(type(record)) if field.endswith("_") else ():
        if info.name == field:
            return info.encode_name
    return field


_SNAKE = re.compile(r"_([a-z0-9])")
_CAMEL = re.compile(r"(?<=[a-z0-9])([A-Z])")


def spellings(name: str) -> tuple[str, ...]:
    """snake_case and camelCase of a name, as protobuf's JSON mapping forms them (camelCase last)."""
    known = _spelled.get(name)
    if known is None:
        snake = _CAMEL.sub(lambda found: "_" + found[1].lower(), name)
        camel = _SNAKE.sub(lambda found: found[1].upper(), name)
        known = _spelled[name] = (snake,) if snake == camel else (snake, camel)
    return known


_spelled: dict[str, tuple[str, ...]] = {}
