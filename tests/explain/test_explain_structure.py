"""``Engine.explain`` and ``Decision.explain`` on Envoy documents: every part of the structure."""

from __future__ import annotations

import json
from typing import Any

import pytest

from meshcore import Engine, load_text
from meshcore.explain import Explain, HeaderChange

ENVOY = """\
static_resources:
  listeners:
  - name: edge
    address: {socket_address: {address: 0.0.0.0, port_value: 80}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": TYPES/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: edge
          normalize_path: true
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {"@type": TYPES/envoy.extensions.filters.http.router.v3.Router}
          route_config:
            name: table
            virtual_hosts:
            - name: shop
              domains: [shop.example, "*.Shop.example", "shop.*"]
              routes:
              - name: jason
                match:
                  prefix: /
                  headers: [{name: x-user, string_match: {exact: jason}}]
                route: {cluster: v2}
              - match:
                  path: /order
                  headers: [{name: ":method", string_match: {exact: POST}}]
                route: {cluster: v1}
              - match:
                  prefix: /api/
                  query_parameters: [{name: v, string_match: {prefix: "2"}}]
                route: {cluster: v1}
              - name: split
                match: {prefix: /split/}
                route:
                  prefix_rewrite: /
                  host_rewrite_literal: inner.example
                  timeout: 3s
                  weighted_clusters:
                    clusters:
                    - {name: v1, weight: 3}
                    - name: v2
                      weight: 1
                      response_headers_to_remove: [x-powered-by]
                request_headers_to_add:
                - header: {key: x-split, value: "yes"}
                request_headers_to_remove: [x-secret]
                response_headers_to_add:
                - header: {key: cache-control, value: no-store}
                  append_action: OVERWRITE_IF_EXISTS_OR_ADD
              - name: old
                match: {path: /old}
                redirect: {path_redirect: /new}
              - name: later
                match: {prefix: /split/}
                route: {cluster: v1}
            - name: secure
              domains: [secure.example]
              require_tls: ALL
              routes:
              - match: {prefix: /}
                route: {cluster: v1}
  clusters:
  - name: v1
    type: STATIC
    load_assignment:
      cluster_name: v1
      endpoints:
      - lb_endpoints:
        - endpoint: {address: {socket_address: {address: 10.0.0.1, port_value: 80}}}
        - endpoint: {address: {socket_address: {address: 10.0.0.2, port_value: 80}}}
        - endpoint: {address: {socket_address: {address: 10.0.0.3, port_value: 80}}}
          health_status: UNHEALTHY
  - name: v2
    type: STATIC
    load_assignment:
      cluster_name: v2
      endpoints:
      - lb_endpoints:
        - endpoint: {address: {socket_address: {address: 10.0.0.9, port_value: 80}}}
""".replace("TYPES", "type.googleapis.com")


@pytest.fixture
def engine() -> Engine:
    return Engine(load_text(ENVOY, name="envoy.yaml"))


def get(
    engine: Engine, path: str, headers: dict[str, str] | None = None, host: str = "shop.example"
) -> Explain:
    return engine.explain("GET", host, path, headers or {}, seed=7)


def test_each_route_above_the_winner_says_what_failed(engine: Engine) -> None:
    it = get(engine, "/split/a?b", {"x-user": "eve"})
    assert it.route is not None
    assert (it.route.number, it.route.name, it.outcome) == (4, "split", "forward")
    assert [str(route.failed) for route in it.routes[:3]] == [
        'header x-user: wanted exact "jason", got "eve"',
        'path: wanted exact "/order", got "/split/a"',
        'path: wanted prefix "/api/", got "/split/a"',
    ]
    assert [route.failures for route in it.routes[:3]] == [1, 2, 2]
    assert [route.tried for route in it.routes] == [True, True, True, True, False, False]


def test_where_the_routes_were_written(engine: Engine) -> None:
    it = get(engine, "/split/a")
    assert it.route is not None
    assert it.route.origin is not None
    assert (it.route.origin.file, it.route.origin.line) == ("envoy.yaml", 34)
    assert it.route.origin.path.endswith("virtual_hosts[0].routes[3]")


def test_routes_behind_the_winner_that_would_match(engine: Engine) -> None:
    assert [route.name for route in get(engine, "/split/a").shadowed] == ["later"]
    assert get(engine, "/split/a", {"x-user": "jason"}).shadowed[0].name == "split"


@pytest.mark.parametrize(
    ("host", "domain", "how"),
    [
        ("SHOP.example", "shop.example", "exact"),
        ("eu.shop.example", "*.Shop.example", "suffix"),
        ("shop.org", "shop.*", "prefix"),
    ],
)
def test_which_domain_matched(engine: Engine, host: str, domain: str, how: str) -> None:
    found = get(engine, "/", host=host).virtual_host
    assert found is not None
    assert (found.name, found.domain, found.how) == ("shop", domain, how)


