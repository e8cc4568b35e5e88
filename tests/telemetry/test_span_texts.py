"""meshcore.telemetry.span_texts: what spans are called, and the tags that a configuration asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from meshcore import Engine
from meshcore.decision import Decision
from meshcore.model import (
    Cluster,
    Config,
    CustomTag,
    CustomTagKind,
    Decorator,
    Endpoint,
    ForwardAction,
    HttpOptions,
    Listener,
    LocalityEndpoints,
    PathKind,
    PathMatch,
    Route,
    RouteConfiguration,
    RouteMatch,
    TracingOptions,
    VirtualHost,
)
from meshcore.telemetry.request_spans import labels_of, url_of
from meshcore.telemetry.span_texts import Seen, custom_tags, operation, rendered

LINES = [(b"X-Tenant", b"acme"), (b"x-tenant", b"other"), (b"x-raw", b"\xff")]
SEEN = Seen("GET", "http", "shop:80", "/a?b=c", LINES, "HTTP/2", "10.0.0.9")


def decided(**fields: Any) -> Decision:
    """A decision of a route with these fields."""
    found = Route(RouteMatch(PathMatch(PathKind.PREFIX, "/")), ForwardAction("c"), name="r", **fields)
    table = RouteConfiguration("t", (VirtualHost("v", ("*",), (found,)),))
    cluster = Cluster("c", localities=(LocalityEndpoints((Endpoint("10.0.0.1", 80),)),))
    listener = Listener("l", None, table, HttpOptions(tracing=TracingOptions()))
    return Engine(Config((listener,), (cluster,))).decide("GET", "shop:80", "/a?b=c")


@pytest.mark.parametrize(
    ("fields", "options", "told", "expected"),
    [
        ({}, {}, None, "shop:80"),
        ({}, {"provider": "zipkin"}, None, "shop:80"),
        ({}, {"provider": "opentelemetry"}, None, "ingress"),
        ({"decorator": Decorator("buy")}, {"provider": "opentelemetry"}, None, "buy"),
        ({"decorator": Decorator("buy")}, {}, "theirs", "theirs"),
        ({"decorator": Decorator("buy")}, {"operation": "%REQ(:METHOD)% %ROUTE_NAME%"}, "theirs", "GET r"),
        ({"operation": "route"}, {"operation": "listener"}, None, "route"),
    ],
)
def test_names(fields: dict[str, Any], options: dict[str, Any], told: str | None, expected: str) -> None:
    with decided(**fields) as decision:
        found = operation(SEEN, decision, replace(TracingOptions(), **options), outgoing=False, told=told)
    assert found == expected


def test_what_goes_out_is_called_egress_by_opentelemetry() -> None:
    with decided() as decision:
        options = TracingOptions("opentelemetry")
        assert operation(SEEN, decision, options, outgoing=True) == "egress shop:80"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain 100%%", "plain 100%"),
        ("%REQ(x-tenant)%", "acme"),
        ("%REQ(x-none)%", "-"),
        ("%REQ(x-none?x-tenant)%", "acme"),
        ("%REQ(x-tenant):2%", "ac"),
        ("%REQ(:PATH)% %REQ(:authority)% %REQ(:scheme)%", "/a?b=c shop:80 http"),
        ("%PROTOCOL% %DOWNSTREAM_REMOTE_ADDRESS%", "HTTP/2 10.0.0.9"),
        ("%ROUTE_NAME% %UPSTREAM_CLUSTER% %UPSTREAM_HOST% %RESPONSE_FLAGS%", "r c 10.0.0.1:80 -"),
        ("%BYTES_RECEIVED%", "-"),
        ("%REQ(x-raw)%", "\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_formats(text: str, expected: str) -> None:
    with decided() as decision:
        assert rendered(text, SEEN, decision) == expected


def tag(name: str, kind: str, value: str, default: str = "") -> CustomTag:
    return CustomTag(name, CustomTagKind[kind], value, default)


def test_tags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POD", "p-1")
    monkeypatch.delenv("NOWHERE", raising=False)
    own = (tag("a", "LITERAL", "route"),)
    options = TracingOptions(
        custom_tags=(
            tag("a", "LITERAL", "listener"),
            tag("e", "ENVIRONMENT", "POD"),
            tag("e2", "ENVIRONMENT", "NOWHERE", "default"),
            tag("e3", "ENVIRONMENT", "NOWHERE"),
            tag("h", "REQUEST_HEADER", "x-tenant"),
            tag("h2", "REQUEST_HEADER", "x-none", "none"),
            tag("f", "FORMAT", "<%PROTOCOL%>"),
            tag("m", "HOST_METADATA", "version"),
            tag("m2", "HOST_METADATA", "zone", "nowhere"),
        )
    )
    with decided(custom_tags=own) as decision:
        found = dict(custom_tags(SEEN, decision, options, {"version": "v1"}.get))
    assert found == {
        "a": "route",
        "e": "p-1",
        "e2": "default",
        "h": "acme",
        "h2": "none",
        "f": "<HTTP/2>",
        "m": "v1",
        "m2": "nowhere",
    }


def test_labels_of_endpoints() -> None:
    endpoint = Endpoint("10.0.0.1", 80, metadata=(("version", "v1"), ("n", 7)))
    cluster = Cluster("c", localities=(LocalityEndpoints((endpoint,)),))
    label = labels_of(cluster, "10.0.0.1:80")
    assert [label(name) for name in ("version", "n", "zone")] == ["v1", None, None]
    assert labels_of(cluster, "10.0.0.2:80")("version") is None
    assert labels_of(None, None)("version") is None


def test_urls_are_cut_behind_the_host() -> None:
    assert url_of(SEEN, 256) == "http://shop:80/a?b=c"
    assert url_of(SEEN, 3) == "http://shop:80/a?"
    secure = replace(SEEN, headers=[(b"x-forwarded-proto", b"https")])
    assert url_of(secure, 0) == "https://shop:80"
