"""What Envoy refuses of a route table at load we refuse, and what it accepts we accept."""

from __future__ import annotations

from typing import Any

import pytest
from envoy_support import action_problems, forward, problems, route, route_problems, table

REGEX = {"pattern": {"regex": "a"}, "substitution": "b"}
MATCH_TYPE = "type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig"
REWRITE_TYPE = "type.googleapis.com/envoy.extensions.path.rewrite.uri_template.v3.UriTemplateRewriteConfig"


def template(text: str) -> dict[str, Any]:
    return {"name": "t", "typed_config": {"@type": MATCH_TYPE, "path_template": text}}


def rewriter(text: str) -> dict[str, Any]:
    return {"name": "r", "typed_config": {"@type": REWRITE_TYPE, "path_template_rewrite": text}}


def header(**matcher: Any) -> dict[str, Any]:
    return {"prefix": "/", "headers": [{"name": "a", **matcher}]}


def one(found: list[str]) -> str:
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("match", "problem"),
    [
        ({}, "match: found none of them, expected one of prefix, path"),
        ({"prefix": "/", "path": "/"}, "match.path: 'prefix' is set already"),
        ({"safe_regex": {"regex": ""}}, "match.safe_regex.regex: found ''"),
        ({"safe_regex": {"regex": "("}}, "match.safe_regex.regex: not a regex"),
        ({"safe_regex": {"regex": "(?=a)"}}, "match.safe_regex.regex: not a regex"),
        ({"safe_regex": {}}, "match.safe_regex.regex: missing, but required"),
        ({"path_separated_prefix": "/a/"}, "match.path_separated_prefix: found '/a/'"),
        ({"path_separated_prefix": "/"}, "match.path_separated_prefix: found '/'"),
        ({"path_separated_prefix": "/a?b"}, "match.path_separated_prefix: found"),
        (header(name=""), "match.headers[0].name: found ''"),
        (header(name="a\nb"), "match.headers[0].name: found"),
        (header(string_match={}), "match.headers[0].string_match: found none of them"),
        (header(string_match={"prefix": ""}), "match.headers[0].string_match.prefix: found ''"),
        (header(string_match={"custom": {}}), "match.headers[0].string_match.custom: not supported"),
        (header(prefix_match=""), "match.headers[0].prefix_match: found ''"),
        (header(exact_match="x", present_match=True), "match.headers[0].present_match: 'exact_match' is set"),
        (header(range_match={"end": 2**63}), "match.headers[0].range_match.end: found"),
        (
            header(string_match={"safe_regex": {"regex": "a"}, "ignore_case": True}),
            "match.headers[0].string_match.ignore_case: has no effect on safe_regex",
        ),
        ({"prefix": "/", "query_parameters": [{}]}, "match.query_parameters[0].name: missing"),
        (
            {"prefix": "/", "query_parameters": [{"name": "x" * 1025}]},
            "match.query_parameters[0].name: found",
        ),
        ({"prefix": "/", "cookies": [{"name": "a"}]}, "match.cookies[0].string_match: missing"),
        ({"prefix": "/", "runtime_fraction": {}}, "match.runtime_fraction.default_value: missing"),
        (
            {"prefix": "/", "runtime_fraction": {"default_value": {"denominator": "TEN"}}},
            "match.runtime_fraction.default_value.denominator: found 'TEN'",
        ),
        ({"prefix": "/", "bogus": 1}, "match.bogus: unknown field 'bogus'"),
        ({"prefix": "/", "tls_context": {}}, "match.tls_context: not supported"),
        ({"prefix": "/", "case_sensitive": "no"}, "match.case_sensitive: found 'no'"),
        ({"path_match_policy": {"name": "t"}}, "match.path_match_policy.typed_config: missing"),
        (
            {"path_match_policy": template("/a/{")},
            "match.path_match_policy.typed_config.path_template: not a",
        ),
        (
            {"path_match_policy": template("/" + "a" * 256)},
            "match.path_match_policy.typed_config.path_template",
        ),
    ],
)
def test_matches_that_are_refused(match: dict[str, Any], problem: str) -> None:
    assert one(route_problems(match=match)).startswith(problem)


