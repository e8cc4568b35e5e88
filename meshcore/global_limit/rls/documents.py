"""Reads limits from the YAML of https://github.com/envoyproxy/ratelimit: every mistake by its place."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Annotated, TypeAlias

from meshcore.config.documents import Sources
from meshcore.config.findings import Findings, did_you_mean, quoted
from meshcore.config.scalar_types import UInt32
from meshcore.config.schema import (
    Meta,
    Partial,
    Record,
    decode,
    error_at,
    is_set,
    node_of,
    origin_of,
    path_of,
    warn_at,
)
from meshcore.config.tree import TreeNode, scalar_text
from meshcore.global_limit.rls.messages import Entry, Limit, Unit
from meshcore.global_limit.rls.rules import Node, Pattern, RateLimitConfig, Rule

__all__ = ["load_limits"]

#: A path of a file or a folder, or a document that is parsed already.
Source: TypeAlias = "str | os.PathLike[str] | Mapping[str, object]"

_Text = Annotated[str, Meta(min_length=1)]
_UNITS = [unit.name.lower() for unit in sorted(Unit, key=lambda unit: unit.seconds) if unit.seconds]


class ReplacesItem(Record):
    """Another limit, by its name."""

    name: _Text


class RateLimitItem(Record):
    """How much there is of it."""

    requests_per_unit: UInt32 | None = None
    unit: str | None = None
    unlimited: bool = False
    name: str = ""
    replaces: list[ReplacesItem] = []


class DescriptorItem(Record):
    """An entry of a descriptor: its limit, and the entries that may follow it."""

    __unsupported__ = {"metadata": "answers carry no dynamic metadata"}

    key: TreeNode
    value: TreeNode | None = None
    rate_limit: RateLimitItem | None = None
    descriptors: Annotated[list[DescriptorItem], Partial] = []
    shadow_mode: bool = False
    quota_mode: bool = False
    detailed_metric: bool = False
    value_to_metric: bool = False
    share_threshold: bool = False


class FileItem(Record):
    """A domain and its limits."""

    domain: _Text
    descriptors: Annotated[list[DescriptorItem], Partial] = []


def load_limits(sources: Source | Iterable[Source], *, merge_domains: bool = False) -> RateLimitConfig:
    """Read limits from files, folders or parsed documents; each has one domain.

    Args:
        merge_domains: a domain may stand in several documents, which are put together.

    Raises:
        meshcore.config.ConfigError: with all that is wrong in them, by file, line and column.
    """
    single = isinstance(sources, (str, os.PathLike, Mapping))
    items: Iterable[Source] = [sources] if single else sources  # type: ignore[list-item,assignment]
    findings, read = Findings(), Sources()
    with read:
        for item in items:
            read.add_given(item, "<mapping>", findings)
        loader = _Loader(findings, merge_domains)
        for document in read.documents:
            file = decode(document.root, FileItem, findings)
            if file is not None:
                loader.add(file)
        loader.check_names()
        if not read.documents and not findings.has_errors:
            findings.error(read.files[0] if read.files else "<nothing>", "", "there is no document in it")
        findings.raise_errors()
        return RateLimitConfig(loader.domains, tuple(loader.rules), read.digest, findings.config_warnings())


class _Loader:
    """Puts the trees of the domains together."""

    def __init__(self, findings: Findings, merge_domains: bool) -> None:
        self.domains: dict[str, Node] = {}
        self.rules: list[Rule] = []
        self._findings = findings
        self._merge = merge_domains
        self._files: dict[str, FileItem] = {}
        self._replacing: list[tuple[str, ReplacesItem]] = []

    def add(self, file: FileItem) -> None:
        first = self._files.setdefault(file.domain, file)
        if first is not file and not self._merge:
            place = origin_of(first, "domain")
            message = f"the domain {quoted(file.domain)} stands at {place} already"
            error_at(self._findings, file, "domain", message)
            return
        root = self.domains.setdefault(file.domain, Node())
        for item in file.descriptors:
            self._descriptor(item, root, file.domain, ())

    def check_names(self) -> None:
        """A name that no limit has replaces nothing: most likely it is misspelled."""
        for domain, item in self._replacing:
            names = {rule.limit.name for rule in self.rules if rule.domain == domain and rule.limit}
            if item.name not in names:
                hint = did_you_mean(item.name, names - {""})
                message = f"no limit of the domain is called {quoted(item.name)}{hint}"
                warn_at(self._findings, item, "name", message)

    def _descriptor(self, item: DescriptorItem, parent: Node, domain: str, above: tuple[Entry, ...]) -> None:
        key = self._text(item, "key", item.key)
        value = self._text(item, "value", item.value) if item.value is not None else ""
        if key is None or value is None:
            return
        if "*" in key:
            error_at(self._findings, item, "key", found=quoted(key), expected="a key; values have wildcards")
        wild = "*" in value
        if item.share_threshold and not wild:
            expected = "a value with a wildcard, such as api/*"
            found = quoted(value) if value else "none"
            error_at(self._findings, item, "share_threshold", found=f"the value {found}", expected=expected)
        path = (*above, (key, value))
        shared = item.share_threshold
        counted = (wild or not value) and not shared
        node = Node(value, counted=counted, shared=shared, value_to_metric=item.value_to_metric)
        if item.rate_limit is not None:
            node.rule = self._rule(item, item.rate_limit, domain, path)
            self.rules.append(node.rule)
        elif item.shadow_mode or item.quota_mode or item.detailed_metric:
            field = next(
                name for name in ("shadow_mode", "quota_mode", "detailed_metric") if is_set(item, name)
            )
            warn_at(self._findings, item, field, "has no effect without a rate_limit beside it")
        if not self._hang(node, parent, key, value):
            error_at(self._findings, item, "", f"{_shown((key, value))} stands twice in this list")
        for child in item.descriptors:
            self._descriptor(child, node, domain, path)

    def _hang(self, node: Node, parent: Node, key: str, value: str) -> bool:
        """False where there is such an entry already."""
        if not value:
            return parent.any.setdefault(key, node) is node
        if "*" not in value:
            return parent.exact.setdefault((key, value), node) is node
        patterns = parent.patterns.setdefault(key, [])
        if any(pattern.text == value for pattern, _ in patterns):
            return False
        patterns.append((Pattern(value), node))
        return True

    def _rule(self, item: DescriptorItem, limit: RateLimitItem, domain: str, path: tuple[Entry, ...]) -> Rule:
        for replaced in limit.replaces:
            if replaced.name == limit.name:
                error_at(self._findings, replaced, "name", "a limit cannot replace itself")
            self._replacing.append((domain, replaced))
        return Rule(
            domain,
            path,
            self._limit(limit),
            frozenset(replaced.name for replaced in limit.replaces),
            item.shadow_mode,
            item.quota_mode,
            item.detailed_metric,
            origin_of(item),
        )

    def _limit(self, item: RateLimitItem) -> Limit | None:
        if item.unlimited:
            for field in ("unit", "requests_per_unit"):
                if is_set(item, field):
                    error_at(self._findings, item, field, "what is unlimited has none")
            return None
        for field in ("unit", "requests_per_unit"):
            if not is_set(item, field):
                error_at(self._findings, item, field, "missing, but required (or say unlimited: true)")
        unit = (item.unit or _UNITS[0]).lower()
        if unit not in _UNITS:
            expected = f"one of {', '.join(_UNITS)}{did_you_mean(unit, _UNITS)}"
            error_at(self._findings, item, "unit", found=quoted(item.unit), expected=expected)
            return None
        return Limit(item.requests_per_unit or 0, Unit[unit.upper()], item.name)

    def _text(self, item: DescriptorItem, field: str, node: TreeNode) -> str | None:
        """Keys and values may look like numbers, and are text all the same."""
        text = scalar_text(node, self._findings, path_of(item, field))
        if text == "" and field == "key":
            self._findings.error(node_of(item, field), path_of(item, field), found="''", expected="a key")
        return text


def _shown(entry: Entry) -> str:
    key, value = entry
    return f"the key {quoted(key)} with the value {quoted(value)}" if value else f"the key {quoted(key)}"
