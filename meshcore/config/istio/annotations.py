"""Annotations of ours on Istio's resources: what their texts mean, and errors at their places."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TypeVar

from meshcore.config.findings import Findings, did_you_mean, quoted
from meshcore.config.istio.schema.common import Metadata
from meshcore.config.record import node_of, path_of
from meshcore.config.tree import MappingNode, join_path

__all__ = ["annotation_error", "options_of", "parsed_annotation"]

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


def options_of(parts: Iterable[str], known: Collection[str]) -> dict[str, str]:
    """What parts such as ``interval=5s`` say, by name. ValueError where one is unknown, or there twice."""
    found: dict[str, str] = {}
    for part in parts:
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name not in known:
            raise ValueError(f"unknown option {quoted(name)}{did_you_mean(name, known)}")
        if name in found:
            raise ValueError(f"{name!r} is there twice")
        found[name] = value
    return found


def annotation_error(
    metadata: Metadata, name: str, findings: Findings, message: str, *, found: str = "", expected: str = ""
) -> None:
    """An error at the annotation."""
    node, path = node_of(metadata, "annotations"), path_of(metadata, "annotations")
    if isinstance(node, MappingNode) and name in node.entries:
        node, path = node.entries[name], join_path(path, name)
    findings.error(node, path, message, found=found, expected=expected)
