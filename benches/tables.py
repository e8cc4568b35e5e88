"""Route tables and requests that the benches share: one service for each route, as a gateway has them."""

from __future__ import annotations

from meshcore.model import (
    Cluster,
    Config,
    Endpoint,
    ForwardAction,
    Fraction,
    HashPolicy,
    HashPolicyKind,
    HttpOptions,
    Listener,
    LocalityEndpoints,
    LocalRateLimit,
    PathKind,
    PathMatch,
    Policy,
    RateLimit,
    RateLimitAction,
    RateLimitActionKind,
    RateLimitDescriptor,
    Route,
    RouteConfiguration,
    RouteMatch,
    TokenBucket,
    TracingOptions,
    VirtualHost,
    WeightedCluster,
    WeightedClusters,
)

SIZES = (10, 100, 1_000, 10_000)
AUTHORITY = "shop.example"

#: What a browser behind a proxy sends, as ASGI has it.
HEADERS: list[tuple[bytes, bytes]] = [
    (b"host", b"shop.example"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
    (b"accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    (b"accept-language", b"en-GB,en;q=0.5"),
    (b"accept-encoding", b"gzip, deflate, br, zstd"),
    (b"referer", b"https://shop.example/catalogue"),
    (b"cookie", b"session=0123456789abcdef0123456789abcdef; theme=dark"),
    (b"x-forwarded-for", b"203.0.113.7"),
    (b"x-forwarded-proto", b"https"),
    (b"x-request-id", b"5a1d5c2e-0f43-4d05-9d4b-1b9c7a4fbb1e"),
    (b"cache-control", b"no-cache"),
    (b"connection", b"keep-alive"),
]

#: The same request within a trace, from a peer that gives requests no ids.
TRACED_HEADERS: list[tuple[bytes, bytes]] = [
    *(line for line in HEADERS if line[0] != b"x-request-id"),
    (b"b3", b"4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1"),
]

#: What tells clients apart, for the ring and for the buckets.
CLIENT = "x-forwarded-for"


def prefix(index: int) -> str:
    """What route ``index`` matches."""
    return f"/service-{index}/items/"


def path(index: int) -> str:
    """A request that route ``index`` gets."""
    return f"{prefix(index)}{4711 + index}"


def mixed_paths(size: int, count: int = 256) -> list[str]:
    """Requests for routes all over the table, in an order that no cache can guess."""
    return [path(i * 7919 % size) for i in range(count)]


def route_configuration(size: int, hash_policies: tuple[HashPolicy, ...] = ()) -> RouteConfiguration:
    """``size`` routes by prefix in one virtual host; each splits 90 to 10 between two clusters."""
    split = WeightedClusters((WeightedCluster("v1", 90), WeightedCluster("v2", 10)))
    routes = tuple(
        Route(
            match=RouteMatch(PathMatch(PathKind.PREFIX, prefix(i))),
            action=ForwardAction(weighted_clusters=split, hash_policies=hash_policies),
            name=f"service-{i}",
        )
        for i in range(size)
    )
    return RouteConfiguration(name="bench", virtual_hosts=(VirtualHost("shop", (AUTHORITY,), routes),))


def cluster(name: str, hosts: int, policy: Policy = Policy.ROUND_ROBIN) -> Cluster:
    endpoints = tuple(Endpoint(f"10.0.{len(name)}.{i + 1}", 8080) for i in range(hosts))
    return Cluster(name, localities=(LocalityEndpoints(endpoints),), policy=policy)


def keyed_limit() -> LocalRateLimit:
    """A bucket for each client, which never runs dry."""
    action = RateLimitAction(RateLimitActionKind.REQUEST_HEADERS, key="client", name=CLIENT)
    bucket = TokenBucket(1_000_000_000, 1.0, 1_000_000_000)
    every = Fraction(100, 100)
    return LocalRateLimit(
        "bench",
        bucket,
        descriptors=(RateLimitDescriptor((("client", ""),), bucket),),
        rate_limits=(RateLimit((action,)),),
        enabled=every,
        enforced=every,
    )


def config(
    size: int, *, ids: bool = False, tracer: str = "", ring: bool = False, limited: bool = False
) -> Config:
    """One listener with ``route_configuration(size)`` before two clusters of ten hosts.

    It makes no request ids, as no peer does, unless ``ids`` are asked for, or a ``tracer``. ``ring``: hosts
    are picked from a ring by ``CLIENT``. ``limited``: there is a bucket for each ``CLIENT``.
    """
    tracing = TracingOptions(provider=tracer) if tracer else None
    options = HttpOptions(generate_request_id=ids or bool(tracer), tracing=tracing)
    keys = (HashPolicy(HashPolicyKind.HEADER, CLIENT),) if ring else ()
    policy = Policy.RING_HASH if ring else Policy.ROUND_ROBIN
    filters = (("limit", keyed_limit()),) if limited else ()
    return Config(
        listeners=(Listener("bench", None, route_configuration(size, keys), options, filters=filters),),
        clusters=(cluster("v1", 10, policy), cluster("v2", 10, policy)),
    )
