"""JSON text to trees, with positions.

JSON is nearly YAML, but tabs, surrogate pairs and speed make a reader of its own worthwhile: route
tables of a hundred thousand routes are JSON. An explicit stack stands for recursion.
"""

from __future__ import annotations

import re
from json.decoder import JSONDecodeError, scanstring  # type: ignore[attr-defined]

from meshcore.config.findings import Findings, quoted
from meshcore.config.limits import MAX_DEPTH
from meshcore.config.tree import Document, MappingNode, ScalarNode, SequenceNode, TreeNode

__all__ = ["looks_like_json", "read_json"]

_BLANK = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_LITERALS: dict[str, tuple[str, bool | None]] = {
    "t": ("true", True),
    "f": ("false", False),
    "n": ("null", None),
}
_MAX_DIGITS = 64


class _SyntaxError(Exception):
    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


def looks_like_json(text: str) -> bool:
    """Whether a text begins as a JSON object or list does; YAML's flow style does too."""
    return re.match(r"\s*(\{\s*[\"}]|\[)", text) is not None


def read_json(text: str, file: str, findings: Findings) -> list[Document]:
    """The document of a JSON text (none where it has an error, which is recorded)."""
    document = Document(file, 0)
    reader = _Reader(text, document, findings)
    try:
        document.root = reader.read()
    except _SyntaxError as error:
        line, column = reader.position(error.at)
        findings.error(ScalarNode(document, line, column, None), "", f"not valid JSON: {error}")
        return []
    return [document]


class _Reader:
    def __init__(self, text: str, document: Document, findings: Findings) -> None:
        self.text = text
        self.document = document
        self.findings = findings
        self.line = 1
        self.line_start = 0  # of the last position asked for: positions are asked for in order
        self.next_newline = text.find("\n")

    def position(self, at: int) -> tuple[int, int]:
        while 0 <= self.next_newline < at:
            self.line += 1
            self.line_start = self.next_newline + 1
            self.next_newline = self.text.find("\n", self.line_start)
        return self.line, at - self.line_start + 1

    def read(self) -> TreeNode:
        """The one value of the text."""
        text = self.text
        blank = _BLANK.match
        length = len(text)
        stack: list[MappingNode | SequenceNode] = []
        key = ""
        key_line = key_column = 0
        at = blank(text, 0).end()  # type: ignore[union-attr]
        while True:
            # A value begins here.
            if at >= length:
                raise _SyntaxError("the text ends where a value should be", at)
            character = text[at]
            line, column = self.position(at)
            node: TreeNode
            opened = False
            if character == '"':
                value, at = self._string(at)
                node = ScalarNode(self.document, line, column, value)
            elif character == "{":
                node, opened, at = MappingNode(self.document, line, column), True, at + 1
            elif character == "[":
                node, opened, at = SequenceNode(self.document, line, column), True, at + 1
            else:
                node, at = self._other(at, line, column)
            if not stack:
                root = node
            elif type(stack[-1]) is MappingNode:
                self._put(stack[-1], key, key_line, key_column, node)
            else:
                stack[-1].items.append(node)  # type: ignore[union-attr]
            if opened:
                if len(stack) >= MAX_DEPTH:
                    raise _SyntaxError(f"nested more than {MAX_DEPTH} levels deep", at - 1)
                assert isinstance(node, MappingNode | SequenceNode)
                stack.append(node)
            # After a value: the end of collections, a comma, or the first item of a new collection.
            first = opened
            while stack:
                at = blank(text, at).end()  # type: ignore[union-attr]
                mapping = type(stack[-1]) is MappingNode
                closing = "}" if mapping else "]"
                if text.startswith(closing, at):
                    stack.pop()
                    at += 1
                    first = False
                    continue
                if not first:
                    if not text.startswith(",", at):
                        raise _SyntaxError(f"expected ',' or {closing!r}", at)
                    at = blank(text, at + 1).end()  # type: ignore[union-attr]
                    if text.startswith(closing, at):
                        raise _SyntaxError(f"a comma before {closing!r}", at)
                if mapping:
                    if not text.startswith('"', at):
                        raise _SyntaxError("expected a key in double quotes", at)
                    key_line, key_column = self.position(at)
                    key, at = self._string(at)
                    at = blank(text, at).end()  # type: ignore[union-attr]
                    if not text.startswith(":", at):
                        raise _SyntaxError("expected ':' after the key", at)
                    at = blank(text, at + 1).end()  # type: ignore[union-attr]
                break
            if not stack:
                at = blank(text, at).end()  # type: ignore[union-attr]
                if at != length:
                    raise _SyntaxError("text after the end of the document", at)
                return root

    def _put(self, mapping: MappingNode, key: str, line: int, column: int, node: TreeNode) -> None:
        if key in mapping.entries:
            first = mapping.key_origin(key)
            self.findings.error(
                ScalarNode(self.document, line, column, None),
                "",
                f"the key {quoted(key)} stands twice in this mapping (first at line {first.line})",
            )
            return
        mapping.set(key, line, column, node)

    def _string(self, at: int) -> tuple[str, int]:
        try:
            value, end = scanstring(self.text, at + 1, True)
        except JSONDecodeError as error:
            raise _SyntaxError(error.msg, error.pos) from None
        if "\0" in value:
            line, column = self.position(at)
            self.findings.error(
                ScalarNode(self.document, line, column, None), "", "a NUL character is not allowed"
            )
        return value, end

    def _other(self, at: int, line: int, column: int) -> tuple[ScalarNode, int]:
        text = self.text
        literal = _LITERALS.get(text[at])
        if literal is not None and text.startswith(literal[0], at):
            return ScalarNode(self.document, line, column, literal[1], literal[0]), at + len(literal[0])
        found = _NUMBER.match(text, at)
        if found is None or found.end() - at > _MAX_DIGITS:
            raise _SyntaxError("expected a value", at)
        number = float(found[0]) if found[1] or found[2] else int(found[0])
        return ScalarNode(self.document, line, column, number, found[0]), found.end()
