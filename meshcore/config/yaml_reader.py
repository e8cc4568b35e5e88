"""YAML text to trees: positions kept, hostile and ambiguous documents refused.

Works on the parser's events rather than on its composed nodes: duplicate keys, aliases and depth
are then ours to judge, and no recursion follows the nesting of the document.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from meshcore.config.findings import Findings, quoted
from meshcore.config.limits import MAX_ALIASED, MAX_DEPTH
from meshcore.config.scalars import resolve_plain
from meshcore.config.tree import Document, MappingNode, ScalarNode, SequenceNode, TreeNode
from meshcore.config.yaml_problems import syntax_problem, too_deep

__all__ = ["read_yaml"]

#: libyaml's parser where PyYAML was built with it, else PyYAML's own.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MARKER = re.compile(r"^---(?=[ \t\r\n]|$)", re.MULTILINE)
_TAG = "tag:yaml.org,2002:"


class _Refused(Exception):
    """Stops the reading of one document; the finding is recorded already."""


def read_yaml(text: str, file: str, findings: Findings) -> list[Document]:
    """All documents of a YAML text that are not empty.

    After a syntax error reading goes on at the next ``---``, so that the findings of all documents
    come together.
    """
    documents: list[Document] = []
    start = 0
    first_line = 0
    while True:
        reader = _Reader(text[start:] if start else text, file, first_line, len(documents), findings)
        stopped_at = reader.read(documents)
        if stopped_at is None:
            return documents
        resume = _next_document(text, start, stopped_at - first_line)
        if resume is None:
            return documents
        first_line += text.count("\n", start, resume)
        start = resume


def _next_document(text: str, start: int, line: int) -> int | None:
    """Where the next document after ``start`` begins, at the given line (counted from there) or later.

    The line itself counts: a document that ends too early is noticed at the next ``---`` only.
    """
    at = start
    for _ in range(line):
        newline = text.find("\n", at)
        if newline < 0:
            return None
        at = newline + 1
    marker = _MARKER.search(text, max(at, start + 1))
    return marker.start() if marker else None


class _Frame:
    """A collection that is being read."""

    __slots__ = ("anchor", "counted", "key", "key_column", "key_line", "merges", "node")

    def __init__(self, node: SequenceNode | MappingNode, anchor: str | None, counted: int) -> None:
        self.node = node
        self.anchor = anchor
        self.counted = counted  # nodes before this one, to know its size at its end
        self.key: str | None = None
        self.key_line = 0
        self.key_column = 0
        self.merges: list[TreeNode] = []


class _Reader:
    """Reads the documents of one text up to its end or its first syntax error."""

    def __init__(self, text: str, file: str, first_line: int, index: int, findings: Findings) -> None:
        self.file = file
        self.first_line = first_line
        self.index = index
        self.findings = findings
        self.parser = _LOADER(text)
        self._begin()

    def _begin(self) -> None:
        self.document = Document(self.file, self.index)
        self.stack: list[_Frame] = []
        self.anchors: dict[str, tuple[TreeNode, int]] = {}
        self.count = 0
        self.aliased = 0
        self.empty = True

    def read(self, documents: list[Document]) -> int | None:
        """Append the documents; return the (absolute) line of a syntax error, or None at the end."""
        parser = self.parser
        try:
            while True:
                event = parser.get_event()
                kind = type(event)
                if kind is yaml.StreamEndEvent:
                    return None
                if kind is yaml.ScalarEvent:
                    self._scalar(event)
                elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                    self._open(event, kind is yaml.MappingStartEvent)
                elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                    self._close()
                elif kind is yaml.AliasEvent:
                    self._alias(event)
                elif kind is yaml.DocumentEndEvent:
                    if not self.empty:
                        documents.append(self.document)
                    self.index += 1
                    self._begin()
        except yaml.YAMLError as error:
            return self._syntax_error(error)
        except _Refused:
            return self._line(event.start_mark) - 1
        finally:
            parser.dispose()

    # -- events -----------------------------------------------------------------------------

    def _scalar(self, event: Any) -> None:
        mark = event.start_mark
        line = self.first_line + mark.line + 1
        column = mark.column + 1
        text = event.value
        self.count += 1
        if "\0" in text:
            self._error(line, column, "a NUL character is not allowed")
        frame = self.stack[-1] if self.stack else None
        if frame is not None and frame.key is None and type(frame.node) is MappingNode:
            self._key(frame, event, text, line, column)
            return
        if event.implicit[0] and event.tag is None:
            value = resolve_plain(text)
            node = ScalarNode(self.document, line, column, value, "" if value.__class__ is str else text)
        elif event.tag is None or event.tag == "!":
            node = ScalarNode(self.document, line, column, text)
        else:
            node = self._tagged(event.tag, text, line, column)
        if event.anchor:
            self.anchors[event.anchor] = (node, 1)
        self._add(frame, node)

    def _open(self, event: Any, mapping: bool) -> None:
        mark = event.start_mark
        line = self.first_line + mark.line + 1
        column = mark.column + 1
        if len(self.stack) >= MAX_DEPTH:
            self._error(line, column, too_deep())
            raise _Refused
        frame = self.stack[-1] if self.stack else None
        if frame is not None and frame.key is None and type(frame.node) is MappingNode:
            brace = frame.node
            if mapping and (brace.line, brace.column) == (line, column - 1):  # only {{ is so close
                hint = "this looks like a Helm template; render it first, as by 'helm template'"
                self._error(line, column, hint)
            else:
                self._error(line, column, "", found="a collection as a key", expected="a string")
            raise _Refused
        self.count += 1
        node: MappingNode | SequenceNode
        if mapping:
            node = MappingNode(self.document, line, column)
        else:
            node = SequenceNode(self.document, line, column)
        if event.tag not in (None, "!", _TAG + ("map" if mapping else "seq")):
            self._slip(line, column, f"the tag {event.tag!r} is not supported")
        if event.anchor:
            self.anchors.pop(event.anchor, None)
        self._add(frame, node)
        self.stack.append(_Frame(node, event.anchor, self.count - 1))

    def _close(self) -> None:
        frame = self.stack.pop()
        if type(frame.node) is MappingNode and frame.merges:
            self._merge(frame.node, frame.merges)
        if frame.anchor:
            self.anchors[frame.anchor] = (frame.node, self.count - frame.counted)

    def _alias(self, event: Any) -> None:
        mark = event.start_mark
        line = self.first_line + mark.line + 1
        column = mark.column + 1
        name = event.anchor
        frame = self.stack[-1] if self.stack else None
        if any(open_frame.anchor == name for open_frame in self.stack) and name not in self.anchors:
            self._error(line, column, f"the alias *{name} stands inside of what it stands for")
            raise _Refused
        if name not in self.anchors:
            self._error(line, column, f"the alias *{name} has no anchor &{name} before it")
            raise _Refused
        node, size = self.anchors[name]
        self.count += size
        self.aliased += size
        if self.aliased > MAX_ALIASED:
            self._error(line, column, f"the aliases of this document expand to more than {MAX_ALIASED} nodes")
            raise _Refused
        if frame is not None and frame.key is None and type(frame.node) is MappingNode:
            if not isinstance(node, ScalarNode) or not isinstance(node.value, str):
                self._error(line, column, "", found=f"the alias *{name} as a key", expected="a string")
                raise _Refused
            frame.key, frame.key_line, frame.key_column = node.value, line, column
            return
        self._add(frame, node)

    # -- building ---------------------------------------------------------------------------

    def _key(self, frame: _Frame, event: Any, text: str, line: int, column: int) -> None:
        if event.implicit[0] and event.tag is None:
            if text == "<<":
                frame.key, frame.key_line, frame.key_column = "<<\0", line, column
                return
            value = resolve_plain(text)
            if value is None or value.__class__ is bool:
                # As a key, `on:` is "true" for Kubernetes and "on" for Envoy: nobody means either.
                word = "null" if value is None else f"the boolean {'true' if value else 'false'}"
                self._slip(
                    line,
                    column,
                    "",
                    found=f"{text or 'nothing'} as a key, which YAML reads as {word}",
                    expected=f'a string; put it in quotes: "{text}"',
                )
        frame.key, frame.key_line, frame.key_column = text, line, column

    def _add(self, frame: _Frame | None, node: TreeNode) -> None:
        if frame is None:
            self.document.root = node
            self.empty = isinstance(node, ScalarNode) and node.value is None
            return
        parent = frame.node
        if type(parent) is SequenceNode:
            parent.items.append(node)
            return
        assert type(parent) is MappingNode
        key = frame.key
        assert key is not None
        frame.key = None
        if key == "<<\0":
            frame.merges.append(node)
        elif key in parent.entries:
            first = parent.key_origin(key)
            self._slip(
                frame.key_line,
                frame.key_column,
                f"the key {quoted(key)} stands twice in this mapping (first at line {first.line})",
            )
        else:
            parent.set(key, frame.key_line, frame.key_column, node)

    def _merge(self, target: MappingNode, merges: list[TreeNode]) -> None:
        """YAML 1.1 merge keys: what the mapping says itself wins, then earlier merges."""
        for merged in merges:
            for source in merged.items if isinstance(merged, SequenceNode) else [merged]:
                if not isinstance(source, MappingNode):
                    self._error(merged.line, merged.column, "'<<' can merge mappings only")
                    continue
                for key, value in source.entries.items():
                    if key not in target.entries:
                        target.entries[key] = value
                        target.marks[key] = source.marks[key]

    def _tagged(self, tag: str, text: str, line: int, column: int) -> ScalarNode:
        short = tag.removeprefix(_TAG)
        if short == "str":
            return ScalarNode(self.document, line, column, text)
        if short in ("int", "float", "bool", "null"):
            value = resolve_plain(text)
            fits = {
                "int": isinstance(value, int) and not isinstance(value, bool),
                "float": isinstance(value, int | float) and not isinstance(value, bool),
                "bool": isinstance(value, bool),
                "null": value is None,
            }[short]
            if fits:
                return ScalarNode(self.document, line, column, value, text)
            self._slip(line, column, f"{quoted(text)} does not fit the tag !!{short}")
        else:
            self._slip(line, column, f"the tag {tag!r} is not supported")
        return ScalarNode(self.document, line, column, text)

    # -- findings ---------------------------------------------------------------------------

    def _line(self, mark: Any) -> int:
        return self.first_line + int(mark.line) + 1

    def _error(self, line: int, column: int, message: str, *, found: str = "", expected: str = "") -> None:
        where = ScalarNode(self.document, line, column, None)
        self.findings.error(where, "", message, found=found, expected=expected)

    def _slip(self, line: int, column: int, message: str, *, found: str = "", expected: str = "") -> None:
        """An error only if the document is one of ours."""
        where = ScalarNode(self.document, line, column, None)
        finding = self.findings.error(where, "", message, found=found, expected=expected)
        self.document.slips.append(finding)

    def _syntax_error(self, error: yaml.YAMLError) -> int:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line = self._line(mark) if mark is not None else self.first_line + 1
        column = int(mark.column) + 1 if mark is not None else 1
        self._error(line, column, syntax_problem(error))
        return line - 1
