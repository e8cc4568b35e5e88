"""Rules and matches that can never be reached. The cost is linear in the size of the rules."""

from __future__ import annotations

from collections.abc import Sequence

from meshcore.config.codes import INEFFECTIVE_MATCH, UNREACHABLE_RULE
from meshcore.config.findings import Findings
from meshcore.config.istio.schema.virtual_service import (
    HTTPMatch,
    HTTPRoute,
    L4Match,
    L4Route,
    TLSMatch,
    TLSRoute,
)
from meshcore.config.schema import is_set, warn_at
from meshcore.config.tree import plain

__all__ = ["check_l4_reachability", "check_reachability"]

#: Fields that say nothing about which requests match.
_NAMES = ("name", "statPrefix", "stat_prefix")


def check_reachability(rules: Sequence[HTTPRoute], findings: Findings, *, delegate: bool = False) -> None:
    """Warn about rules behind one that takes everything, and matches that an earlier one covers.

    A rule that delegates takes no more than its delegate asks for, so it hides nothing. In a ``delegate`` a
    rule is dropped where it does not fit its root, so it hides nothing either.
    """
    everything: HTTPRoute | None = None
    seen: set[str] = set()
    prefixes: set[str] = set()
    for rule in rules:
        if everything is not None:
            where = everything.name or everything.record_path
            warn_at(
                findings,
                rule,
                "",
                f"never reached: the rule {where!r} before it takes every request",
                code=UNREACHABLE_RULE,
            )
            continue
        if not rule.match and rule.delegate is None:
            everything = rule
            continue
        if delegate:
            seen.clear()
        for match in rule.match:
            conditions = _conditions(match)
            if conditions in seen:
                _warn(findings, match, "never reached: an earlier match asks for just the same")
            elif _covered(match, prefixes):
                _warn(findings, match, "never reached: an earlier match takes every path that begins so")
            if rule.delegate is not None:
                continue
            seen.add(conditions)
            uri = match.uri if not delegate else None
            if uri is not None and uri.prefix and _only_uri(match) and not match.ignore_uri_case:
                prefixes.add(uri.prefix)


def _warn(findings: Findings, match: HTTPMatch, message: str) -> None:
    warn_at(findings, match, "", message, code=INEFFECTIVE_MATCH)


def check_l4_reachability(rules: Sequence[TLSRoute] | Sequence[L4Route], findings: Findings) -> None:
    """The same for tls and tcp rules, whose conditions are compared as wholes."""
    everything: TLSRoute | L4Route | None = None
    seen: set[str] = set()
    for rule in rules:
        if everything is not None:
            where = everything.record_path
            warn_at(findings, rule, "", f"never reached: the rule {where!r} before it takes every connection")
            continue
        if not rule.match:
            everything = rule
        for match in rule.match:
            conditions = _conditions(match)
            if conditions in seen:
                warn_at(findings, match, "", "never reached: an earlier match asks for just the same")
            seen.add(conditions)


def _conditions(match: HTTPMatch | TLSMatch | L4Match) -> str:
    values = plain(match.record_node)
    assert isinstance(values, dict)
    return repr(sorted((key, repr(value)) for key, value in values.items() if key not in _NAMES))


def _only_uri(match: HTTPMatch) -> bool:
    fields = ("scheme", "method", "authority", "headers", "port", "source_labels", "gateways", "query_params")
    return not any(is_set(match, it) for it in (*fields, "without_headers", "source_namespace"))


def _covered(match: HTTPMatch, prefixes: set[str]) -> bool:
    uri = match.uri
    if uri is None or match.ignore_uri_case:
        return False
    path = uri.exact or uri.prefix or ""
    return any(path[:end] in prefixes for end in range(1, len(path) + 1))