@pytest.mark.parametrize(
    "match",
    [
        {"prefix": ""},
        {"path": "/a?b"},
        {"path": ""},
        {"connect_matcher": {}},
        header(),
        header(exact_match=""),
        header(range_match={"start": "5", "end": 1}),
        {"prefix": "/", "runtime_fraction": {"default_value": {"numerator": 101}}},
        {"prefix": "/", "grpc": {}},
        {"prefix": None, "path": "/x"},
        {"path_match_policy": template("/a/{b}")},
    ],
)
def test_matches_that_are_accepted(match: dict[str, Any]) -> None:
    assert route_problems(match=match) == []


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"cluster": "nope"}, "cluster: unknown cluster 'nope'"),
        ({"cluster": "cc"}, "cluster: unknown cluster 'cc'; did you mean 'c'?"),
        ({"cluster": ""}, "cluster: found ''"),
        ({"cluster_header": "x"}, "cluster_header: 'cluster' is set already"),
        ({"timeout": "-1s"}, "timeout: found '-1s', expected a value 0 or more"),
        ({"timeout": "1"}, "timeout: found '1', expected a duration"),
        ({"timeout": 1}, "timeout: found the number 1, expected a duration"),
        ({"idle_timeout": "-0.5s"}, "idle_timeout: found '-0.5s'"),
        ({"prefix_rewrite": "/a", "regex_rewrite": REGEX}, "regex_rewrite: 'prefix_rewrite' is set already"),
        ({"prefix_rewrite": "/a\r\nb"}, "prefix_rewrite: found"),
        ({"regex_rewrite": {"substitution": "x"}}, "regex_rewrite.pattern: missing"),
        ({"path_rewrite_policy": rewriter("/x")}, "path_rewrite_policy: needs a path_match_policy"),
        ({"host_rewrite_literal": "a", "host_rewrite_header": "b"}, "host_rewrite_header: 'host_rewrite_lit"),
        ({"path_rewrite": "/%NOPE%"}, "path_rewrite: not a format that is supported"),
        ({"host_rewrite": "50% x"}, "host_rewrite: not a format that is supported"),
        ({"prefix_rewrite": "/a", "path_rewrite": "/b"}, "path_rewrite: 'prefix_rewrite' is set already"),
        ({"host_rewrite_literal": "a", "host_rewrite": "b"}, "host_rewrite: 'host_rewrite_literal' is"),
        ({"timeout": "9223372036s"}, "timeout: found '9223372036s', expected a duration"),
        ({"hash_policy": [{}]}, "hash_policy[0]: found none of them"),
        ({"hash_policy": [{"header": {}}]}, "hash_policy[0].header.header_name: missing"),
        ({"hash_policy": [{"cookie": {"name": ""}}]}, "hash_policy[0].cookie.name: found ''"),
        ({"hash_policy": [{"filter_state": {"key": "k"}}]}, "hash_policy[0].filter_state: not supported"),
        ({"retry_policy": {"retry_back_off": {}}}, "retry_policy.retry_back_off.base_interval: missing"),
        (
            {"retry_policy": {"retry_back_off": {"base_interval": "0s"}}},
            "retry_policy.retry_back_off.base_interval: found '0s'",
        ),
        (
            {"retry_policy": {"retry_back_off": {"base_interval": "1s", "max_interval": "0.5s"}}},
            "retry_policy.retry_back_off.max_interval: found 0.5s, expected at least the base_interval",
        ),
        ({"retry_policy": {"per_try_timeout": "-1s"}}, "retry_policy.per_try_timeout: found '-1s'"),
        ({"retry_policy": {"num_retries": -1}}, "retry_policy.num_retries: found the number -1"),
        (
            {"retry_policy": {"retry_host_predicate": [{"name": "x"}]}},
            "retry_policy.retry_host_predicate[0].name: the predicate 'x' is not supported",
        ),
        (
            {"retry_policy": {"rate_limited_retry_back_off": {"reset_headers": []}}},
            "retry_policy.rate_limited_retry_back_off.reset_headers: found 0 items",
        ),
        ({"hedge_policy": {"initial_requests": 0}}, "hedge_policy.initial_requests: found the number 0"),
        ({"request_mirror_policies": [{}]}, "request_mirror_policies[0]: found none of them"),
        (
            {"request_mirror_policies": [{"cluster": "gone"}]},
            "request_mirror_policies[0].cluster: unknown cluster 'gone'",
        ),
        ({"rate_limits": [{"actions": []}]}, "rate_limits[0].actions: found 0 items"),
        ({"rate_limits": [{"actions": [{}]}]}, "rate_limits[0].actions[0]: found none of them"),
        (
            {"rate_limits": [{"stage": 11, "actions": [{"remote_address": {}}]}]},
            "rate_limits[0].stage: found the number 11",
        ),
        ({"cluster_not_found_response_code": 3}, "cluster_not_found_response_code: found the number 3"),
        (
            {"upgrade_configs": [{"upgrade_type": "a"}, {"upgrade_type": "A"}]},
            "upgrade_configs[1].upgrade_type: 'A' stands above already",
        ),
        ({"internal_redirect_policy": {}}, "internal_redirect_policy: not supported"),
    ],
)
def test_route_actions_that_are_refused(fields: dict[str, Any], problem: str) -> None:
    assert one(action_problems(**fields)).startswith(problem)


