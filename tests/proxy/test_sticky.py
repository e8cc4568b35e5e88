"""Cookies of sticky splits and of hash policies reach the client once, and bring it back."""

from __future__ import annotations

import contextlib
import re

from proxy_support import RawOrigin, config_for, in_loop, route, talking

from meshcore.model import (
    Cluster,
    Endpoint,
    ForwardAction,
    HashPolicy,
    HashPolicyKind,
    LocalityEndpoints,
    Policy,
    Route,
    StickyKey,
    WeightedCluster,
    WeightedClusters,
)

COOKIE = re.compile(r'who="([0-9a-f]{16})"; Max-Age=60; Path=/; HttpOnly')


def answer(name: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(name)}\r\nSet-Cookie: a=b\r\n\r\n{name}".encode()


def hashing(name: str, ports: list[int]) -> Cluster:
    endpoints = tuple(Endpoint("127.0.0.1", port) for port in ports)
    return Cluster(name, policy=Policy.RING_HASH, localities=(LocalityEndpoints(endpoints),))


def sticky() -> tuple[Route, ...]:
    split = WeightedClusters(
        (WeightedCluster("v1", 50), WeightedCluster("v2", 50)),
        sticky=StickyKey(HashPolicyKind.COOKIE, "who", ttl=60, path="/"),
    )
    hashed = HashPolicy(HashPolicyKind.COOKIE, "who", ttl=60, cookie_path="/")
    return (route(ForwardAction(weighted_clusters=split, hash_policies=(hashed,))),)


@in_loop
async def test_a_cookie_is_set_once_and_brings_the_client_back() -> None:
    names = ["v1 one", "v1 two", "v2 one", "v2 two"]
    async with contextlib.AsyncExitStack() as stack:
        origins = [await stack.enter_async_context(RawOrigin(answer(name))) for name in names]
        ports = [origin.port for origin in origins]
        clusters = hashing("v1", ports[:2]), hashing("v2", ports[2:])
        _, client = await stack.enter_async_context(talking(config_for(*clusters, routes=sticky())))
        seen = set()
        for _ in range(30):
            await client.get("/")
            status, headers, first = await client.answer()
            assert status == 200
            own, given = headers["set-cookie"]
            assert own == "a=b"
            found = COOKIE.fullmatch(given)
            assert found, given
            for _ in range(2):
                await client.get("/", f"Cookie: who={found[1]}")
                status, headers, body = await client.answer()
                assert (status, body) == (200, first)
                assert headers["set-cookie"] == ["a=b"]
            seen.add(first[:2])
        assert seen == {b"v1", b"v2"}
