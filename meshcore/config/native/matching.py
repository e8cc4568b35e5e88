"""Which requests a rule is for, as matchers of the model."""

from __future__ import annotations

import re
from string import ascii_letters, digits
from urllib.parse import unquote_to_bytes

from meshcore.config.findings import Findings, quoted
from meshcore.config.native.schema import Match
from meshcore.config.patterns import regex_error
from meshcore.config.schema import path_of
from meshcore.config.tree import MappingNode, ScalarNode, SequenceNode, TreeNode, describe, join_path
from meshcore.model import HeaderMatch, QueryParameterMatch, StringKind, StringMatch

__all__ = ["header_matches", "query_matches"]

_KINDS = {
    "exact": StringKind.EXACT,
    "prefix": StringKind.PREFIX,
    "suffix": StringKind.SUFFIX,
    "contains": StringKind.CONTAINS,
    "regex": StringKind.REGEX,
}
#: A name, or an address, and its port.
_HOST = re.compile(r"(?:[^\s*/?#@:\[\]]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?\Z")
#: What a path has as it is, once it is normalised.
_PLAIN = frozenset(f"{ascii_letters}{digits}-._~/")
#: What frameworks write for a part of a path that changes: {id}, {id:int}, <id>, <int:id>.
_PARAMETER = re.compile(r"\{[^{}/]*\}|<[^<>/]*>")
_METHOD = re.compile(r"[A-Z]+(?:-[A-Z]+)*\Z")


def header_matches(match: Match, findings: Findings) -> tuple[HeaderMatch, ...]:
    made = []
    for field, name, pattern_of in _LINES:
        node, path = getattr(match, field), path_of(match, field)
        patterns = [
            pattern_of(text, item, path, findings) for text, item in _texts(node, field, path, findings)
        ]
        if patterns:
            made.append(HeaderMatch(name, string=StringMatch(StringKind.REGEX, "|".join(patterns))))
    base = path_of(match, "headers")
    for name, node in match.headers.items():
        string, present = _pattern(node, join_path(base, name), findings)
        made.append(HeaderMatch(name.lower(), string=string, present=present))
    return tuple(made)


def query_matches(match: Match, findings: Findings) -> tuple[QueryParameterMatch, ...]:
    base = path_of(match, "query")
    made = []
    for name, node in match.query.items():
        string, present = _pattern(node, join_path(base, name), findings)
        made.append(QueryParameterMatch(name, string=string, present=present is not False))
        if present is False:
            findings.error(node, join_path(base, name), "a query parameter can only be asked to be there")
    return tuple(made)


def _texts(node: TreeNode | None, what: str, path: str, findings: Findings) -> list[tuple[str, TreeNode]]:
    """A text, or a list of them, each with its place."""
    if node is None:
        return []
    items = node.items if isinstance(node, SequenceNode) else [node]
    texts: list[tuple[str, TreeNode]] = []
    for item in items:
        given = item.value if isinstance(item, ScalarNode) else None
        if given == "*":
            findings.error(item, path, "", found=quoted(given), expected=f"a {what}; leave it out for all")
        elif given == "":
            findings.error(item, path, "", found="an empty text", expected=f"a {what}; leave it out for all")
        elif isinstance(given, str):
            texts.append((given, item))
        else:
            findings.error(item, path, "", found=describe(item), expected="a text, or a list of texts")
    if not items:
        findings.error(node, path, "", found="an empty list", expected="a text, or a list of texts")
    return texts


def _host(text: str, node: TreeNode, path: str, findings: Findings) -> str:
    """``api.example``, or ``*.example``; the port of a request does not matter unless the text has one."""
    wild = text.startswith("*.")
    name = text[1:] if wild else text
    if not _HOST.match(name):
        expected = "a host, such as api.example, or *. and all that may follow, such as *.example"
        findings.error(node, path, "", found=quoted(text), expected=expected)
    return rf"(?i:{'[^:]+' if wild else ''}{re.escape(name)}(?::[0-9]+)?)"


def _path(text: str, node: TreeNode, path: str, findings: Findings) -> str:
    """``/login``, whatever its query, or ``/v1/*``."""
    literal = text.removesuffix("*")
    parameter = _PARAMETER.search(literal)
    if parameter is not None and literal.startswith("/"):
        message = f"{parameter[0]} is no part that may be anything"
        expected = f"{quoted(literal[: parameter.start()] + '*')}, all that begins so"
        findings.error(node, path, message, found=quoted(text), expected=expected)
    elif not literal.startswith("/") or "*" in literal:
        expected = "a path, such as /login, or its beginning and one *, such as /v1/*"
        findings.error(node, path, "", found=quoted(text), expected=expected)
    elif "?" in literal or "#" in literal:
        what = "fragment" if "#" in literal.partition("?")[0] else "query"
        findings.error(node, path, "", found=quoted(text), expected=f"a path without {what}")
    return _written(literal) + (r"(?s:.*)" if literal != text else r"(?s:\?.*)?")


def _written(literal: str) -> str:
    """A path, however its characters are encoded: apps decode them. Those that never need to be are decoded
    by the normalisation of paths already."""
    return "".join(_byte(byte) for byte in unquote_to_bytes(literal))


def _byte(byte: int) -> str:
    char = chr(byte)
    if char in _PLAIN:
        return re.escape(char)
    encoded = rf"%{_hex(byte >> 4)}{_hex(byte & 15)}"
    # Beyond ASCII, and where it would mean something else, it is always encoded.
    return rf"(?:{re.escape(char)}|{encoded})" if "!" <= char <= "~" and char not in "%?#" else encoded


def _hex(digit: int) -> str:
    return str(digit) if digit < 10 else f"[{digit:X}{digit:x}]"


def _method(text: str, node: TreeNode, path: str, findings: Findings) -> str:
    if not _METHOD.match(text):
        findings.error(node, path, "", found=quoted(text), expected="a method, such as POST")
    return re.escape(text)


#: Field, the header that it is about, and what makes a regex of a text.
_LINES = (("host", ":authority", _host), ("path", ":path", _path), ("method", ":method", _method))


def _pattern(node: TreeNode, path: str, findings: Findings) -> tuple[StringMatch | None, bool | None]:
    """A text stands for itself; a mapping says how to compare, or whether it is there."""
    if isinstance(node, ScalarNode) and isinstance(node.value, str):
        return StringMatch(StringKind.EXACT, node.value), None
    if isinstance(node, MappingNode) and len(node.entries) == 1:
        ((how, value),) = node.entries.items()
        given = value.value if isinstance(value, ScalarNode) else None
        if how == "present" and isinstance(given, bool):
            return None, given
        if how in _KINDS and isinstance(given, str):
            problem = regex_error(given) if how == "regex" else ""
            if problem:
                findings.error(value, join_path(path, how), problem, found=quoted(given))
            return StringMatch(_KINDS[how], given), None
    expected = f"a text, or a mapping with one of {', '.join(_KINDS)}, present"
    findings.error(node, path, "", found=describe(node), expected=expected)
    return None, True