@pytest.mark.parametrize(
    "fields",
    [
        {"timeout": "0s"},
        {"retry_policy": {}},
        {"retry_policy": {"retry_on": "bogus", "num_retries": 0}},
        {"retry_policy": {"retry_back_off": {"base_interval": "0.0001s", "max_interval": "0.0005s"}}},
        {"retry_policy": {"retry_back_off": {"base_interval": "0.0019s", "max_interval": "0.001s"}}},
        {"regex_rewrite": {"pattern": {"regex": "(a)"}, "substitution": "\\2"}},
        {"host_rewrite_literal": ""},
        {"hash_policy": [{"connection_properties": {}}]},
        {"max_stream_duration": {"max_stream_duration": "0s"}},
        {"upgrade_configs": [{"upgrade_type": "websocket"}]},
    ],
)
def test_route_actions_that_are_accepted(fields: dict[str, Any]) -> None:
    assert action_problems(**fields) == []


@pytest.mark.parametrize(
    ("weighted", "problem"),
    [
        ({"clusters": []}, "clusters: found 0 items"),
        ({"clusters": [{"name": "c"}]}, "clusters[0].weight: missing"),
        ({"clusters": [{"name": "c", "weight": 0}]}, "clusters: the sum of the weights, found 0"),
        (
            {"clusters": [{"name": "c", "weight": 2**32 - 1}, {"name": "c", "weight": 1}]},
            "clusters: the sum of the weights, found 4294967296",
        ),
        ({"clusters": [{"name": "c", "weight": 2**32}]}, "clusters[0].weight: found"),
        ({"clusters": [{"weight": 1}]}, "clusters[0]: found none of them"),
        ({"clusters": [{"name": "c", "cluster_header": "x", "weight": 1}]}, "clusters[0]: found both"),
        ({"clusters": [{"name": "d", "weight": 1}]}, "clusters[0].name: unknown cluster 'd'"),
        (
            {"clusters": [{"name": "c", "weight": 1}], "header_name": "x", "use_hash_policy": True},
            "use_hash_policy: 'header_name' is set already",
        ),
    ],
)
def test_weighted_clusters_that_are_refused(weighted: dict[str, Any], problem: str) -> None:
    found = one(route_problems(route={"weighted_clusters": weighted}))
    assert found.removeprefix("route.weighted_clusters.").startswith(problem)


def test_total_weight_is_ignored() -> None:
    weighted = {"total_weight": 100, "clusters": [{"name": "c", "weight": 1}]}
    assert route_problems(route={"weighted_clusters": weighted}) == []


def test_template_rewrites() -> None:
    def check(**fields: Any) -> list[str]:
        match = {"path_match_policy": template("/a/{b}")}
        return route_problems(match=match, route={"cluster": "c", **fields})

    assert check(path_rewrite_policy=rewriter("/x/{b}")) == []
    assert "prefix_rewrite: cannot be used with path_match_policy" in one(check(prefix_rewrite="/x"))
    assert "no variable of this name" in one(check(path_rewrite_policy=rewriter("/x/{c}")))
    assert "path_template_rewrite: found ''" in one(check(path_rewrite_policy=rewriter("")))


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            {"redirect": {"path_redirect": "/a", "prefix_rewrite": "/b"}},
            "redirect.prefix_rewrite: 'path_redir",
        ),
        ({"redirect": {"https_redirect": True, "scheme_redirect": "x"}}, "redirect.scheme_redirect: "),
        ({"redirect": {"response_code": 305}}, "redirect.response_code: found the number 305"),
        ({"redirect": {"response_code": "GONE"}}, "redirect.response_code: found 'GONE'"),
        ({"redirect": {"host_redirect": "a\nb"}}, "redirect.host_redirect: found"),
        ({"redirect": {"port_redirect": 65536}}, "redirect.port_redirect: found 65536"),
        (
            {"redirect": {"regex_rewrite": {"pattern": {"regex": "["}}}},
            "redirect.regex_rewrite.pattern.regex: ",
        ),
        ({"direct_response": {}}, "direct_response.status: missing"),
        ({"direct_response": {"status": 99}}, "direct_response.status: found the number 99"),
        ({"direct_response": {"status": 600}}, "direct_response.status: found the number 600"),
        ({"direct_response": {"status": 200, "body": {}}}, "direct_response.body: found none of them"),
        (
            {"direct_response": {"status": 200, "body": {"inline_string": "x" * 4097}}},
            "direct_response.body: found 4097 bytes, expected at most 4096",
        ),
        (
            {"direct_response": {"status": 200, "body": {"filename": "/nowhere/at/all"}}},
            "direct_response.body.filename: cannot be read",
        ),
        (
            {"direct_response": {"status": 200, "body_format": {"text_format": "%NO%"}}},
            "direct_response.body_format.text_format: not a format",
        ),
        ({"route": {"cluster": "c"}, "redirect": {}}, "redirect: 'route' is set already"),
        ({"route": None, "filter_action": {}}, "filter_action: not supported"),
    ],
)
def test_other_actions_that_are_refused(fields: dict[str, Any], problem: str) -> None:
    assert one(route_problems(**fields)).startswith(problem)


