"""The resolver of docs/dns.md serves what it says."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from docs_support import DOCS, python

from meshcore import Engine
from meshcore.discovery import LookupFailed, Question
from meshcore.model import (
    Cluster,
    Config,
    Discovery,
    Endpoint,
    ForwardAction,
    Listener,
    LocalityEndpoints,
    PathKind,
    PathMatch,
    Route,
    RouteConfiguration,
    RouteMatch,
    VirtualHost,
)

PAGE = DOCS / "dns.md"
DOCUMENT = PAGE.read_text()
BLOCKS = python(PAGE)
(CONSUL,) = (block for block in BLOCKS if "class Consul" in block)


def engine() -> Engine:
    cluster = Cluster(
        "reviews",
        localities=(LocalityEndpoints((Endpoint("reviews.consul", 9080),)),),
        discovery=Discovery.STRICT_DNS,
    )
    route = Route(RouteMatch(PathMatch(PathKind.PREFIX, "/")), ForwardAction(cluster="reviews"))
    table = RouteConfiguration("t", (VirtualHost("v", ("*",), (route,)),))
    return Engine(Config((Listener("l", None, table),), (cluster,)))


def test_a_resolver_of_ones_own() -> None:
    asked: list[str] = []
    served = threading.Event()

    def catalog(name: str) -> list[str]:
        asked.append(name)
        if name == "gone":
            raise OSError("connection refused")
        return ["10.0.0.7"]

    made: dict[str, Any] = {"engine": engine(), "catalog": catalog}
    exec(CONSUL, made)
    with pytest.raises(LookupFailed, match="the catalog does not answer: connection refused"):
        made["Consul"](catalog).lookup(Question("gone"))
    made["engine"].watch(served.set)
    with made["ThreadDiscovery"](made["engine"], resolver=made["Consul"](catalog)):
        assert served.wait(30)
        assert made["engine"].decide("GET", "reviews", "/").endpoint == "10.0.0.7:9080"
    assert "reviews.consul" in asked
