"""Matches become match blocks, and precedence orders them."""

from __future__ import annotations

import pytest
from gateway_api_support import Derive, gateway, route

from meshcore.config.istio.schema.common import StringMatch


def shown(match: StringMatch | None) -> str | None:
    if match is None:
        return None
    kind = next(it for it in ("exact", "prefix", "regex") if getattr(match, it) is not None)
    return f"{kind} {getattr(match, kind)}"


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("{value: /a/}", "prefix /a"),
        ("{type: PathPrefix, value: /}", "prefix /"),
        ("{type: Exact, value: /a/}", "exact /a/"),
        ("{type: RegularExpression, value: '/a[0-9]+'}", "regex /a[0-9]+"),
    ],
)
def test_paths(derived: Derive, path: str, uri: str) -> None:
    rule = derived(gateway() + route(f"[{{matches: [{{path: {path}}}]}}]")).only
    assert shown(rule.match[0].uri) == uri


def test_the_other_conditions(derived: Derive) -> None:
    match = (
        "{method: PATCH, headers: [{name: X-A, value: one}, "
        "{name: x-b, value: 'b+', type: RegularExpression}],"
        " queryParams: [{name: q, value: '1'}]}"
    )
    made = derived(gateway() + route(f"[{{matches: [{match}]}}]")).only.match[0]
    assert shown(made.uri) == "prefix /"
    assert shown(made.method) == "exact PATCH"
    assert {name: shown(it) for name, it in made.headers.items()} == {"X-A": "exact one", "x-b": "regex b+"}
    assert {name: shown(it) for name, it in made.query_params.items()} == {"q": "exact 1"}


@pytest.mark.parametrize(
    ("method", "uri"),
    [
        ("{service: a.B}", "prefix /a.B/"),
        ("{method: Get}", "regex /[^/]+/Get"),
        ("{service: a.B, method: Get}", "exact /a.B/Get"),
        ("{type: RegularExpression, service: 'a.+'}", "regex /a.+/.+"),
        ("{type: RegularExpression, method: 'G.t'}", "regex /[^/]+/G.t"),
        ("{type: RegularExpression, service: 'a.+', method: 'G.t'}", "regex /a.+/G.t"),
    ],
)
def test_methods_of_grpc(derived: Derive, method: str, uri: str) -> None:
    text = gateway() + route(f"[{{matches: [{{method: {method}}}]}}]", kind="GRPCRoute")
    assert shown(derived(text).only.match[0].uri) == uri


def test_a_grpc_rule_without_matches_asks_nothing(derived: Derive) -> None:
    assert derived(gateway() + route("[{}]", kind="GRPCRoute")).only.match == []


def test_precedence_goes_across_the_rules_of_a_route(derived: Derive) -> None:
    rules = """
  - {name: regex, matches: [{path: {type: RegularExpression, value: "/a.very.long.regex.indeed"}}]}
  - {name: all}
  - {name: short, matches: [{path: {value: /a}}]}
  - {name: long, matches: [{path: {value: /a/b}}]}
  - {name: method, matches: [{path: {value: /a}, method: GET}]}
  - {name: header, matches: [{path: {value: /a}, headers: [{name: x, value: "1"}]}]}
  - {name: query, matches: [{path: {value: /a}, queryParams: [{name: x, value: "1"}]}]}
  - {name: exact, matches: [{path: {type: Exact, value: /}}]}"""
    found = derived(gateway() + route(rules)).names("default/gw~http *")
    assert found == ["exact", "long", "method", "header", "query", "short", "all", "regex"]


def test_each_match_is_a_rule_of_its_own(derived: Derive) -> None:
    rules = "[{name: both, matches: [{path: {value: /a}}, {path: {value: /longer}}]}]"
    made = derived(gateway() + route(rules)).rules("default/gw~http *")
    assert [shown(it.match[0].uri) for it in made] == ["prefix /longer", "prefix /a"]
