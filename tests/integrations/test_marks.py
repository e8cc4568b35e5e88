"""Who names itself, so that nobody does again what it has done: copies, middlewares, the proxy."""

from __future__ import annotations

from collections.abc import Collection

import pytest

pytest.importorskip("uvicorn", reason="it serves the apps of ASGI")
pytest.importorskip("httptools", reason="the proxy and mirrors need it, of the extra 'proxy'")
pytest.importorskip("httpx", reason="WSGI forwards by it")

from live_members import Member, ask, members, proxied, until
from mesh_support import config_of, mesh_of, rules, service
from test_inbound import ENTRY, SUBSETS

from meshcore.config import Node, load_text
from meshcore.mesh import Mesh
from meshcore.mesh.callers import INTERNAL
from meshcore.proxy import Proxy

both = pytest.mark.parametrize("kind", ["asgi", "wsgi"])
believed = pytest.mark.parametrize("callers", [INTERNAL, ()], ids=["believed", "strangers"])


# ------------------------------------------------------------------ copies

#: Istio's own example of mirroring.
TO_V2 = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - route: [{destination: {host: reviews, subset: v1}}]
    mirror: {host: reviews, subset: v2}
    mirrorPercentage: {value: 100}
"""
#: The rules may take the name away: apps do not see it then, and for copies it is set all the same.
UNNAMED = TO_V2 + "    headers: {request: {remove: [x-meshcore-caller]}}\n"


def versions(ports: list[int]) -> tuple[str, str]:
    v1, v2 = ports
    return ENTRY.replace("{http: 1}", f"{{http: {v1}}}").replace("{http: 2}", f"{{http: {v2}}}"), SUBSETS


@both
@believed
def test_a_mirror_of_the_same_host_gets_each_request_once(kind: str, callers: Collection[str]) -> None:
    def mesh(number: int, ports: list[int]) -> Mesh:
        return mesh_of(*versions(ports), UNNAMED, callers=callers)

    name = "reviews" if callers else ""
    with members(kind, 2, mesh) as (v1, v2):
        assert ask(v1.port, "reviews:9080", "/a") == 200
        assert ask(v1.port, "reviews:9080", "/b", b"given") == 200
        until(lambda: len(v2.seen) == 2)
        assert v1.seen == [("/a", b"", ""), ("/b", b"given", "")]
        assert sorted(v2.seen) == [("/a", b"", name), ("/b", b"given", name)]
        assert ask(v2.port, "reviews:9080", "/c") == 200  # it is its own mirror
        until(lambda: len(v2.seen) == 4)
        assert sorted(v2.seen)[2:] == [("/c", b"", ""), ("/c", b"", name)]
        assert (len(v1.seen), v1.copies, v2.copies) == (2, 2, 1)


@both
@believed
def test_what_a_proxy_copies_no_middleware_copies_again(kind: str, callers: Collection[str]) -> None:
    def mesh(number: int, ports: list[int]) -> Mesh:
        return mesh_of(*versions(ports), TO_V2, callers=callers)

    with members(kind, 2, mesh) as (v1, v2):
        config = config_of(*versions([v1.port, v2.port]), TO_V2)
        with proxied(Proxy(config, listen=[("127.0.0.1", 0)])) as port:
            assert ask(port, "reviews:9080", "/a") == 200
            assert ask(port, "reviews:9080", "/b", b"given", x_meshcore_caller="forged") == 200
            until(lambda: len(v2.seen) == 2)
        expected = [("/a", b"", "proxy"), ("/b", b"given", "proxy")]
        assert (v1.seen, sorted(v2.seen)) == (expected, expected)
        assert (v1.copies, v2.copies) == (0, 0)


@both
@believed
def test_two_services_that_mirror_each_other(kind: str, callers: Collection[str]) -> None:
    names = ("reviews", "ratings")

    def mesh(number: int, ports: list[int]) -> Mesh:
        services = [service(name, port) for name, port in zip(names, ports, strict=True)]
        mirrored = [
            rules(name, f"mirror: {{host: {other}, port: {{number: 9080}}}}, HERE")
            for name, other in (names, names[::-1])
        ]
        return mesh_of(*services, *mirrored, service=names[number], callers=callers)

    def copies() -> int:
        return reviews.copies + ratings.copies

    with members(kind, 2, mesh) as (reviews, ratings):
        assert ask(reviews.port, "reviews:9080", "/a") == 200
        # Who does not believe it sends the copy where its host says, and no copies of it.
        gets: Member = ratings if callers else reviews
        until(lambda: len(gets.seen) == (1 if callers else 2))
        assert (len(reviews.seen) + len(ratings.seen), copies()) == (2, 1)
        # It forwards this one, and the copy comes back to it.
        assert ask(reviews.port, "ratings:9080", "/b") == 200
        until(lambda: len(reviews.seen) + len(ratings.seen) == 4)
        assert copies() == 2


# ------------------------------------------------------------------ rules


TWICE = rules(
    "reviews", "match: [{uri: {prefix: /}}], rewrite: {uri: /v1/}, timeout: 7s, retries: {attempts: 0}, HERE"
)


@both
def test_what_a_proxy_has_applied_no_middleware_applies_again(kind: str) -> None:
    with members(kind, 1, lambda _, ports: mesh_of(service("reviews", *ports), TWICE)) as (member,):
        config = config_of(service("reviews", member.port), TWICE)
        for name in ("edge", None):
            with proxied(Proxy(config, listen=[("127.0.0.1", 0)], name=name)) as port:
                assert ask(port, "reviews:9080", "/a") == 200
                assert ask(port, "reviews:9080", "/b", x_meshcore_caller="forged") == 200
    assert member.seen == [
        ("/v1/a", b"", "edge"),
        ("/v1/b", b"", "edge"),
        ("/v1/v1/a", b"", ""),
        ("/v1/v1/b", b"", ""),
    ]


GATEWAY = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: public}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example]}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: from-outside}
spec:
  hosts: [shop.example]
  gateways: [public]
  http:
  - match: [{uri: {prefix: /shut}}]
    directResponse: {status: 403}
  - rewrite: {uri: /outside/}
    route: [{destination: {host: reviews, port: {number: 9080}}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: from-inside}
spec:
  hosts: [shop.example, reviews]
  gateways: [mesh]
  http:
  - fault: {abort: {httpStatus: 418, percentage: {value: 100}}}
    route: [{destination: {host: reviews, port: {number: 9080}}}]
"""


@both
def test_behind_a_gateway_its_own_rules_hold_and_no_others(kind: str) -> None:
    """As in Istio: those of the mesh are for sidecars of callers, which a gateway is none of."""
    with members(kind, 1, lambda _, ports: mesh_of(service("reviews", *ports), GATEWAY)) as (member,):
        documents = "\n---\n".join((service("reviews", member.port), GATEWAY))
        config = load_text(documents, node=Node(gateway="default/public"))
        with proxied(Proxy(config, listen=[("127.0.0.1", 0)])) as port:
            assert ask(port, "shop.example", "/a") == 200
            assert ask(port, "shop.example", "/shut") == 403
        for host in ("shop.example", "reviews:9080"):
            assert ask(member.port, host, "/a") == 418
        forged = {"x_meshcore_caller": "forged"}
        with proxied(Proxy(config, listen=[("127.0.0.1", 0)], name=None)) as port:
            assert ask(port, "shop.example", "/a", **forged) == 418
    assert member.seen == [("/outside/a", b"", "proxy")]
