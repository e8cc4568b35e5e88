"""What spans tell, by Envoy's documents: custom tags, decorators, names of operations."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from envoy_support import loaded, loaded_route, route, route_problems

from meshcore.config import load_text
from meshcore.model import CustomTag, CustomTagKind, Decorator, TracingOptions

TYPE = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"


def metadata(kind: str, key: str, *path: str, **more: str) -> dict[str, Any]:
    steps = [{"key": it} for it in path]
    return {"metadata": {"kind": {kind: {}}, "metadata_key": {"key": key, "path": steps}, **more}}


def tag(**source: Any) -> CustomTag:
    (found,) = loaded_route(tracing={"custom_tags": [{"tag": "t", **source}]}).custom_tags
    return found


def tracing_of(tracing: Mapping[str, Any]) -> TracingOptions:
    table = {"virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [route(redirect={})]}]}
    manager = {"@type": TYPE, "stat_prefix": "s", "route_config": table, "tracing": tracing}
    listener = {
        "address": {"socket_address": {"address": "0.0.0.0", "port_value": 80}},
        "filter_chains": [{"filters": [{"name": "m", "typed_config": manager}]}],
    }
    config = load_text(json.dumps({"static_resources": {"listeners": [listener]}}))
    options = config.listeners[0].options.tracing
    assert options is not None
    return options


def test_sources_of_tags() -> None:
    assert tag(literal={"value": "v"}) == CustomTag("t", CustomTagKind.LITERAL, "v")
    environment = {"name": "POD", "default_value": "none"}
    assert tag(environment=environment) == CustomTag("t", CustomTagKind.ENVIRONMENT, "POD", "none")
    header = {"name": "X-Tenant", "default_value": "d"}
    assert tag(request_header=header) == CustomTag("t", CustomTagKind.REQUEST_HEADER, "x-tenant", "d")
    labels = metadata("host", "envoy.lb", "version", default_value="d")
    assert tag(**labels) == CustomTag("t", CustomTagKind.HOST_METADATA, "version", "d")
    assert tag(value="%REQ(x-a)%") == CustomTag("t", CustomTagKind.FORMAT, "%REQ(x-a)%")


def test_a_routes_own_metadata() -> None:
    wanted = {"custom_tags": [{"tag": "t", **metadata("route", "owner", "team", "name", default_value="d")}]}
    for found, value in (({"team": {"name": "x"}}, "x"), ({"team": {"name": 7}}, "d"), ({"team": "x"}, "d")):
        given = {"filter_metadata": {"owner": found}}
        assert loaded_route(tracing=wanted, metadata=given).custom_tags == (
            CustomTag("t", CustomTagKind.LITERAL, value),
        )


@pytest.mark.parametrize(
    "source", [metadata("request", "a", "b"), metadata("cluster", "a", "b"), metadata("host", "other", "b")]
)
def test_metadata_that_is_not_known_is_told(source: dict[str, Any]) -> None:
    (warning,) = loaded(route(tracing={"custom_tags": [{"tag": "t", **source}]})).warnings
    assert "the default value counts" in str(warning)
    assert tag(**source) == CustomTag("t", CustomTagKind.LITERAL, "")


def test_of_one_name_the_first_counts() -> None:
    twice = [{"tag": "t", "literal": {"value": value}} for value in "ab"]
    assert loaded_route(tracing={"custom_tags": twice}).custom_tags == (
        CustomTag("t", CustomTagKind.LITERAL, "a"),
    )


def test_decorators_and_operations() -> None:
    found = loaded_route(decorator={"operation": "buy"}, tracing={"operation": "%REQ(:PATH)%"})
    assert (found.decorator, found.operation) == (Decorator("buy"), "%REQ(:PATH)%")
    quiet = loaded_route(decorator={"operation": "buy", "propagate": False})
    assert quiet.decorator == Decorator("buy", propagate=False)
    assert loaded_route().decorator is None


def test_the_listeners_settings() -> None:
    assert tracing_of({}).max_path_tag_length == 256
    options = tracing_of(
        {
            "max_path_tag_length": 0,
            "custom_tags": [{"tag": "t", "literal": {"value": "v"}}],
            "operation": "%PROTOCOL%",
            "upstream_operation": "up",
        }
    )
    assert options.max_path_tag_length == 0
    assert options.custom_tags == (CustomTag("t", CustomTagKind.LITERAL, "v"),)
    assert (options.operation, options.upstream_operation) == ("%PROTOCOL%", "up")


@pytest.mark.parametrize(
    ("fields", "path", "message"),
    [
        ({"decorator": {}}, "decorator.operation", "missing"),
        ({"decorator": {"operation": ""}}, "decorator.operation", ""),
        ({"tracing": {"custom_tags": [{"tag": "t"}]}}, "custom_tags[0]", "literal"),
        ({"tracing": {"custom_tags": [{"literal": {"value": "v"}}]}}, "custom_tags[0].tag", "missing"),
        (
            {"tracing": {"custom_tags": [{"tag": "t", "value": "%X%"}]}},
            "custom_tags[0].value",
            "not a format",
        ),
        ({"tracing": {"operation": "%REQ%"}}, "tracing.operation", "not a format"),
        ({"tracing": {"custom_tags": [{"tag": "t", "metadata": {}}]}}, "custom_tags[0].metadata", "missing"),
    ],
)
def test_mistakes(fields: dict[str, Any], path: str, message: str) -> None:
    (problem,) = route_problems(**fields)
    assert path in problem
    assert message in problem
