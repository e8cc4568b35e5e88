"""What a rule adds to a route: names, timeouts, retries, faults, mirrors, CORS, hash keys."""

from __future__ import annotations

import pytest
from istio_support import Compile

from meshcore.model import (
    CorsPolicy,
    DirectResponse,
    FaultAbort,
    FaultDelay,
    FaultPolicy,
    ForwardAction,
    Fraction,
    MirrorPolicy,
    RetryPolicy,
    Route,
    StringKind,
    StringMatch,
)

A = "outbound|80||a.default.svc.cluster.local"
DEFAULT = ("connect-failure", "refused-stream", "unavailable", "cancelled", "retriable-status-codes")
HASH = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: HOST}
spec: {host: HOST, trafficPolicy: {loadBalancer: {consistentHash: {httpHeaderName: x-HOST}}}}
---
"""


def first(compiled: Compile, rule: str, before: str = "") -> Route:
    text = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: v}\nspec:\n"
    return compiled(f"{before}{text}  hosts: [a]\n  http: [{{{rule}}}]\n", "a", "b").routes(80, "a")[0]


def forward(compiled: Compile, rule: str, before: str = "") -> ForwardAction:
    action = first(compiled, f"{rule}, route: [{{destination: {{host: a}}}}]", before).action
    assert isinstance(action, ForwardAction)
    return action


def test_names_and_origins(compiled: Compile) -> None:
    route = first(compiled, "name: r, match: [{name: m}], route: [{destination: {host: a}}]")
    assert route.name == "r.m"
    assert route.origin is not None
    assert (route.origin.kind, route.origin.name, route.origin.path) == (
        "VirtualService",
        "default/v",
        "spec.http[0].match[0]",
    )


@pytest.mark.parametrize(
    ("given", "seconds"), [("name: x", 0.0), ("timeout: 0s", 0.0), ("timeout: 1.5s", 1.5)]
)
def test_timeouts(compiled: Compile, given: str, seconds: float) -> None:
    action = forward(compiled, given)
    assert (action.timeout, action.max_grpc_timeout) == (seconds, seconds)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("name: x", RetryPolicy(DEFAULT, 2, avoid_previous_hosts=True, host_selection_max_attempts=5)),
        ("retries: {attempts: 0}", None),
        (
            "retries: {attempts: 3, perTryTimeout: 2s, retryOn: '5xx,503'}",
            RetryPolicy(
                ("5xx", "retriable-status-codes"),
                3,
                per_try_timeout=2.0,
                retriable_status_codes=(503,),
                avoid_previous_hosts=True,
                host_selection_max_attempts=5,
            ),
        ),
        (
            "retries: {attempts: 1, backoff: 50ms, retryRemoteLocalities: true,"
            "retryIgnorePreviousHosts: false}",
            RetryPolicy(DEFAULT, 1, back_off_base=0.05, back_off_max=0.5, previous_priorities_frequency=2),
        ),
    ],
)
def test_retries(compiled: Compile, given: str, expected: RetryPolicy | None) -> None:
    assert forward(compiled, given).retry_policy == expected


def test_one_hashing_destination_may_be_tried_again(compiled: Compile) -> None:
    before = HASH.replace("HOST", "a")
    policy = forward(compiled, "name: x", before).retry_policy
    assert policy is not None
    assert not policy.avoid_previous_hosts
    wanted = forward(compiled, "retries: {attempts: 1, retryIgnorePreviousHosts: true}", before).retry_policy
    assert wanted is not None
    assert wanted.avoid_previous_hosts


def test_the_keys_of_all_destinations_are_on_the_route(compiled: Compile) -> None:
    before = HASH.replace("HOST", "a") + HASH.replace("HOST", "b")
    rule = "route: [{destination: {host: b}, weight: 1}, {destination: {host: a}, weight: 1}]"
    action = first(compiled, rule, before).action
    assert isinstance(action, ForwardAction)
    assert [policy.name for policy in action.hash_policies] == ["x-b", "x-a"]
    assert action.weighted_clusters is not None
    assert not action.weighted_clusters.use_hash_policy
    assert action.retry_policy is not None
    assert action.retry_policy.avoid_previous_hosts


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("delay: {fixedDelay: 2s}", FaultPolicy(FaultDelay(Fraction(0), 2.0))),
        (
            "delay: {fixedDelay: 2s, percentage: {value: 0.1}}",
            FaultPolicy(FaultDelay(Fraction(1000, 1_000_000), 2.0)),
        ),
        (
            "abort: {grpcStatus: UNAVAILABLE, percentage: {value: 100}}",
            FaultPolicy(abort=FaultAbort(Fraction(1_000_000, 1_000_000), grpc_status=14)),
        ),
        ("abort: {httpStatus: 418}", FaultPolicy(abort=FaultAbort(Fraction(0), http_status=418))),
    ],
)
def test_faults(compiled: Compile, given: str, expected: FaultPolicy) -> None:
    assert first(compiled, f"fault: {{{given}}}, route: [{{destination: {{host: a}}}}]").fault == expected


@pytest.mark.parametrize(
    ("given", "shares"),
    [
        ("mirror: {host: a}", [Fraction(100)]),
        ("mirror: {host: a}, mirrorPercentage: {value: 0}", []),
        ("mirror: {host: a}, mirrorPercentage: {value: 0.5}", [Fraction(5000, 1_000_000)]),
        ("mirror: {host: a}, mirrorPercent: 7", [Fraction(7)]),
        (
            "mirrors: [{destination: {host: a}}, {destination: {host: a}, percentage: {value: 0}}]",
            [Fraction(100)],
        ),
    ],
)
def test_mirrors(compiled: Compile, given: str, shares: list[Fraction]) -> None:
    expected = tuple(MirrorPolicy(A, share, append_shadow_suffix=False) for share in shares)
    assert forward(compiled, given).mirrors == expected


def test_cors(compiled: Compile) -> None:
    given = (
        "corsPolicy: {allowOrigins: [{exact: 'https://a.com'}, {regex: '.*b'}], allowMethods: [GET, POST],"
        "allowHeaders: [x-a], exposeHeaders: [x-b], maxAge: 24h, allowCredentials: true,"
        "unmatchedPreflights: IGNORE}"
    )
    expected = CorsPolicy(
        (StringMatch(StringKind.EXACT, "https://a.com"), StringMatch(StringKind.REGEX, ".*b")),
        allow_methods="GET,POST",
        allow_headers="x-a",
        expose_headers="x-b",
        max_age="86400",
        allow_credentials=True,
        forward_not_matching_preflights=False,
    )
    assert forward(compiled, given).cors == expected
    answer = first(compiled, f"{given}, directResponse: {{status: 200}}")
    assert answer.action == DirectResponse(200)
    assert answer.typed_per_filter_config == ()  # Envoy's filter leaves routes alone that do not forward