def test_the_split_and_its_draw(engine: Engine) -> None:
    it = get(engine, "/split/a")
    assert it.split is not None
    assert (it.split.by, it.split.place, it.split.total) == ("random", 7 % 4, 4)
    assert [(share.cluster, share.start, share.end, share.chosen) for share in it.split.shares] == [
        ("v1", 0, 3, False),
        ("v2", 3, 4, True),
    ]
    assert it.cluster == "v2"
    assert it.split.shares[1].origin is None or it.split.shares[1].origin.line > 34


def test_the_endpoint_and_out_of_how_many(engine: Engine) -> None:
    it = engine.explain("GET", "shop.example", "/split/a", seed=4)
    assert it.cluster == "v1"
    assert it.endpoint is not None
    assert (it.endpoint.policy, it.endpoint.candidates, it.endpoint.total) == ("round robin", 2, 3)
    assert (it.endpoint.priority, it.endpoint.unwell) == (0, (("10.0.0.3:80", "unhealthy"),))
    assert "by round robin among 2 of 3 (10.0.0.3:80 is unhealthy), envoy.yaml:" in str(it)
    assert it.endpoint.address in ("10.0.0.1:80", "10.0.0.2:80")
    assert it.endpoint.origin is not None


def test_rewrites_and_header_edits_before_and_after(engine: Engine) -> None:
    it = get(engine, "/split/../split/a?b", {"X-Secret": "1", "x-split": "no"})
    assert it.seen is not None
    assert (it.seen.path, it.seen.query, it.path) == ("/split/a", "b", "/a?b")
    assert (it.seen.authority, it.authority) == ("shop.example", "inner.example")
    assert it.timeout == 3.0
    assert HeaderChange("x-secret", "1", None) in it.request_changes
    assert HeaderChange("x-split", None, "yes") in it.request_changes
    assert HeaderChange("cache-control", "(the upstream's)", "no-store") in it.response_changes
    assert HeaderChange("x-powered-by", "(the upstream's)", None) in it.response_changes


def test_a_redirect(engine: Engine) -> None:
    it = get(engine, "/old")
    assert (it.outcome, it.status, it.location) == ("redirect", 301, "http://shop.example/new")
    assert HeaderChange("location", None, "http://shop.example/new") in it.response_changes
    assert (it.cluster, it.endpoint, it.split) == (None, None, None)


def test_a_request_that_must_use_tls_asks_no_route(engine: Engine) -> None:
    it = get(engine, "/", host="secure.example")
    assert (it.outcome, it.status, it.routes) == ("redirect", 301, ())
    assert it.virtual_host is not None
    assert it.virtual_host.name == "secure"


def test_one_condition_is_missing(engine: Engine) -> None:
    it = get(engine, "/order")
    assert it.status == 404
    assert it.nearest[0] == (
        'route 1 (jason, envoy.yaml:21) would match, but header x-user is nothing, wanted exact "jason"'
    )
    assert it.nearest[1] == 'route 2 (envoy.yaml:26) would match, but method is "GET", wanted exact "POST"'


def test_a_path_that_is_nearly_right(engine: Engine) -> None:
    near = get(engine, "/spilt/a").nearest
    assert any('path is "/spilt/a", wanted prefix "/split/"' in line for line in near)
    assert not any("/old" in line for line in near), "what is hardly alike is not told"


@pytest.mark.parametrize(
    ("match", "path", "header", "differs_by_case"),
    [
        ({"path": "/cart"}, "/CART", "", True),
        ({"path": "/cart"}, "/cart/", "", False),
        ({"path": "/cart"}, "/CART/7", "", False),
        ({"prefix": "/api/"}, "/API/x", "", True),
        ({"prefix": "/api/"}, "/api", "", False),
        ({"path_separated_prefix": "/api"}, "/API/x", "", True),
        ({"path_separated_prefix": "/api"}, "/API", "", True),
        ({"path_separated_prefix": "/api"}, "/apix", "", False),
        ({"path_separated_prefix": "/api"}, "/APIx", "", False),
        ({"safe_regex": {"regex": "/cart/[a-z]+|/x"}}, "/CART/a", "", True),
        ({"safe_regex": {"regex": "/cart"}}, "/cart/", "", False),
        ({"path_template": "/cart/{id}"}, "/CART/a", "", False),
        ({"exact": "Yes"}, "/", "yes", True),
        ({"exact": "Yes"}, "/", "yess", False),
        ({"prefix": "Yes"}, "/", "yess", True),
        ({"prefix": "Yes"}, "/", "ye", False),
        ({"suffix": "YES"}, "/", "ayes", True),
        ({"contains": "YES"}, "/", "ayesx", True),
        ({"safe_regex": {"regex": "Y|N"}}, "/", "y", True),
        ({"exact": "yes", "ignore_case": True}, "/", "no", False),
    ],
)
def test_what_differs_by_case_alone(
    match: dict[str, Any], path: str, header: str, differs_by_case: bool
) -> None:
    on_header = {"prefix": "/", "headers": [{"name": "x", "string_match": match}]}
    if "path_template" in match:
        policy = "type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig"
        typed = {"@type": policy, **match}
        match = {"path_match_policy": {"name": "t", "typed_config": typed}}
    route = {"match": on_header if header else match, "direct_response": {"status": 200}}
    hosts = [{"name": "a", "domains": ["*"], "routes": [route]}]
    it = Engine(load_text(json.dumps({"virtual_hosts": hosts}))).explain(
        "GET", "a", path, {"x": header} if header else {}
    )
    [line] = it.nearest
    assert "would match, but" in line
    assert line.endswith(", which differs by case alone") == differs_by_case


