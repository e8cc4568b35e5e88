"""Regexes that an exact text or a prefix would serve, and dots that match more than a dot."""

from __future__ import annotations

import re
from collections.abc import Iterator

from meshcore.analysis.context import Context
from meshcore.analysis.cursor import Cursor
from meshcore.analysis.inventory import Item
from meshcore.analysis.patterns import plain_form
from meshcore.model import PathKind

__all__ = ["analyze"]

#: An unescaped dot between words, as in example.com, that nothing repeats.
_DOT = re.compile(r"(?<![\\\[(.])[A-Za-z0-9-](\.)[A-Za-z][A-Za-z0-9-]*(?![*+?{])")
_OPTIONAL_REST = re.compile(r"(\^?)(/[A-Za-z0-9_~/-]+)\(\??:?/\.\*\)\?\$?\Z")


def analyze(ctx: Context) -> None:
    for item in ctx.virtual_services:
        for where, field in _matches(item):
            pattern = where.get("regex")
            if pattern.text and pattern.text != "*":
                _check(ctx, pattern, field)
    for table in ctx.tables:
        for route in table.routes if table.resource is None else ():
            path = route.match.path
            if path.kind is PathKind.REGEX:
                better = _better(path.value, "uri", "path", "prefix")
                if better:
                    ctx.report("MC1104", route.origin, f"the regex {path.value!r} is {better}")


def _matches(item: Item) -> Iterator[tuple[Cursor, str]]:
    """The string matches of all rules, and what each is compared with."""
    for rule in item.spec.get("http").each():
        for match in rule.get("match").each():
            for field in ("uri", "scheme", "method", "authority"):
                yield match.get(field), field
            for field in ("headers", "withoutHeaders", "queryParams"):
                for name, where in match.get(field).entries():
                    yield where, "authority" if name.lower() in ("host", ":authority") else field


def _check(ctx: Context, where: Cursor, field: str) -> None:
    pattern = where.text
    better = _better(pattern, field, "exact", "prefix")
    if better:
        ctx.report("MC1104", where, f"the regex {pattern!r} is {better}")
    elif field == "authority" and _DOT.search(pattern):
        found = _DOT.search(pattern)
        assert found is not None
        fixed = f"{pattern[: found.start(1)]}\\{pattern[found.start(1) :]}"
        message = f"in {pattern!r} a dot matches any character, so more hosts match than are meant"
        ctx.report("MC1105", where, message, expected=f"{fixed!r}")


def _better(pattern: str, field: str, exact: str, prefix: str) -> str:
    """What says the same without a regex."""
    rest = _OPTIONAL_REST.match(pattern) if field == "uri" else None
    if rest:
        return f"what {exact}: {rest[2]} and {prefix}: {rest[2]}/ say together, which is faster to match"
    form = plain_form(pattern)
    if form is None:
        return ""
    text, more = form
    if not text:
        return f"what {prefix}: / says" if field == "uri" and more else ""
    return f"just {prefix if more else exact}: {text}, which is faster to match"
