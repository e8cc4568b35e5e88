"""Route tables become the model: every field where it belongs, with its origin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from envoy_support import FAULT, LIMIT, cluster, forward, loaded, loaded_action, loaded_route, route, table

from meshcore.config import ConfigError, load_route_configuration, load_text
from meshcore.config.envoy import load_parts
from meshcore.model import (
    AppendAction,
    CookieMatch,
    CorsPolicy,
    DirectResponse,
    FaultAbort,
    FaultDelay,
    FaultPolicy,
    FilterSwitch,
    ForwardAction,
    Fraction,
    HashPolicy,
    HashPolicyKind,
    HeaderEdits,
    HeaderMatch,
    HeaderValue,
    HostRewrite,
    HostRewriteKind,
    LocalRateLimit,
    MirrorPolicy,
    Origin,
    PathKind,
    PathMatch,
    PathRewrite,
    PathRewriteKind,
    QueryParameterMatch,
    RangeMatch,
    RateLimitActionKind,
    Redirect,
    RegexRewrite,
    RequireTls,
    RetryPolicy,
    StringKind,
    StringMatch,
    TokenBucket,
)

REGEX = {"pattern": {"regex": "a(b)"}, "substitution": "\\1"}


@pytest.mark.parametrize(
    ("match", "path"),
    [
        ({"prefix": "/a"}, PathMatch(PathKind.PREFIX, "/a")),
        ({"path": "/a", "case_sensitive": False}, PathMatch(PathKind.EXACT, "/a", False)),
        ({"path_separated_prefix": "/a"}, PathMatch(PathKind.SEPARATED_PREFIX, "/a")),
        ({"safe_regex": {"regex": "/a+"}}, PathMatch(PathKind.REGEX, "/a+")),
        ({"connect_matcher": {}}, PathMatch(PathKind.CONNECT)),
    ],
)
def test_paths(match: dict[str, Any], path: PathMatch) -> None:
    assert loaded_route(match=match).match.path == path


@pytest.mark.parametrize(
    ("matcher", "expected"),
    [
        ({}, HeaderMatch("x-a", present=True)),
        ({"present_match": False}, HeaderMatch("x-a", present=False)),
        ({"present_match": True, "invert_match": True}, HeaderMatch("x-a", present=True, invert=True)),
        ({"exact_match": "v"}, HeaderMatch("x-a", StringMatch(StringKind.EXACT, "v"))),
        ({"suffix_match": "v"}, HeaderMatch("x-a", StringMatch(StringKind.SUFFIX, "v"))),
        ({"safe_regex_match": {"regex": "v+"}}, HeaderMatch("x-a", StringMatch(StringKind.REGEX, "v+"))),
        ({"range_match": {"start": -5, "end": "10"}}, HeaderMatch("x-a", range=RangeMatch(-5, 10))),
        (
            {"string_match": {"contains": "V", "ignore_case": True}, "treat_missing_header_as_empty": True},
            HeaderMatch(
                "x-a", StringMatch(StringKind.CONTAINS, "V", ignore_case=True), treat_missing_as_empty=True
            ),
        ),
    ],
)
def test_headers(matcher: dict[str, Any], expected: HeaderMatch) -> None:
    match = loaded_route(match={"prefix": "/", "headers": [{"name": "X-A", **matcher}]}).match
    assert match.headers == (expected,)


def test_other_conditions() -> None:
    match = loaded_route(
        match={
            "prefix": "/",
            "query_parameters": [{"name": "q"}, {"name": "r", "present_match": False}],
            "cookies": [{"name": "s", "string_match": {"exact": "1"}, "invert_match": True}],
            "runtime_fraction": {"default_value": {"numerator": 5, "denominator": "MILLION"}},
            "grpc": {},
        }
    ).match
    assert match.query_parameters == (QueryParameterMatch("q"), QueryParameterMatch("r", present=False))
    assert match.cookies == (CookieMatch("s", StringMatch(StringKind.EXACT, "1"), invert=True),)
    assert match.fraction == Fraction(5, 1_000_000)
    assert match.grpc


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, Fraction(0)),
        (30, Fraction(30)),
        (200, Fraction(100)),
        ({"numerator": 1, "denominator": "TEN_THOUSAND"}, Fraction(1, 10_000)),
        ({"numerator": 1}, Fraction(1)),
        ("text", Fraction(50)),
        (True, Fraction(50)),
        (None, Fraction(50)),
    ],
)
def test_runtime_values_win_over_defaults(value: object, expected: Fraction) -> None:
    match = {"prefix": "/", "runtime_fraction": {"default_value": {"numerator": 50}, "runtime_key": "a.b"}}
    for runtime in ({"a.b": value}, {"a": {"b": value}}):
        config = loaded(route(match=match), runtime=runtime)
        assert config.listeners[0].route_configuration.virtual_hosts[0].routes[0].match.fraction == expected


def test_runtime_weights_win_over_those_of_the_document() -> None:
    clusters = [{"name": "a", "weight": 1}, {"name": "b", "weight": 2}, {"name": "c", "weight": 3}]
    split = {"weighted_clusters": {"clusters": clusters, "runtime_key_prefix": "w"}}
    runtime = {"w.a": 70, "w": {"b": 0}, "w.c": "text", "a": 9}
    known = [cluster(name=name) for name in "abc"]
    config = loaded(route(route=split), runtime=runtime, clusters=known)
    action = config.listeners[0].route_configuration.virtual_hosts[0].routes[0].action
    assert isinstance(action, ForwardAction)
    assert action.weighted_clusters is not None
    assert [it.weight for it in action.weighted_clusters.clusters] == [70, 0, 3]
    with pytest.raises(ConfigError, match="the sum of the weights, by the runtime, found 0"):
        loaded(route(route=split), runtime={"w": {"a": 0, "b": 0, "c": 0}}, clusters=known)


@pytest.mark.parametrize(
    ("fields", "path", "host"),
    [
        ({"prefix_rewrite": "/b"}, PathRewrite(PathRewriteKind.PREFIX, "/b"), None),
        (
            {"regex_rewrite": REGEX},
            PathRewrite(PathRewriteKind.REGEX, regex=RegexRewrite("a(b)", "\\1")),
            None,
        ),
        ({"host_rewrite_literal": "h"}, None, HostRewrite(HostRewriteKind.LITERAL, "h")),
        ({"host_rewrite_header": "X-H"}, None, HostRewrite(HostRewriteKind.HEADER, "x-h")),
        (
            {"host_rewrite_path_regex": REGEX},
            None,
            HostRewrite(HostRewriteKind.PATH_REGEX, regex=RegexRewrite("a(b)", "\\1")),
        ),
        (
            {"auto_host_rewrite": True, "append_x_forwarded_host": True},
            None,
            HostRewrite(HostRewriteKind.AUTO, append_x_forwarded_host=True),
        ),
        ({"host_rewrite": "%REQ(a)%"}, None, HostRewrite(HostRewriteKind.FORMAT, "%REQ(a)%")),
        ({"path_rewrite": "/%REQ(a)%"}, PathRewrite(PathRewriteKind.FORMAT, "/%REQ(a)%"), None),
        ({"path_rewrite": "", "host_rewrite": ""}, None, None),
        ({"auto_host_rewrite": False}, None, None),
        ({"host_rewrite_literal": ""}, None, None),
    ],
)
def test_rewrites(fields: dict[str, Any], path: PathRewrite | None, host: HostRewrite | None) -> None:
    action = loaded_action(**fields)
    assert action.path_rewrite == path
    assert action.host_rewrite == host


def test_timeouts_and_priorities() -> None:
    assert loaded_action().timeout is None
    assert loaded_action(timeout="0s").timeout == 0
    action = loaded_action(
        timeout="1.5s",
        idle_timeout="2s",
        max_stream_duration={"max_stream_duration": "3s", "grpc_timeout_header_max": "4s"},
        priority="HIGH",
        cluster_not_found_response_code="NOT_FOUND",
    )
    assert (action.timeout, action.idle_timeout) == (1.5, 2.0)
    assert (action.max_stream_duration, action.grpc_timeout_header_max) == (3.0, 4.0)
    assert action.priority_high
    assert action.cluster_not_found_status == 404
    assert action.stream_limits
    older = loaded_action(max_grpc_timeout="5s", grpc_timeout_offset="1s")
    assert (older.max_grpc_timeout, older.grpc_timeout_offset) == (5.0, 1.0)
    assert (older.stream_limits, older.grpc_timeout_header_max) == (False, None)


def test_policies_of_actions() -> None:
    action = loaded_action(
        retry_policy={
            "retry_on": "5xx, reset",
            "retry_back_off": {"base_interval": "0.0001s", "max_interval": "1s"},
            "retry_host_predicate": [{"name": "envoy.retry_host_predicates.previous_hosts"}],
            "host_selection_retry_max_attempts": "5",
            "retriable_status_codes": [503],
            "rate_limited_retry_back_off": {"reset_headers": [{"name": "Retry-After"}]},
        },
        hedge_policy={"hedge_on_per_try_timeout": True},
        request_mirror_policies=[
            {"cluster": "c", "runtime_fraction": {"default_value": {"numerator": 3}}},
            {"cluster_header": "X-M", "disable_shadow_host_suffix_append": True},
            {
                "cluster": "c",
                "host_rewrite_literal": "m.example",
                "request_headers_mutations": [
                    {"append": {"header": {"key": "X-A", "value": "1"}}},
                    {"remove": "X-B"},
                ],
            },
        ],
        hash_policy=[
            {"header": {"header_name": "X-H", "regex_rewrite": REGEX}, "terminal": True},
            {"cookie": {"name": "s", "ttl": "0s", "path": "/", "attributes": [{"name": "Secure"}]}},
            {"connection_properties": {"source_ip": True}},
            {"connection_properties": {}},
            {"query_parameter": {"name": "q"}},
        ],
    )
    assert action.retry_policy == RetryPolicy(
        retry_on=("5xx", "reset"),
        num_retries=1,
        back_off_base=0.001,
        back_off_max=1.0,
        retriable_status_codes=(503,),
        avoid_previous_hosts=True,
        host_selection_max_attempts=5,
        rate_limited_reset_headers=(("retry-after", "SECONDS"),),
    )
    assert action.hedge_policy.hedge_on_per_try_timeout
    assert action.mirrors == (
        MirrorPolicy("c", Fraction(3)),
        MirrorPolicy("", cluster_header="x-m", append_shadow_suffix=False),
        MirrorPolicy(
            "c",
            host_rewrite="m.example",
            edits=(HeaderEdits((HeaderValue("x-a", "1"),)), HeaderEdits(request_remove=("x-b",))),
        ),
    )
    assert action.hash_policies == (
        HashPolicy(HashPolicyKind.HEADER, "x-h", RegexRewrite("a(b)", "\\1"), terminal=True),
        HashPolicy(HashPolicyKind.COOKIE, "s", ttl=0.0, cookie_path="/", attributes=(("Secure", ""),)),
        HashPolicy(HashPolicyKind.SOURCE_IP),
        HashPolicy(HashPolicyKind.QUERY_PARAMETER, "q"),
    )


def test_weighted_clusters() -> None:
    weighted = loaded_action(
        cluster=None,
        weighted_clusters={
            "clusters": [
                {
                    "name": "c",
                    "weight": "90",
                    "host_rewrite_literal": "h",
                    "request_headers_to_remove": ["X-R"],
                    "metadata_match": {"filter_metadata": {"envoy.lb": {"v": "1"}, "other": {"v": "2"}}},
                },
                {"cluster_header": "X-C", "weight": 10},
            ],
            "header_name": "X-Rand",
        },
    ).weighted_clusters
    first, second = weighted.clusters
    assert (first.cluster, first.weight, first.host_rewrite) == ("c", 90, "h")
    assert first.edits.request_remove == ("x-r",)
    assert first.metadata_match == (("v", "1"),)
    assert (second.cluster, second.cluster_header) == ("", "x-c")
    assert weighted.header_name == "x-rand"
    assert not weighted.use_hash_policy


def test_redirects() -> None:
    made = loaded_route(redirect={"https_redirect": True, "port_redirect": 8443, "response_code": 4}).action
    assert made == Redirect(status=308, https=True, port=8443)
    made = loaded_route(
        redirect={"scheme_redirect": "ftp", "host_redirect": "h", "path_redirect": "/p"}
    ).action
    assert made == Redirect(scheme="ftp", host="h", path=PathRewrite(PathRewriteKind.FULL, "/p"))
    made = loaded_route(redirect={"prefix_rewrite": "/p", "strip_query": True}).action
    assert made == Redirect(path=PathRewrite(PathRewriteKind.PREFIX, "/p"), strip_query=True)


def test_direct_responses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def made(**fields: Any) -> object:
        return loaded_route(direct_response={"status": 200, **fields}).action

    file = tmp_path / "body"
    file.write_bytes(b"\0\xff")
    monkeypatch.setenv("MESHCORE_TEST_BODY", "from outside")
    assert made() == DirectResponse(200)
    assert made(body={"inline_string": "hé"}) == DirectResponse(200, "hé".encode())
    assert made(body={"inline_bytes": "AP8="}) == DirectResponse(200, b"\0\xff")
    assert made(body={"filename": str(file)}) == DirectResponse(200, b"\0\xff")
    assert made(body={"environment_variable": "MESHCORE_TEST_BODY"}) == DirectResponse(200, b"from outside")
    formatted = made(
        body={"inline_string": "5%"},
        body_format={
            "text_format_source": {"inline_string": "%REQ(X)% %LOCAL_REPLY_BODY%"},
            "content_type": "text/html",
        },
    )
    assert formatted == DirectResponse(200, b"5%", "%REQ(X)% 5%%", "text/html")


def test_header_edits() -> None:
    edits = loaded_route(
        request_headers_to_add=[
            {"header": {"key": "X-A", "value": "%REQ(b)%"}, "append_action": "ADD_IF_ABSENT"},
            {"header": {"key": "x-b", "raw_value": "aMOp"}, "keep_empty_value": True},
            {"header": {"key": "x-c"}, "append": False},
        ],
        request_headers_to_remove=["X-D"],
        response_headers_to_add=[{"header": {"key": "x-e", "value": "1"}, "append": True}],
        response_headers_to_remove=["x-f"],
    ).edits
    assert edits == HeaderEdits(
        (
            HeaderValue("x-a", "%REQ(b)%", AppendAction.ADD_IF_ABSENT),
            HeaderValue("x-b", "hé", keep_empty=True),
            HeaderValue("x-c", "", AppendAction.OVERWRITE_IF_EXISTS_OR_ADD),
        ),
        ("x-d",),
        (HeaderValue("x-e", "1"),),
        ("x-f",),
    )


def test_route_tables() -> None:
    config = load_route_configuration(
        {
            "name": "rc",
            "virtual_hosts": [
                {
                    "name": "v",
                    "domains": ["Example.com", "*"],
                    "requireTls": "EXTERNAL_ONLY",
                    "includeRequestAttemptCount": True,
                    "retryPolicy": {"retryOn": "5xx", "numRetries": 0},
                }
            ],
            "vhostHeader": "X-V",
            "ignorePortInHostMatching": True,
            "mostSpecificHeaderMutationsWins": True,
            "maxDirectResponseBodySizeBytes": 10,
        }
    )
    (host,) = config.virtual_hosts
    assert host.domains == ("Example.com", "*")
    assert host.require_tls is RequireTls.EXTERNAL_ONLY
    assert host.include_request_attempt_count
    assert host.retry_policy == RetryPolicy(("5xx",), 0)
    assert config.vhost_header == "x-v"
    assert config.ignore_port_in_host_matching
    assert config.most_specific_header_mutations_wins
    assert config.max_direct_response_body_size == 10


def test_origins() -> None:
    text = """name: rc
