"""Annotations of ours on Istio's resources: what their texts mean, and errors at their places."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from meshcore.config.findings import Findings
from meshcore.config.istio.schema.common import Metadata
from meshcore.config.record import node_of, path_of
from meshcore.config.tree import MappingNode, join_path

__all__ = ["annotation_error", "parsed_annotation"]

T = TypeVar("T")


def parsed_annotation(metadata: Metadata, name: str, parse: Callable[[str], T]) -> T | None:
    """What an annotation asks for; None: it is not there, or ``parse`` refuses it by ValueError."""
    text = metadata.annotations.get(name)
    if text is None:
        return None
    try:
        return parse(text)
    except ValueError:
        return None


def annotation_error(
    metadata: Metadata, name: str, findings: Findings, message: str, *, found: str = "", expected: str = ""
) -> None:
    """An error at the annotation."""
    node, path = node_of(metadata, "annotations"), path_of(metadata, "annotations")
    if isinstance(node, MappingNode) and name in node.entries:
        node, path = node.entries[name], join_path(path, name)
    findings.error(node, path, message, found=found, expected=expected)
