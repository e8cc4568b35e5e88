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
#: Strings and keys without escapes: nearly all.
_PLAIN_STRING = re.compile(r'"([^"\\\x00-\x1f]*)"')
_PLAIN_KEY = re.compile(r'"([^"\\\x00-\x1f]*)"[ \t\r\n]*:[ \t\r\n]*')
_AFTER_VALUE = re.compile(r"[ \t\r\n]*([,\]}])[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_LITERALS: dict[str, tuple[str, bool | None]] = {
    "t": ("true", True),
    "f": ("false", False),
    "n": ("null", None),
}
_MAX_DIGITS = 64
#: What is left of an escaped surrogate pair that is not whole; UTF-8 has nothing for it.
_SURROGATE = re.compile("[\ud800-\udfff]")


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
        line, column = _Reader(text, document, findings).position(error.at)
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
        self.next_newline = self._newline(0)
        self.end = 0

    def _newline(self, at: int) -> int:
        found = self.text.find("\n", at)
        return len(self.text) if found < 0 else found

    def position(self, at: int) -> tuple[int, int]:
        """Line and column of an index that is not before the last one asked for."""
        while self.next_newline < at:
            self.line += 1
            self.line_start = self.next_newline + 1
            self.next_newline = self._newline(self.line_start)
        return self.line, at - self.line_start + 1

    def read(self) -> TreeNode:
        """The one value of the text."""
        text = self.text
        stack: list[MappingNode | SequenceNode] = []
        at = self._blank(0)
        root = node = self._value(at)
        at = self.end
        while True:
            at = self._after(stack, at) if type(node) is ScalarNode else self._open(stack, node, at)
            if not stack:
                if at != len(text):
                    raise _SyntaxError("text after the end of the document", at)
                return root
            parent = stack[-1]
            if type(parent) is MappingNode:
                found = _PLAIN_KEY.match(text, at)
                line, column = self.position(at)
                if found is not None:
                    key, at = found[1], found.end()
                else:
                    key, at = self._unusual_key(at)
                node = self._value(at)
                if key in parent.entries:
                    self._duplicate(parent, key, line, column)
                else:
                    parent.set(key, line, column, node)
            else:
                node = self._value(at)
                parent.items.append(node)  # type: ignore[union-attr]
            at = self.end

    def _blank(self, at: int) -> int:
        found = _BLANK.match(self.text, at)
        return found.end() if found is not None else at

    def _value(self, at: int) -> TreeNode:
        """The value that begins at ``at``; where it (or its opening bracket) ends is left in ``end``."""
        text = self.text
        line, column = self.position(at)
        found = _PLAIN_STRING.match(text, at)
        if found is not None:
            self.end = found.end()
            return ScalarNode(self.document, line, column, found[1])
        character = text[at : at + 1]
        if character == "{":
            self.end = at + 1
            return MappingNode(self.document, line, column)
        if character == "[":
            self.end = at + 1
            return SequenceNode(self.document, line, column)
        if character == '"':
            value, self.end = self._string(at, line, column)
            return ScalarNode(self.document, line, column, value)
        literal = _LITERALS.get(character)
        if literal is not None and text.startswith(literal[0], at):
            self.end = at + len(literal[0])
            return ScalarNode(self.document, line, column, literal[1], literal[0])
        number = _NUMBER.match(text, at)
        if number is None or number.end() - at > _MAX_DIGITS:
            raise _SyntaxError("expected a value", at)
        self.end = number.end()
        digits = number[0]
        return ScalarNode(
            self.document, line, column, float(digits) if number[1] or number[2] else int(digits), digits
        )

    def _open(self, stack: list[MappingNode | SequenceNode], node: TreeNode, at: int) -> int:
        """Go into a collection: the position of its first key or item, or what follows an empty one."""
        if len(stack) >= MAX_DEPTH:
            raise _SyntaxError(f"nested more than {MAX_DEPTH} levels deep", at - 1)
        at = self._blank(at)
        closing = "}" if type(node) is MappingNode else "]"
        if self.text.startswith(closing, at):
            return self._after(stack, at + 1)
        stack.append(node)  # type: ignore[arg-type]
        return at

    def _after(self, stack: list[MappingNode | SequenceNode], at: int) -> int:
        """After a value: leave the collections that end here; the position of what comes next."""
        text = self.text
        while stack:
            closing = "}" if type(stack[-1]) is MappingNode else "]"
            found = _AFTER_VALUE.match(text, at)
            if found is None or found[1] not in ("," + closing):
                raise _SyntaxError(f"expected ',' or {closing!r}", self._blank(at))
            at = found.end()
            if found[1] == ",":
                if text.startswith(("}", "]"), at):
                    raise _SyntaxError(f"a comma before {text[at]!r}", at)
                return at
            stack.pop()
        return self._blank(at)

    def _unusual_key(self, at: int) -> tuple[str, int]:
        if not self.text.startswith('"', at):
            raise _SyntaxError("expected a key in double quotes", at)
        key, end = self._string(at, *self.position(at))
        end = self._blank(end)
        if not self.text.startswith(":", end):
            raise _SyntaxError("expected ':' after the key", end)
        return key, self._blank(end + 1)

    def _duplicate(self, mapping: MappingNode, key: str, line: int, column: int) -> None:
        first = mapping.key_origin(key)
        message = f"the key {quoted(key)} stands twice in this mapping (first at line {first.line})"
        self.findings.error(ScalarNode(self.document, line, column, None), "", message)

    def _string(self, at: int, line: int, column: int) -> tuple[str, int]:
        """A string with escapes, or a bad one."""
        try:
            value, end = scanstring(self.text, at + 1, True)
        except JSONDecodeError as error:
            raise _SyntaxError(error.msg, error.pos) from None
        if "\0" in value:
            where = ScalarNode(self.document, line, column, None)
            self.findings.error(where, "", "a NUL character is not allowed")
        half = _SURROGATE.search(value)
        if half is not None:
            escape = f"\\u{ord(half[0]):04x}"
            where = ScalarNode(self.document, line, column, None)
            self.findings.error(where, "", f"{escape} is half of a surrogate pair, and no character")
        return value, end
