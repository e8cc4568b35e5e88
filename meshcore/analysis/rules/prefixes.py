"""Prefixes that end within a word: /api also takes /apis."""

from __future__ import annotations

from meshcore.analysis.context import Context

__all__ = ["analyze"]


def analyze(ctx: Context) -> None:
    for item in ctx.virtual_services:
        for rule in item.spec.get("http").each():
            siblings = {it.at("uri", "exact").text for it in rule.get("match").each()}
            for match in rule.get("match").each():
                where = match.at("uri", "prefix")
                text = where.text
                if len(text) > 1 and text[-1].isalnum() and text not in siblings:
                    message = f"prefix {text!r} takes {text + 's'!r} as well, not only {text + '/...'!r}"
                    expected = f"exact: {text} and prefix: {text}/, if that is meant"
                    ctx.report("MC1106", where, message, expected=expected)
