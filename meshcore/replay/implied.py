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
#: Names that a proxy writes by itself.
_OWN_NAMES = frozenset({"content-type", "location", "set-cookie", "via", "x-request-id"})
_OWN_PREFIXES = ("access-control-", "grpc-", "x-envoy-", "x-b3-")


def implied_upstream_headers(document: Mapping[str, Any]) -> Pairs:
    """The headers of every answer of the upstream; none unless the configuration edits answers."""
    configured: dict[str, set[str]] = {}
    for addition in _additions(document.get("route_config")):
        header = addition.get("header") or {}
        configured.setdefault(str(header.get("key", "")).lower(), set()).add(str(header.get("value", "")))
    if not configured:
        return []
    heads: dict[str, list[str]] = {}
    for received in _received(document):
        for name, values in received.items():
            head = _head(values, configured.get(name, set()))
            if heads.setdefault(name, head) != head:
                heads[name] = []
    return [(name.encode(), value.encode()) for name, values in heads.items() for value in values]


def _additions(node: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key == _ADDITIONS and isinstance(value, list):
                yield from (item for item in value if isinstance(item, Mapping))
            else:
                yield from _additions(value)
    elif isinstance(node, list):
        for item in node:
            yield from _additions(item)


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
