"""Rewrites of prefixes that double a slash: /a to / makes //x of /a/x."""

from __future__ import annotations

from meshcore.analysis.context import Context

__all__ = ["analyze"]


def analyze(ctx: Context) -> None:
    for item in ctx.virtual_services:
        earlier: set[str] = set()
        for rule in item.spec.get("http").each():
            rewrite = rule.at("rewrite", "uri").text
            for match in rule.get("match").each():
                where = match.at("uri", "prefix")
                prefix = where.text
                # Where the prefix with its slash comes first, paths below it do not come here.
                doubles = rewrite.endswith("/") and not prefix.endswith("/") and f"{prefix}/" not in earlier
                if prefix and doubles:
                    message = (
                        f"{rewrite!r} in place of {prefix!r} makes {rewrite + '/x'!r} of {prefix + '/x'!r}"
                    )
                    expected = f"exact: {prefix} and prefix: {prefix}/ with this rewrite"
                    ctx.report("MC1110", where, message, expected=expected)
                earlier.add(prefix)