def test_a_route_needs_an_action_and_a_match() -> None:
    found = one(problems(table({"match": {"prefix": "/"}})))
    assert found.endswith("found none of them, expected one of route, redirect, direct_response")
    assert one(problems(table({"redirect": {}}))).endswith("match: missing, but required")


@pytest.mark.parametrize(
    ("added", "problem"),
    [
        ({"key": ":path", "value": "x"}, "key: pseudo headers and host may not be edited"),
        ({"key": "Host", "value": "x"}, "key: pseudo headers and host may not be edited"),
        ({"key": "", "value": "x"}, "key: found ''"),
        ({"key": "x\ny", "value": "x"}, "key: found"),
        ({"key": "x", "value": "a\r\nb"}, "value: found"),
        ({"key": "x", "value": "50% off"}, "value: not a format that is supported"),
        ({"key": "x", "value": "%NOPE%"}, "value: not a format that is supported: unknown command"),
        ({"key": "x", "value": "%REQ()%"}, "value: not a format that is supported"),
        ({"key": "x", "value": "x" * 16385}, "value: found"),
        ({"key": "x", "raw_value": "DQo="}, "raw_value: NUL, CR and LF"),
        ({"key": "x", "raw_value": "/w=="}, "raw_value: only UTF-8"),
        ({"value": "x"}, "key: missing"),
    ],
)
@pytest.mark.parametrize("field", ["request_headers_to_add", "response_headers_to_add"])
def test_headers_that_may_not_be_added(field: str, added: dict[str, Any], problem: str) -> None:
    found = one(route_problems(**{field: [{"header": added}]}))
    assert found.startswith(f"{field}[0].header.{problem}")


def test_other_header_edits() -> None:
    found = one(route_problems(request_headers_to_remove=["x", "host"]))
    assert found.startswith("request_headers_to_remove[1]: pseudo headers and host may not be removed")
    for name in (":status", ""):
        found = one(route_problems(response_headers_to_remove=[name]))
        assert found.startswith("response_headers_to_remove[0]: ")
    both = {"header": {"key": "x"}, "append": True, "append_action": "ADD_IF_ABSENT"}
    assert one(route_problems(request_headers_to_add=[both])).startswith(
        "request_headers_to_add[0].append: set"
    )
    many = [{"header": {"key": "x"}}] * 1001
    assert one(route_problems(request_headers_to_add=many)).startswith("request_headers_to_add: found 1001")
    assert route_problems(request_headers_to_add=[{"header": {"key": "x", "value": "%%"}}]) == []


@pytest.mark.parametrize(
    ("hosts", "problem"),
    [
        ([{"name": "a", "domains": []}], "virtual_hosts[0].domains: found 0 items"),
        ([{"name": "", "domains": ["*"]}], "virtual_hosts[0].name: found ''"),
        ([{"domains": ["*"]}], "virtual_hosts[0].name: missing"),
        (
            [{"name": "a", "domains": ["x.com"]}, {"name": "b", "domains": ["y", "X.com"]}],
            "virtual_hosts[1].domains[1]: the domain 'X.com' belongs to the virtual host 'a' already",
        ),
        ([{"name": "a", "domains": ["*", "*"]}], "virtual_hosts[0].domains[1]: the domain '*' belongs"),
        ([{"name": "a", "domains": ["*.x", "*.X"]}], "virtual_hosts[0].domains[1]: "),
        (
            [{"name": "a", "domains": ["*"], "require_tls": 3}],
            "virtual_hosts[0].require_tls: found the number",
        ),
        ([{"name": "a", "domains": ["*"], "matcher": {}}], "virtual_hosts[0].matcher: not supported"),
    ],
)
def test_virtual_hosts_that_are_refused(hosts: list[dict[str, Any]], problem: str) -> None:
    found = one(problems({"name": "rc", "virtual_hosts": hosts}))
    assert found.removeprefix("route_config.").startswith(problem)


def test_virtual_hosts_that_are_accepted() -> None:
    assert problems({"virtual_hosts": []}) == []
    hosts = [{"name": "a", "domains": ["a.*.com", ""]}, {"name": "a", "domains": ["*", "a*", "*a"]}]
    assert problems({"virtual_hosts": hosts}) == []


def test_clusters_are_looked_for_unless_the_table_says_otherwise() -> None:
    assert problems(table(forward(cluster="gone"), validate_clusters=False)) == []
    assert problems(table(route(route={"cluster_header": "x"}))) == []
