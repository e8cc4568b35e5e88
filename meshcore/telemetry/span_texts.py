"""What a span is called and which custom tags it has: by the listener, the route and the request.

Source: Envoy's HttpConnectionManager.Tracing, Decorator and CustomTag, and what an Envoy 1.40 sends to
Zipkin.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from meshcore.decision import Decision
from meshcore.model import CustomTag, CustomTagKind, Route, TracingOptions
from meshcore.model.format import Segment, parse_format

__all__ = ["OPERATION", "Seen", "custom_tags", "operation", "rendered"]

Line = tuple[bytes, bytes]

#: By which header the other side is told what a request is called.
OPERATION = b"x-envoy-decorator-operation"


@dataclass(slots=True)
class Seen:
    """A request as it came in, or as it goes out."""

    method: str
    scheme: str
    authority: str
    target: str
    headers: list[Line] = field(default_factory=list)
    protocol: str = "HTTP/1.1"
    peer: str = ""  #: the address of the other side

    def header(self, name: bytes) -> str | None:
        """The first value of a header, by its name in lower case; None: there is none."""
        for found, value in self.headers:
            if len(found) == len(name) and found.lower() == name:
                return value.decode("utf-8", "replace")
        return None


def operation(
    seen: Seen, decision: Decision, options: TracingOptions, *, outgoing: bool, told: str | None = None
) -> str:
    """The name of a request's span. ``told``: by the other side; it counts where no format is configured."""
    route = decision.route_entry
    wanted = (route.operation if route is not None else "") or options.operation
    if wanted:
        return rendered(wanted, seen, decision)
    if told:
        return told
    if route is not None and route.decorator is not None:
        return route.decorator.operation
    if options.provider != "opentelemetry":
        return seen.authority
    return f"egress {seen.authority}" if outgoing else "ingress"


def custom_tags(
    seen: Seen,
    decision: Decision,
    options: TracingOptions,
    label: Callable[[str], str | None],
) -> Iterator[tuple[str, str]]:
    """Tags that the configuration asks for; empty ones are left out.

    ``label``: gives a label of the endpoint.
    """
    route: Route | None = decision.route_entry
    own = {it.tag: it for it in route.custom_tags} if route is not None and route.custom_tags else {}
    for tag in (*own.values(), *(it for it in options.custom_tags if it.tag not in own)):
        value = _value(tag, seen, decision, label)
        if value:
            yield tag.tag, value


def _value(tag: CustomTag, seen: Seen, decision: Decision, label: Callable[[str], str | None]) -> str:
    if tag.kind is CustomTagKind.LITERAL:
        return tag.value
    if tag.kind is CustomTagKind.FORMAT:
        return rendered(tag.value, seen, decision)
    if tag.kind is CustomTagKind.ENVIRONMENT:
        found = os.environ.get(tag.value)
    elif tag.kind is CustomTagKind.REQUEST_HEADER:
        found = seen.header(tag.value.encode())
    else:
        found = label(tag.value)
    return tag.default if found is None else found


# ------------------------------------------------------------------ formats

_parsed = lru_cache(256)(parse_format)

_OF_DECISION: dict[str, Callable[[Decision], object]] = {
    "RESPONSE_CODE_DETAILS": lambda it: it.details,
    "RESPONSE_FLAGS": lambda it: it.flags,
    "ROUTE_NAME": lambda it: it.route,
    "UPSTREAM_CLUSTER": lambda it: it.cluster,
    "UPSTREAM_HOST": lambda it: it.endpoint,
    "UPSTREAM_REMOTE_ADDRESS": lambda it: it.endpoint,
}


def rendered(text: str, seen: Seen, decision: Decision) -> str:
    """A format string of what is known of a request; ``-`` stands for what is not."""
    return "".join(_segment(it, seen, decision) for it in _parsed(text))


def _segment(segment: Segment, seen: Seen, decision: Decision) -> str:
    if not segment.command:
        return segment.text
    found: object = None
    if segment.command == "REQ":
        found = _header(seen, segment.text)
        if found is None and segment.alternative:
            found = _header(seen, segment.alternative)
    elif segment.command == "PROTOCOL":
        found = seen.protocol
    elif segment.command.startswith("DOWNSTREAM_") and "REMOTE_ADDRESS" in segment.command:
        found = seen.peer
    elif segment.command in _OF_DECISION:
        found = _OF_DECISION[segment.command](decision)
    return (str(found) if found else "-")[: segment.max_length]


def _header(seen: Seen, name: str) -> str | None:
    if not name.startswith(":"):
        return seen.header(name.encode())
    pseudo = {":method": seen.method, ":path": seen.target, ":authority": seen.authority}
    return {**pseudo, ":scheme": seen.scheme}.get(name)
