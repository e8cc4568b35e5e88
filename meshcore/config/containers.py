"""Decoders of lists, mappings and parts of trees that are taken as they are, for a schema's fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Meta

from meshcore.config.findings import Findings
from meshcore.config.scalar_types import BadValue, Rule
from meshcore.config.tree import MappingNode, ScalarNode, SequenceNode, TreeNode, describe, join_path

__all__ = ["FAILED", "Decoder", "ScalarDecoder", "element_of", "list_of", "map_of", "report", "tree_of"]

Decoder = Callable[[TreeNode, Findings, str], Any]
#: Of scalars: it raises BadValue.
ScalarDecoder = Callable[[ScalarNode], Any]


class _Failed:
    """Stands for a value that could not be decoded; its findings are recorded."""


FAILED = _Failed()


def element_of(scalar: ScalarDecoder | None, nested: Decoder | None) -> Decoder:
    """A decoder of list items and map values that reports by itself, scalars too."""
    if scalar is None:
        assert nested is not None
        return nested

    def run(node: TreeNode, findings: Findings, path: str) -> Any:
        try:
            if type(node) is not ScalarNode:
                raise BadValue("", "a single value", describe(node))
            return scalar(node)
        except BadValue as bad:
            report(bad, node, findings, path)
            return FAILED

    return run


def list_of(element: Decoder, rules: list[Rule], partial: bool) -> Decoder:
    def run(node: TreeNode, findings: Findings, path: str) -> Any:
        if type(node) is not SequenceNode:
            findings.error(node, path, "", found=describe(node), expected="a list")
            return FAILED
        values = []
        failed = False
        for index, item in enumerate(node.items):
            value = element(item, findings, f"{path}[{index}]")
            if value is FAILED:
                failed = True
            else:
                values.append(value)
        if _bad_count(len(node.items), "item", rules, node, findings, path) or (failed and not partial):
            return FAILED
        return values

    return run


def map_of(element: Decoder, rules: list[Rule]) -> Decoder:
    def run(node: TreeNode, findings: Findings, path: str) -> Any:
        if type(node) is not MappingNode:
            findings.error(node, path, "", found=describe(node), expected="a mapping")
            return FAILED
        values = {key: element(item, findings, join_path(path, key)) for key, item in node.entries.items()}
        if _bad_count(len(values), "entry", rules, node, findings, path) or FAILED in values.values():
            return FAILED
        return values

    return run


def tree_of(annotation: Any) -> Decoder:
    expected = {MappingNode: "a mapping", SequenceNode: "a list"}.get(annotation)

    def run(node: TreeNode, findings: Findings, path: str) -> Any:
        if expected is not None and type(node) is not annotation:
            findings.error(node, path, "", found=describe(node), expected=expected)
            return FAILED
        return node

    return run


def report(bad: BadValue, node: TreeNode, findings: Findings, path: str) -> None:
    findings.error(node, path, bad.message, found=bad.found, expected=bad.expected)


def _bad_count(
    count: int, noun: str, rules: list[Rule], node: TreeNode, findings: Findings, path: str
) -> bool:
    plural = {"item": "items", "entry": "entries"}[noun]
    for rule in rules:
        if not isinstance(rule, Meta):
            continue
        for bound, wrong, words in (
            (rule.min_length, rule.min_length is not None and count < rule.min_length, "at least"),
            (rule.max_length, rule.max_length is not None and count > rule.max_length, "at most"),
        ):
            if wrong:
                expected = f"{words} {bound} {noun if bound == 1 else plural}"
                found = f"{count} {noun if count == 1 else plural}"
                findings.error(node, path, "", found=found, expected=expected)
                return True
    return False