virtual_hosts:
- name: v
  domains: ["*"]
  routes:
  - match: {prefix: /}
    route:
      weighted_clusters:
        clusters:
        - {name: c, weight: 1}
validate_clusters: false
"""
    listener = load_text(text, name="a.yaml").listeners[0]
    host = listener.route_configuration.virtual_hosts[0]
    assert host.origin == Origin("a.yaml", 3, 3, "RouteConfiguration", "rc", "virtual_hosts[0]")
    made = host.routes[0]
    assert made.origin == Origin("a.yaml", 6, 5, "RouteConfiguration", "rc", "virtual_hosts[0].routes[0]")
    weighted = made.action.weighted_clusters.clusters[0]  # type: ignore[union-attr]
    assert str(weighted.origin) == "a.yaml:10:11"


# -- filters --------------------------------------------------------------------------------------

DELAY = {"@type": FAULT, "delay": {"fixed_delay": "0.5s", "percentage": {"numerator": 10}}}
ABORT = {"@type": FAULT, "abort": {"http_status": 503}, "max_active_faults": 2, "headers": [{"name": "x"}]}
CHAIN = [{"name": "envoy.filters.http.fault", "typed_config": DELAY}]


def test_faults() -> None:
    per_route = {"typed_per_filter_config": {"envoy.filters.http.fault": ABORT}}
    config = loaded(route(**per_route), route(), http_filters=CHAIN)
    listener = config.listeners[0]
    assert listener.fault == FaultPolicy(FaultDelay(Fraction(10), 0.5))
    first, second = listener.route_configuration.virtual_hosts[0].routes
    assert first.fault == FaultPolicy(
        abort=FaultAbort(Fraction(0), 503), max_active_faults=2, headers=(HeaderMatch("x", present=True),)
    )
    assert second.fault is None
    assert config.warnings == ()


def test_a_filter_that_is_not_in_the_chain_has_no_effect() -> None:
    config = loaded(route(typed_per_filter_config={"envoy.filters.http.fault": ABORT}))
    (warning,) = config.warnings
    assert "has no effect: no filter of the listener is named 'envoy.filters.http.fault'" in warning.message
    assert config.listeners[0].route_configuration.virtual_hosts[0].routes[0].fault is None


def test_wrapped_filter_configurations() -> None:
    wrapped = {"@type": "x/envoy.config.route.v3.FilterConfig", "config": ABORT}
    config = loaded(route(typed_per_filter_config={"envoy.filters.http.fault": wrapped}), http_filters=CHAIN)
    assert config.listeners[0].route_configuration.virtual_hosts[0].routes[0].fault is not None


OFF = {"@type": "x/envoy.config.route.v3.FilterConfig", "disabled": True}


def test_a_filter_may_be_turned_off_on_a_route() -> None:
    off = route(typed_per_filter_config={"envoy.filters.http.fault": OFF})
    config = loaded(off, http_filters=CHAIN)
    found = config.listeners[0].route_configuration.virtual_hosts[0].routes[0]
    assert (found.fault, found.typed_per_filter_config) == (
        None,
        (("envoy.filters.http.fault", FilterSwitch(False)),),
    )
    assert config.warnings == ()
    (warning,) = loaded(route(typed_per_filter_config={"other": OFF}), http_filters=CHAIN).warnings
    assert "has no effect: no filter of the listener is named 'other'" in warning.message
    with pytest.raises(ConfigError, match="no listener says which filter this is"):
        load_route_configuration(table(off))


def test_a_filter_may_be_off_and_turned_on_on_a_route() -> None:
    """By any configuration, or by an empty one, which leaves it that of the listener."""
    on = {"@type": OFF["@type"], "config": {}}
    chain = [{**CHAIN[0], "disabled": True}, *CHAIN[1:]]
    config = loaded(route(typed_per_filter_config={"envoy.filters.http.fault": on}), http_filters=chain)
    found = config.listeners[0].route_configuration.virtual_hosts[0].routes[0]
    assert found.typed_per_filter_config == (("envoy.filters.http.fault", FilterSwitch(True)),)
    assert config.listeners[0].disabled_filters == {"envoy.filters.http.fault"}
    assert config.warnings == ()
    for said in ({}, {"envoy.filters.http.fault": OFF}):
        (warning,) = loaded(route(typed_per_filter_config=said), http_filters=chain).warnings
        assert "disabled: the filter does nothing: no route turns it on" in warning.message
    with pytest.raises(ConfigError, match="config: missing, but required"):
        loaded(route(typed_per_filter_config={"envoy.filters.http.fault": {"@type": OFF["@type"]}}))


BUCKET = {"max_tokens": 5, "fill_interval": "60s"}
SHARE = {"default_value": {"numerator": 100}}


def test_rate_limits() -> None:
    limit = {
        "@type": LIMIT,
        "stat_prefix": "a",
        "token_bucket": {"max_tokens": 5, "tokens_per_fill": 2, "fill_interval": "60s"},
        "descriptors": [
            {
                "entries": [{"key": "k", "value": "v"}],
                "token_bucket": {"max_tokens": 1, "fill_interval": "1s"},
            }
        ],
        "filter_enabled": {"default_value": {"numerator": 100}},
        "status": {"code": "Forbidden"},
        "response_headers_to_add": [{"header": {"key": "x-l", "value": "1"}}],
        "enable_x_ratelimit_headers": "DRAFT_VERSION_03",
    }
    actions = [{"request_headers": {"header_name": "X-K", "descriptor_key": "k"}}, {"remote_address": {}}]
    config = loaded(
        forward(rate_limits=[{"stage": 1, "actions": actions}]),
        http_filters=[{"name": "rl", "typed_config": limit}],
    )
    listener = config.listeners[0]
    ((name, made),) = listener.filters
    assert name == "rl"
    assert isinstance(made, LocalRateLimit)
    assert made.bucket == TokenBucket(5, 60.0, 2)
    assert made.descriptors[0].entries == (("k", "v"),)
    assert (made.enabled, made.enforced, made.status) == (Fraction(100), None, 403)
    assert made.rate_limit_headers
    action = listener.route_configuration.virtual_hosts[0].routes[0].action
    (rate_limit,) = action.rate_limits  # type: ignore[union-attr]
    assert rate_limit.stage == 1
    assert [(item.kind, item.key, item.name) for item in rate_limit.actions] == [
        (RateLimitActionKind.REQUEST_HEADERS, "k", "x-k"),
        (RateLimitActionKind.REMOTE_ADDRESS, "remote_address", ""),
    ]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, []),  # there for the routes that have limits
        (
            {"token_bucket": BUCKET},
            ["filter_enabled: missing, which means 0 %: the limit looks at no request"],
        ),
        (
            {"token_bucket": BUCKET, "filter_enabled": SHARE},
            ["filter_enforced: missing, which means 0 %: the limit refuses none"],
        ),
        ({"token_bucket": BUCKET, "filter_enabled": SHARE, "filter_enforced": SHARE}, []),
    ],
)
def test_a_limit_that_limits_nothing_is_told(fields: dict[str, Any], told: list[str]) -> None:
    filters = [{"name": "rl", "typed_config": {"@type": LIMIT, "stat_prefix": "x", **fields}}]
    warnings = loaded(forward(), http_filters=filters).warnings
    limits = [warning.message for warning in warnings if "filter_en" in warning.message]
    assert limits == [f"http_filters[0].typed_config.{message}" for message in told]


def test_cors_and_header_mutations() -> None:
    prefix = "x/envoy.extensions.filters.http."
    chain = [
        {"name": "cors", "typed_config": {"@type": f"{prefix}cors.v3.Cors"}},
        {
            "name": "mutate",
            "typed_config": {
                "@type": f"{prefix}header_mutation.v3.HeaderMutation",
                "mutations": {
                    "request_mutations": [{"append": {"header": {"key": "x-a", "value": "1"}}}],
                    "response_mutations": [{"remove": "X-B"}],
                },
            },
        },
    ]
    policy = {
        "@type": f"{prefix}cors.v3.CorsPolicy",
        "allow_origin_string_match": [{"exact": "https://a"}],
        "allow_credentials": True,
    }
    config = loaded(route(typed_per_filter_config={"cors": policy}), http_filters=chain)
    listener = config.listeners[0]
    assert dict(listener.filters)["mutate"] == HeaderEdits((HeaderValue("x-a", "1"),), (), (), ("x-b",))
    ((name, made),) = listener.route_configuration.virtual_hosts[0].routes[0].typed_per_filter_config
    assert name == "cors"
    assert made.allow_origins == (StringMatch(StringKind.EXACT, "https://a"),)  # type: ignore[attr-defined]
    assert made.allow_credentials  # type: ignore[attr-defined]
    # Of the two filters one is held only.
    assert [warning.message.rpartition(": ")[2] for warning in config.warnings] == [
        "the header mutation filter does nothing yet"
    ]


def test_one_cors_filter_is_enough() -> None:
    cors = {"typed_config": {"@type": "x/envoy.extensions.filters.http.cors.v3.Cors"}}
    with pytest.raises(ConfigError, match="only one CORS filter is supported"):
        loaded(route(), http_filters=[{"name": "a", **cors}, {"name": "b", **cors}])


def test_without_a_listener_cors_policies_are_meant_to_count() -> None:
    policy = {"allow_origin_string_match": [{"exact": "https://a"}], "allow_private_network_access": True}
    made = load_route_configuration(table(forward(cors=policy))).virtual_hosts[0].routes[0].action
    assert isinstance(made, ForwardAction)
    assert made.cors == CorsPolicy(
        (StringMatch(StringKind.EXACT, "https://a"),), allow_private_network_access=True
    )


def test_rate_limits_without_a_filter_have_no_effect() -> None:
    limited = forward(rate_limits=[{"actions": [{"remote_address": {}}]}])
    config = load_parts(table(limited, route()), [cluster()])
    place = "route_config.virtual_hosts[0].routes[0].route.rate_limits"
    expected = f"{place}: has no effect: the listener has no rate limit filter"
    assert [warning.message for warning in config.warnings] == [expected]
