"""Reads limits from the YAML of https://github.com/envoyproxy/ratelimit: every mistake by its place."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Annotated, TypeAlias

from meshcore import _options as option
from meshcore.config.documents import Sources
from meshcore.config.findings import Findings, did_you_mean, quoted
from meshcore.config.record import spellings
from meshcore.config.scalar_types import UInt32
from meshcore.config.schema import (
    Meta,
    Record,
    decode,
    error_at,
    node_of,
    origin_of,
    path_of,
    warn_at,
)
from meshcore.config.tree import (
    MappingNode,
    ScalarNode,
    SequenceNode,
    TreeNode,
    describe,
    join_path,
    scalar_text,
)
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


# What is below a record is decoded by itself, so that a mistake in one hides none of the other's.


class RateLimitItem(Record):
    """How much there is of it."""

    requests_per_unit: UInt32 | None = None
    unit: TreeNode | None = None
    unlimited: bool = False
    name: str = ""
    replaces: list[ReplacesItem] = []


class DescriptorItem(Record):
    """An entry of a descriptor: its limit, and the entries that may follow it."""

    __unsupported__ = {"metadata": "answers carry no dynamic metadata"}

    key: TreeNode
    value: TreeNode | None = None
    rate_limit: TreeNode | None = None
    descriptors: SequenceNode | None = None
    shadow_mode: bool = False
    quota_mode: bool = False
    detailed_metric: bool = False
    value_to_metric: bool = False
    share_threshold: bool = False


class FileItem(Record):
    """A domain and its limits."""

    domain: _Text
    descriptors: SequenceNode | None = None


def load_limits(sources: Source | Iterable[Source], *, merge_domains: bool = False) -> RateLimitConfig:
    """Read limits from files, folders or parsed documents; each has one domain.

    Args:
        merge_domains: a domain may stand in several documents, which are put together.

    Raises:
        meshcore.config.ConfigError: with all that is wrong in them, by file, line and column.
        TypeError, ValueError: an option is none of its kind.
    """
    option.flag("merge_domains", merge_domains)
    items: list[Source] = option.sources("sources", sources)
    findings, read = Findings(), Sources()
    with read:
        for item in items:
            read.add_given(item, "<mapping>", findings)
        loader = _Loader(findings, merge_domains)
        for document in read.documents:
            loader.add(document.root)
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

    def add(self, document: TreeNode) -> None:
        kind = document.text("kind") if isinstance(document, MappingNode) else ""
        if kind and _entry(document, "domain") is None:
            message = (
                "this is read by Mesh.load() and meshcore proxy; a rate limit service has limits by domain"
            )
            expected = "domain and descriptors, as envoyproxy/ratelimit has them"
            self._findings.error(document, "", message, found=f"kind: {kind}", expected=expected)
            return
        file = decode(document, FileItem, self._findings)
        domain, root = "", Node()  # of what is refused, whose descriptors are looked at all the same
        if file is not None:
            first = self._files.setdefault(file.domain, file)
            if first is file or self._merge:
                domain, root = file.domain, self.domains.setdefault(file.domain, root)
            else:
                message = f"the domain {quoted(file.domain)} stands at {origin_of(first, 'domain')} already"
                error_at(self._findings, file, "domain", message)
        self._descriptors(document, "", root, domain, ())

    def check_names(self) -> None:
        """A name that no limit has replaces nothing: most likely it is misspelled."""
        for domain, item in self._replacing:
            names = {rule.limit.name for rule in self.rules if rule.domain == domain and rule.limit}
            if item.name not in names:
                hint = did_you_mean(item.name, names - {""})
                message = f"no limit of the domain is called {quoted(item.name)}{hint}"
                warn_at(self._findings, item, "name", message)

    def _descriptors(
        self, above: TreeNode, path: str, parent: Node, domain: str, entries: tuple[Entry, ...]
    ) -> None:
        items = _entry(above, "descriptors")
        for index, item in enumerate(items.items if isinstance(items, SequenceNode) else ()):
            place = f"{join_path(path, 'descriptors')}[{index}]"
            node, entry = self._descriptor(item, place, parent, domain, entries)
            self._descriptors(item, place, node, domain, (*entries, entry))

    def _descriptor(
        self, source: TreeNode, place: str, parent: Node, domain: str, above: tuple[Entry, ...]
    ) -> tuple[Node, Entry]:
        """Where the entries that may follow it belong, and what it is itself."""
        item = decode(source, DescriptorItem, self._findings, place)
        entry = self._key_and_value(item) if item is not None else None
        given = _entry(source, "rate_limit")
        limit = self._rate_limit(given, join_path(place, "rate_limit")) if given is not None else None
        if item is None or entry is None:
            return Node(), ("", "")
        value, shared = entry[1], item.share_threshold
        counted = (not value or "*" in value) and not shared
        node = Node(value, counted=counted, shared=shared, value_to_metric=item.value_to_metric)
        if limit is not None:
            node.rule = self._rule(item, *limit, domain, (*above, entry))
            self.rules.append(node.rule)
        elif given is None:
            flags = ("shadow_mode", "quota_mode", "detailed_metric")
            for field in [name for name in flags if getattr(item, name)][:1]:
                warn_at(self._findings, item, field, "has no effect without a rate_limit beside it")
        if not self._hang(node, parent, *entry):
            error_at(self._findings, item, "", f"{_shown(entry)} stands twice in this list")
        return node, entry

    def _key_and_value(self, item: DescriptorItem) -> Entry | None:
        key = self._text(item, "key", item.key)
        value = self._text(item, "value", item.value) if item.value is not None else ""
        if key is not None and "*" in key:
            error_at(self._findings, item, "key", found=quoted(key), expected="a key; values have wildcards")
        if item.share_threshold and value is not None and "*" not in value:
            expected = "a value with a wildcard, such as api/*"
            found = quoted(value) if value else "none"
            error_at(self._findings, item, "share_threshold", found=f"the value {found}", expected=expected)
        return None if key is None or value is None else (key, value)

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

    def _rule(
        self,
        item: DescriptorItem,
        limit: RateLimitItem,
        amount: Limit | None,
        domain: str,
        path: tuple[Entry, ...],
    ) -> Rule:
        for replaced in limit.replaces:
            if replaced.name == limit.name:
                error_at(self._findings, replaced, "name", "a limit cannot replace itself")
            self._replacing.append((domain, replaced))
        return Rule(
            domain,
            path,
            amount,
            frozenset(replaced.name for replaced in limit.replaces),
            item.shadow_mode,
            item.quota_mode,
            item.detailed_metric,
            origin_of(item),
        )

    def _rate_limit(self, source: TreeNode, path: str) -> tuple[RateLimitItem, Limit | None] | None:
        """What is said of a limit, and how much that is (None: any amount); None where it is wrong."""
        item = decode(source, RateLimitItem, self._findings, path)
        flag = _entry(source, "unlimited")
        unlimited = isinstance(flag, ScalarNode) and flag.value is True
        for field in ("unit", "requests_per_unit") if isinstance(source, MappingNode) else ():
            given, place = _entry(source, field), join_path(path, field)
            if unlimited and given is not None:
                self._findings.error(given, place, "what is unlimited has none")
            elif not unlimited and given is None:
                message = "missing, but required (or say unlimited: true)"
                self._findings.error(source, place, message)
        unit = Unit.SECOND if unlimited else self._unit(_entry(source, "unit"), join_path(path, "unit"))
        if item is None:
            return None
        return item, None if unlimited else Limit(item.requests_per_unit or 0, unit, item.name)

    def _unit(self, node: TreeNode | None, path: str) -> Unit:
        text = node.value if isinstance(node, ScalarNode) else None
        name = text.lower() if isinstance(text, str) else ""
        if name in _UNITS:
            return Unit[name.upper()]
        if node is not None:
            expected = f"one of {', '.join(_UNITS)}{did_you_mean(name, _UNITS)}"
            self._findings.error(node, path, found=describe(node), expected=expected)
        return Unit.SECOND

    def _text(self, item: DescriptorItem, field: str, node: TreeNode) -> str | None:
        """Keys and values may look like numbers, and are text all the same."""
        text = scalar_text(node, self._findings, path_of(item, field))
        if text == "" and field == "key":
            self._findings.error(node_of(item, field), path_of(item, field), found="''", expected="a key")
        return text


def _entry(node: TreeNode, field: str) -> TreeNode | None:
    """What is written there, right or wrong; None: nothing."""
    if isinstance(node, MappingNode):
        for spelling in spellings(field):
            found = node.get(spelling)
            if found is not None and not (isinstance(found, ScalarNode) and found.value is None):
                return found
    return None


def _shown(entry: Entry) -> str:
    key, value = entry
    return f"the key {quoted(key)} with the value {quoted(value)}" if value else f"the key {quoted(key)}"