def test_what_must_not_be_there_does_not_differ_by_case() -> None:
    match = {"name": "x", "string_match": {"exact": "yes"}, "invert_match": True}
    route = {"match": {"prefix": "/", "headers": [match]}, "direct_response": {"status": 200}}
    hosts = [{"name": "a", "domains": ["*"], "routes": [route]}]
    it = Engine(load_text(json.dumps({"virtual_hosts": hosts}))).explain("GET", "a", "/", {"x": "yes"})
    assert "case" not in it.nearest[0]


def test_connect_names_its_target_once(engine: Engine) -> None:
    it = engine.explain("CONNECT", "shop.example:80", "shop.example:80")
    assert str(it).startswith("CONNECT shop.example:80\n-> reject 404, route_not_found (NR)\n")


def test_nobody_serves_the_host(engine: Engine) -> None:
    it = get(engine, "/", host="secure.exmaple")
    assert (it.status, it.flags, it.virtual_host, it.routes) == (404, "NR", None, ())
    assert it.nearest[0] == '"secure.example" is a domain of virtual host secure'
    assert get(engine, "/", host="secure.example:80").nearest[0] == (
        '"secure.example", without the port, is a domain of virtual host secure'
    )


def test_no_listener_for_the_port(engine: Engine) -> None:
    it = engine.explain("GET", "shop.example", "/", port=99)
    assert (it.listener, it.status, it.seen) == (None, 404, None)
    assert it.nearest == ("there are listeners for the ports 80",)


def test_a_request_that_is_refused_before_routing(engine: Engine) -> None:
    it = get(engine, "/a#b")
    assert (it.outcome, it.status, it.seen, it.nearest) == ("reject", 400, None, ())
    assert it.details == "path_normalization_failed"


def test_repeated_lines_are_compared_one_by_one(engine: Engine) -> None:
    it = engine.explain("GET", "shop.example", "/old", [(b"x-user", b"eve"), (b"X-User", b"mallory")])
    assert str(it.routes[0].failed) == 'header x-user: wanted exact "jason", got "eve" and "mallory"'


def test_any_bytes_can_be_explained(engine: Engine) -> None:
    it = engine.explain(b"GET", b"shop.example", b"/a", [(b"x-user", b"\xc2\x9b31m\xff")])
    assert it.routes[0].failed is not None
    assert it.routes[0].failed.got == ("\x9b31m\udcff",)
    assert 'got "\\x9b31m\\udcff"' in str(it)
    json.dumps(it.to_dict())
    assert engine.explain("GET", "shop.example", "/\udcff").target == "/\udcff"


def test_explaining_only_looks(engine: Engine) -> None:
    seen = []
    for _ in range(4):
        first = get(engine, "/api/?v=2").endpoint
        again = get(engine, "/api/?v=2").endpoint
        assert first == again, "no turn moves on"
        assert first is not None
        with engine.decide("GET", "shop.example", "/api/?v=2") as decision:
            assert decision.endpoint == first.address, "what was seen is what comes next"
        seen.append(first.address)
    assert seen[0] != seen[1]
    assert seen[:2] == seen[2:], "round robin, as if nobody had looked"
    active = [one["active_requests"] for cluster in engine.clusters() for one in cluster["endpoints"]]
    assert sum(active) == 0


def test_a_decision_explains_itself_whatever_was_swapped(engine: Engine) -> None:
    with engine.decide("GET", "shop.example", "/split/a", {"x-user": "eve"}) as decision:
        engine.swap(load_text(ENVOY.replace("/split/", "/other/"), name="envoy.yaml"))
        it = decision.explain()
        assert it.route is not None
        assert it.route.name == decision.route == "split"
        assert it.endpoint is not None
        assert it.endpoint.address == decision.endpoint
        assert it.cluster == decision.cluster
    repeated = engine.explain("GET", "shop.example", "/other/a", seed=it.seed)
    assert repeated.split == it.split


def test_the_structure_is_plain_data(engine: Engine) -> None:
    found = json.loads(json.dumps(get(engine, "/split/a").to_dict()))
    assert found["route"]["origin"]["line"] == 34
    assert found["routes"][0]["failed"] == {
        "kind": "header",
        "name": "x-user",
        "wanted": 'exact "jason"',
        "got": [],
        "but_case": False,
    }
    with pytest.raises(AttributeError):
        get(engine, "/").status = 1  # type: ignore[misc]
