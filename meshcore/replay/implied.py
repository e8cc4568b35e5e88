"""Headers that a recording's upstream must have sent although its cases don't say so.

Some files about header edits were recorded against an upstream that answers with a few headers of
its own. They show in what the client received: a header that no level of the configuration adds, or
values ahead of those that it adds, the same in every case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from meshcore.replay.upstream import Pairs

__all__ = ["implied_upstream_headers"]

_ADDITIONS = "response_headers_to_add"
_REMOVALS = "response_headers_to_remove"
#: Names that a proxy writes by itself.
_OWN_NAMES = frozenset({"content-type", "location", "set-cookie", "via", "x-request-id"})
_OWN_PREFIXES = ("access-control-", "grpc-", "x-envoy-", "x-b3-")


def implied_upstream_headers(document: Mapping[str, Any]) -> Pairs:
    """The headers of every answer of the upstream; none unless the configuration edits answers."""
    configured: dict[str, set[str]] = {}
    for addition in _entries(document.get("route_config"), _ADDITIONS):
        header = addition.get("header") or {}
        configured.setdefault(str(header.get("key", "")).lower(), set()).add(str(header.get("value", "")))
    if not configured:
        return []
    removed = {str(name).lower() for name in _entries(document.get("route_config"), _REMOVALS)}
    received = list(_received(document))
    pairs: Pairs = []
    for name in dict.fromkeys(name for headers in received for name in headers):
        if name not in removed and any(name not in headers for headers in received):
            continue
        heads = [_head(headers[name], configured.get(name, set())) for headers in received if name in headers]
        if all(head == heads[0] for head in heads):
            pairs += [(name.encode(), value.encode()) for value in heads[0]]
    return pairs


def _entries(node: Any, field: str) -> Iterator[Any]:
    """What stands in the lists of that name, at any level."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key == field and isinstance(value, list):
                yield from value
            else:
                yield from _entries(value, field)
    elif isinstance(node, list):
        for item in node:
            yield from _entries(item, field)


def _received(document: Mapping[str, Any]) -> Iterator[dict[str, list[str]]]:
    """What clients received of requests that were forwarded, where the upstream's part is not stated."""
    for case in document["cases"]:
        if not isinstance(case, Mapping) or (case.get("upstream") or {}).get("headers"):
            continue
        expect = case.get("expect") or {}
        for each in (expect, *(expect.get("each") or ())):
            if each.get("kind") == "forward" and each.get("response_headers"):
                yield {
                    name.lower(): values
                    for name, values in each["response_headers"].items()
                    if name.lower() not in _OWN_NAMES and not name.lower().startswith(_OWN_PREFIXES)
                }


def _head(values: list[str], configured: set[str]) -> list[str]:
    """The values ahead of those that the configuration adds; none where it formats them."""
    if any("%" in value for value in configured):
        return []
    head: list[str] = []
    for value in values:
        if value in configured:
            break
        head.append(value)
    return head
