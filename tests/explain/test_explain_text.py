"""Explanations as text: what a terminal shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from meshcore import Engine, Node, load_text
from meshcore.explain import Explain, render
from meshcore.ink import Ink
from meshcore.model import (
    Cluster,
    Config,
    CorsPolicy,
    Discovery,
    Endpoint,
    FaultAbort,
    FaultDelay,
    FaultPolicy,
    FaultRateLimit,
    FaultRuntime,
    ForwardAction,
    Fraction,
    HeaderMatch,
    HttpOptions,
    Listener,
    LocalityEndpoints,
    MirrorPolicy,
    Origin,
    PathKind,
    PathMatch,
    RetryPolicy,
    Route,
    RouteConfiguration,
    RouteMatch,
    StringKind,
    StringMatch,
    VirtualHost,
    WeightedCluster,
    WeightedClusters,
)


def route(number: int, prefix: str, action: ForwardAction | None = None, header: str = "") -> Route:
    headers = (HeaderMatch("x", StringMatch(StringKind.EXACT, header)),) if header else ()
    return Route(
        RouteMatch(PathMatch(PathKind.PREFIX, prefix), headers),
        action or ForwardAction("one"),
        name=f"r{number}",
        origin=Origin(
            "rules.yaml", 10 * number, 3, "VirtualService", "default/shop", f"spec.http[{number - 1}]"
        ),
    )


def explained(
    *routes: Route, path: str = "/a/b", method: str = "GET", headers: dict[str, str] | None = None
) -> Explain:
    table = RouteConfiguration(virtual_hosts=(VirtualHost("shop", ("*",), routes),))
    endpoints = (LocalityEndpoints((Endpoint("10.0.0.1", 80),)),)
    listener = Listener("web", 80, table, HttpOptions(generate_request_id=False))
    config = Config(listeners=(listener,), clusters=(Cluster("one", localities=endpoints),))
    return Engine(config).explain(method, "a.example", path, headers or {"x": "2"}, seed=15)


def test_a_host_that_nobody_knows_is_told() -> None:
    config = load_text("{apiVersion: v1, kind: Namespace, metadata: {name: shop}}")
    lines = str(Engine(config).explain("GET", "nobody", "/")).splitlines()
    assert lines[1:3] == [
        "-> nobody knows the host",
        "   clients of the mesh go past it, the proxy answers 404",
    ]
    assert "cluster       PassthroughCluster (for hosts that nobody knows at this port)" in lines


SHOP = """
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {ports: [{name: http, port: 80}]}
"""


@pytest.mark.parametrize(
    ("mode", "answer"),
    [
        ("ALLOW_ANY", ["nobody knows the host", "clients of the mesh go past it, the proxy answers 404"]),
        ("REGISTRY_ONLY", ["nobody knows the host", "answered by 502: the mesh is REGISTRY_ONLY"]),
    ],
)
def test_an_unknown_host_and_the_name_that_is_near(mode: str, answer: list[str]) -> None:
    config = load_text(SHOP, mesh_config={"outboundTrafficPolicy": {"mode": mode}}, node=Node("shop"))
    it = Engine(config).explain("GET", "reviws", "/")
    near = '"reviews" is a domain of virtual host reviews.shop.svc.cluster.local:80'
    assert str(it).splitlines()[1:6] == [f"-> {answer[0]}", f"   {answer[1]}", "", "nearest", f"  {near}"]
    found = it.to_dict()
    assert (found["unknown_host"], found["answer"], found["nearest"]) == (True, answer, [near])


def test_an_answer_in_words_for_json() -> None:
    found = explained(route(1, "/")).to_dict()
    assert found["unknown_host"] is False
    assert found["answer"] == ["forward to 10.0.0.1:80", "of cluster one"]


def test_the_hosts_that_there_are_where_none_is_near() -> None:
    hosts = tuple(VirtualHost(f"vh{n}", (f"host-{n}.example", f"{n}.example"), ()) for n in range(5))
    config = Config(listeners=(Listener("web", 80, RouteConfiguration(virtual_hosts=hosts)),))
    assert Engine(config).explain("GET", "zzz", "/").nearest == (
        'port 80 knows "host-0.example", "host-1.example", "host-2.example" '
        "and those of 2 more virtual hosts",
    )


def test_the_whole_of_a_simple_one() -> None:
    it = explained(route(1, "/a/", header="1"), route(2, "/c"), route(3, "/a/"), route(4, "/"))
    assert str(it).splitlines() == [
        "GET a.example/a/b",
        "-> forward to 10.0.0.1:80",
        "   of cluster one",
        "",
        "decided by rules.yaml:30",
        "  VirtualService default/shop, http[2]: route 3 (r3)",
        "",
        "listener      web, port 80",
        'virtual host  shop, by its domain "*" (any host) for "a.example"',
        "routes        3 of 4 tried, the first that matches wins",
        "  - 1  r1, rules.yaml:10",
        '      header x: wanted exact "1", got "2"',
        "  - 2  r2, rules.yaml:20",
        '      path: wanted prefix "/c", got "/a/b"',
        "  + 3  r3, rules.yaml:30  matches",
        "  1 behind it would match as well: rules.yaml:40",
        "cluster       one",
        "endpoint      10.0.0.1:80, by round robin among 1 of 1",
        "timeout       15 s",
        "request headers",
        "  + x-forwarded-proto: http",
        "  + x-envoy-expected-rq-timeout-ms: 15000",
    ]


def test_many_above_are_counted_unless_all_are_asked_for() -> None:
    it = explained(
        *(route(number, "/a", header="1") for number in range(1, 15)), route(15, "/a"), route(16, "/z")
    )
    text = str(it)
    assert "  4 more above, 4 of them not for their path (--all shows them)" in text
    assert "r4," not in text
    assert "r5," in text
    whole = render(it, everything=True)
    assert "more above" not in whole
    assert [f"r{number}," in whole for number in range(1, 17)] == [True] * 16
    assert whole.index("behind it, not tried") < whole.index("r16,")


def test_what_came_nearest_stands_first() -> None:
    lines = str(explained(route(1, "/c"), route(2, "/a", header="1"))).splitlines()
    assert lines[:5] == [
        "GET a.example/a/b",
        "-> reject 404, route_not_found (NR)",
        "",
        "nearest",
        '  route 2 (r2, rules.yaml:20) would match, but header x is "2", wanted exact "1"',
    ]
    assert "decided by" not in "\n".join(lines)


def test_a_split_and_the_policies_of_a_route() -> None:
    split = WeightedClusters(
        (WeightedCluster("one", 9), WeightedCluster("two", 1), WeightedCluster("off", 0))
    )
    action = ForwardAction(
        weighted_clusters=split,
        timeout=0,
        retry_policy=RetryPolicy(("5xx",), 3, per_try_timeout=2),
        mirrors=(MirrorPolicy("one", Fraction(5)),),
        cors=CorsPolicy((StringMatch(StringKind.EXACT, "https://a"),)),
    )
    fault = FaultPolicy(FaultDelay(Fraction(0), 0.5), FaultAbort(Fraction(1, 1_000_000), 503))
    shown = route(1, "/", action)
    text = str(explained(Route(shown.match, action, fault=fault)))
    assert "decided by route 1, which no document wrote" in text
    assert "split         place 5 of 10, drawn at random, seed 15" in text
    assert "  +    90%  places 0 to 8  one" in text
    assert "       10%  places 9 to 9  two" in text
    assert "        0%  no place  off" in text
    assert "timeout       none" in text
    assert "retries       3 on 5xx; 2 s each" in text
    assert "fault         delay 0.5 s for 0%, abort with 503 for 0.0001%; this request: none\n" in text
    assert "mirror        not this one: 5% to one" in text
    assert "cors          nothing to do: the request has no origin header" in text


def test_faults_say_what_was_injected() -> None:
    shown = route(1, "/")
    always = Fraction(100)
    fault = FaultPolicy(
        FaultDelay(always, 0.5),
        headers=(HeaderMatch("x"),),
        max_active_faults=3,
        response_rate_limit=FaultRateLimit(always, 4),
    )
    it = explained(replace(shown, fault=fault))
    assert (it.outcome, it.flags, it.delay, it.response_rate) == ("forward", "DI", 0.5, 4096)
    assert (
        "fault         delay 0.5 s for 100%, answer at 4 KiB/s for 100%; only by header x; "
        "at most 3 at a time; this request: delay 0.5 s, answer at 4 KiB/s\n"
    ) in str(it)
    abort = FaultPolicy(
        abort=FaultAbort(Fraction(0), grpc_status=5), runtime=FaultRuntime(abort_fraction=always)
    )
    text = str(explained(replace(shown, fault=abort)))
    assert "-> reject 200, fault_filter_abort (FI)" in text
    assert "fault         abort with gRPC status 5 for 100% (runtime); this request: abort" in text


def test_the_innermost_fault_is_shown_and_that_of_the_filter_without_a_route() -> None:
    policies = [FaultPolicy(abort=FaultAbort(Fraction(100), status)) for status in (500, 501, 502, 503)]
    split = WeightedClusters((WeightedCluster("one", 1, typed_per_filter_config=(("fault", policies[0]),)),))
    action = ForwardAction(weighted_clusters=split)
    shown = route(1, "/a", action)
    for inner in range(4):
        table = RouteConfiguration(
            virtual_hosts=(
                VirtualHost(
                    "shop",
                    ("*",),
                    (shown if inner == 0 else route(1, "/a"),),
                    typed_per_filter_config=(("fault", policies[1]),) if inner < 2 else (),
                ),
            ),
            typed_per_filter_config=(("fault", policies[2]),) if inner < 3 else (),
        )
        listener = Listener("web", 80, table, fault=policies[3])
        engine = Engine(Config((listener,), (Cluster("one"),)))
        it = engine.explain("GET", "a.example", "/a")
        assert (it.status, it.fault) == (500 + inner, policies[inner])
        it = engine.explain("GET", "a.example", "/b")
        assert (it.status, it.details, it.fault) == (503, "fault_filter_abort", policies[3])


def test_mirrors_and_cors_say_what_was_decided() -> None:
    action = ForwardAction(
        "one",
        mirrors=(MirrorPolicy("one"), MirrorPolicy("gone", Fraction(0))),
        cors=CorsPolicy((StringMatch(StringKind.EXACT, "https://a"),)),
    )
    text = str(explained(route(1, "/", action), headers={"origin": "https://a"}))
    assert "mirror        to one, host a.example-shadow" in text
    assert "mirror        not this one: 0% to gone" in text
    assert 'cors          origin "https://a" is allowed; allowed: exact "https://a"' in text
    text = str(explained(route(1, "/", action), headers={"origin": "https://b"}))
    assert 'cors          origin "https://b" is not allowed' in text
    preflight = {"origin": "https://a", "access-control-request-method": "GET"}
    it = explained(route(1, "/", action), headers=preflight, method="OPTIONS")
    assert (it.outcome, it.status, it.details, it.cluster) == ("respond", 200, "cors_response", "one")
    assert 'a preflight, answered here: origin "https://a" is allowed' in str(it)


def test_a_rule_that_was_delegated_names_both_documents() -> None:
    via = Origin("root.yaml", 7, 3, "VirtualService", "default/root", "spec.http[1]")
    shown = route(1, "/")
    assert shown.origin is not None
    delegated = replace(shown, origin=replace(shown.origin, via=via))
    lines = str(explained(delegated)).splitlines()
    at = lines.index("decided by rules.yaml:10")
    assert lines[at + 2] == "  delegated by root.yaml:7, VirtualService default/root, http[1]"
    text = render(explained(delegated), source=lambda origin: [f"the lines of {origin.file}"])
    assert "the lines of rules.yaml\n\nthe lines of root.yaml\n" in text


def test_colours_are_painted_on_demand() -> None:
    it = explained(route(1, "/"))
    assert "\x1b[1mlistener\x1b[0m      web" in render(it, ink=Ink(True))
    assert "\x1b" not in str(it)


def test_texts_of_the_request_cannot_reach_the_terminal() -> None:
    hostile = "/a\x9b31m"
    assert "\x9b" not in str(explained(route(1, "/"), path=hostile))


def test_endpoints_by_dns_say_which_name_they_are_of() -> None:
    def line(endpoint: Endpoint, discovery: Discovery = Discovery.STRICT_DNS) -> str:
        groups = (LocalityEndpoints((endpoint,)),)
        table = RouteConfiguration(virtual_hosts=(VirtualHost("shop", ("*",), (route(1, "/"),)),))
        config = Config((Listener("web", 80, table),), (Cluster("one", discovery, groups),))
        text = str(Engine(config).explain("GET", "a.example", "/"))
        return next(line for line in text.splitlines() if line.startswith("endpoint"))

    named = line(Endpoint("a.test", 80))
    assert named.endswith("a.test:80, by round robin among 1 of 1, a name, which DNS resolves")
    found = line(Endpoint("10.0.0.1", 80, hostname="a.test"))
    assert found.endswith("10.0.0.1:80, by round robin among 1 of 1, of a.test by DNS")
    given = line(Endpoint("10.0.0.1", 80, hostname="a.test"), Discovery.STATIC)
    assert given.endswith("10.0.0.1:80, by round robin among 1 of 1")
