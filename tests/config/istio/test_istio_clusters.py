"""Clusters: which DestinationRule applies, what policy follows, which endpoints are there."""

from __future__ import annotations

import pytest
from istio_support import Compile

from meshcore.config import Node
from meshcore.model import (
    CircuitBreakers,
    ClientSideWeighted,
    Cluster,
    Discovery,
    ForwardAction,
    HashPolicy,
    HashPolicyKind,
    Locality,
    Policy,
    SlowStart,
)

A = "a.default.svc.cluster.local"
SELECTOR = "workloadSelector: {matchLabels: {app: c}}"


def rule(spec: str, name: str = "r", namespace: str = "default") -> str:
    metadata = f"metadata: {{name: {name}, namespace: {namespace}}}"
    return f"apiVersion: networking.istio.io/v1\nkind: DestinationRule\n{metadata}\nspec: {spec}\n---\n"


def policy(simple: str) -> str:
    return f"trafficPolicy: {{loadBalancer: {{simple: {simple}}}}}"


def cluster(compiled: Compile, text: str, name: str = f"outbound|80||{A}", **options: object) -> Cluster:
    found = compiled(text, "a:80,81", **options).config.cluster(name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("rules", "client", "expected"),
    [
        ([], "default", Policy.LEAST_REQUEST),
        ([f"{{host: a, {policy('RANDOM')}}}@default"], "default", Policy.RANDOM),
        # The client's namespace comes first, the service's next, the root namespace last.
        (
            [f"{{host: {A}, {policy('ROUND_ROBIN')}}}@client", f"{{host: a, {policy('RANDOM')}}}@default"],
            "client",
            Policy.ROUND_ROBIN,
        ),
        (
            [f"{{host: {A}, {policy('ROUND_ROBIN')}}}@client", f"{{host: a, {policy('RANDOM')}}}@default"],
            "x",
            Policy.RANDOM,
        ),
        ([f'{{host: "*.local", {policy("RANDOM")}}}@istio-system'], "x", Policy.RANDOM),
        # In a namespace the most specific host wins, and nothing is combined.
        (
            [f'{{host: "*.default.svc.cluster.local", {policy("RANDOM")}}}@default', "{host: a}@default"],
            "default",
            Policy.LEAST_REQUEST,
        ),
        # What is not exported to the client is not seen.
        (
            [
                f'{{host: a, exportTo: ["."], {policy("RANDOM")}}}@default',
                f'{{host: "*.local", {policy("ROUND_ROBIN")}}}@default',
            ],
            "x",
            Policy.ROUND_ROBIN,
        ),
        # Rules with a selector are for their workloads, and come first there.
        (
            [
                f"{{host: a, {policy('RANDOM')}}}@default",
                f"{{host: a, {SELECTOR}, {policy('ROUND_ROBIN')}}}@default",
            ],
            "default",
            Policy.ROUND_ROBIN,
        ),
    ],
)
def test_which_rule_applies(compiled: Compile, rules: list[str], client: str, expected: Policy) -> None:
    text = ""
    for index, entry in enumerate(rules):
        spec, _, namespace = entry.rpartition("@")
        text += rule(spec, f"r{index}", namespace)
    node = Node(client, {"app": "c"})
    assert cluster(compiled, text or "{}", node=node).policy is expected if text else True


def test_rules_of_one_host_are_merged(compiled: Compile) -> None:
    text = rule("{host: a, subsets: [{name: v1, labels: {v: one}}]}", "a")
    text += rule(f"{{host: a, {policy('RANDOM')}, subsets: [{{name: v1}}, {{name: v2}}]}}", "b")
    text += rule(f"{{host: a, {policy('ROUND_ROBIN')}}}", "c")
    loaded = compiled(text, "a:80")
    names = [it.name for it in loaded.config.clusters]
    assert names == [f"outbound|80||{A}", f"outbound|80|v1|{A}", f"outbound|80|v2|{A}", "PassthroughCluster"]
    assert {it.policy for it in loaded.config.clusters[:3]} == {Policy.RANDOM}


def test_layers_of_policies(compiled: Compile) -> None:
    text = rule(
        """
  host: a
  trafficPolicy:
    loadBalancer: {simple: RANDOM}
    connectionPool: {tcp: {maxConnections: 1}}
    outlierDetection: {consecutive5xxErrors: 7}
    portLevelSettings:
    - {port: {number: 81}, connectionPool: {tcp: {maxConnections: 81}}}
  subsets:
  - name: v1
    trafficPolicy:
      loadBalancer: {simple: ROUND_ROBIN}
      portLevelSettings:
      - {port: {number: 81}, tls: {mode: DISABLE}}
"""
    )

    def seen(name: str) -> tuple[Policy, int | None, bool, bool]:
        found = cluster(compiled, text, name)
        assert found.circuit_breakers is not None
        breakers = found.circuit_breakers.max_connections
        return found.policy, breakers, found.outlier_detection is not None, found.tls is not None

    none = 2**32 - 1
    assert seen(f"outbound|80||{A}") == (Policy.RANDOM, 1, True, False)
    assert seen(f"outbound|81||{A}") == (Policy.LEAST_REQUEST, 81, False, False)
    assert seen(f"outbound|80|v1|{A}") == (Policy.ROUND_ROBIN, 1, True, False)
    assert seen(f"outbound|81|v1|{A}") == (Policy.LEAST_REQUEST, none, False, True)


def test_defaults(compiled: Compile) -> None:
    plain = cluster(compiled, rule("{host: b}"))
    none = 2**32 - 1
    assert plain.circuit_breakers == CircuitBreakers(none, none, none, none, track_remaining=True)
    assert (plain.connect_timeout, plain.outlier_detection, plain.tls) == (10.0, None, None)
    assert plain.common_lb.healthy_panic_threshold is None
    found = cluster(compiled, rule("{host: a, trafficPolicy: {outlierDetection: {}}}"))
    outlier = found.outlier_detection
    assert outlier is not None
    assert found.common_lb.healthy_panic_threshold == 0.0
    assert (outlier.consecutive_5xx, outlier.interval, outlier.base_ejection_time) == (5, 10.0, 30.0)
    assert (outlier.max_ejection_percent, outlier.enforcing_success_rate) == (10, 0)


@pytest.mark.parametrize(
    ("given", "policy", "key"),
    [
        ("{httpHeaderName: X-User}", Policy.RING_HASH, HashPolicy(HashPolicyKind.HEADER, "x-user")),
        ("{useSourceIp: true, maglev: {tableSize: 97}}", Policy.MAGLEV, HashPolicy(HashPolicyKind.SOURCE_IP)),
        (
            "{httpCookie: {name: c, ttl: 0s}, ringHash: {minimumRingSize: 8}}",
            Policy.RING_HASH,
            HashPolicy(HashPolicyKind.COOKIE, "c", ttl=0.0),
        ),
        ("{httpQueryParameterName: q}", Policy.RING_HASH, HashPolicy(HashPolicyKind.QUERY_PARAMETER, "q")),
    ],
)
def test_consistent_hashing(compiled: Compile, given: str, policy: Policy, key: HashPolicy) -> None:
    text = rule(f"{{host: a, trafficPolicy: {{loadBalancer: {{consistentHash: {given}}}}}}}")
    loaded = compiled(text, "a:80")
    found = loaded.config.cluster(f"outbound|80||{A}")
    assert found is not None
    assert found.policy is policy
    action = loaded.routes(80, "a")[0].action
    assert isinstance(action, ForwardAction)
    assert action.hash_policies == (key,)


def test_localities_get_priorities_with_outlier_detection(compiled: Compile) -> None:
    endpoints = {
        "a": [
            {"address": f"10.0.0.{index}", "locality": place}
            for index, place in enumerate(["eu/a/1", "eu/a/2", "eu/b/1", "us/a/1"])
        ]
    }
    node = Node(labels={"istio-locality": "eu/a/1"})
    plain = cluster(compiled, rule("{host: b}"), node=node, endpoints=endpoints)
    assert {it.priority for it in plain.localities} == {0}
    text = rule("{host: a, trafficPolicy: {outlierDetection: {}}}")
    near = cluster(compiled, text, node=node, endpoints=endpoints)
    assert [(it.locality.region, it.priority) for it in near.localities] == [
        ("eu", 0),
        ("eu", 1),
        ("eu", 2),
        ("us", 3),
    ]
    text = rule("""
  host: a
  trafficPolicy:
    loadBalancer:
      localityLbSetting:
        distribute: [{from: eu/*, to: {"eu/a/*": 80, "us/*": 20}}]
""")
    shared = cluster(compiled, text, node=node, endpoints=endpoints)
    assert [(it.locality, it.weight) for it in shared.localities] == [
        (Locality("eu", "a", "1"), 40),
        (Locality("eu", "a", "2"), 40),
        (Locality("us", "a", "1"), 20),
    ]
    assert shared.common_lb.locality_weighted
    assert not shared.common_lb.locality_weights_follow
    text = rule("""
  host: a
  trafficPolicy:
    outlierDetection: {}
    loadBalancer: {localityLbSetting: {failover: [{from: eu, to: us}]}}
""")
    over = cluster(compiled, text, node=node, endpoints=endpoints)
    assert {it.weight for it in over.localities} == {1}
    assert over.common_lb.locality_weighted
    assert over.common_lb.locality_weights_follow


def test_passthrough_takes_the_clients_address(compiled: Compile) -> None:
    found = cluster(
        compiled, rule(f"{{host: a, {policy('PASSTHROUGH')}}}"), endpoints={"a": [{"address": "10.0.0.1"}]}
    )
    assert (found.discovery, found.policy, found.endpoints) == (
        Discovery.ORIGINAL_DST,
        Policy.CLUSTER_PROVIDED,
        (),
    )


@pytest.mark.parametrize(
    ("balancer", "policy", "slow_start"),
    [
        ("{simple: LEAST_CONN}", Policy.LEAST_REQUEST, None),
        ("{simple: LEAST_REQUEST, warmup: {duration: 60s}}", Policy.LEAST_REQUEST, SlowStart(60.0)),
        (
            "{simple: ROUND_ROBIN, warmup: {duration: 1m, minimumPercent: 0, aggression: 2.5}}",
            Policy.ROUND_ROBIN,
            SlowStart(60.0, 2.5, 0.0),
        ),
        ("{simple: ROUND_ROBIN, warmupDurationSecs: 5s}", Policy.ROUND_ROBIN, SlowStart(5.0)),
        ("{simple: RANDOM, warmup: {duration: 60s}}", Policy.RANDOM, None),
    ],
)
def test_warmup_is_slow_start(
    compiled: Compile, balancer: str, policy: Policy, slow_start: SlowStart | None
) -> None:
    made = compiled(rule(f"{{host: a, trafficPolicy: {{loadBalancer: {balancer}}}}}"), "a:80")
    found = made.config.cluster(f"outbound|80||{A}")
    assert found is not None
    assert (found.policy, found.slow_start) == (policy, slow_start)
    assert made.warnings == ()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("{}", ClientSideWeighted()),
        (
            "{metricNamesForComputingUtilization: [named_metrics.q], errorUtilizationPenaltyPercent: 50, "
            "weightExpirationPeriod: 60s, weightStabilizationPeriod: 3s, weightUpdatePeriod: 2s}",
            ClientSideWeighted(3.0, 60.0, 2.0, 0.5, ("named_metrics.q",)),
        ),
    ],
)
def test_backend_utilization(compiled: Compile, given: str, expected: ClientSideWeighted) -> None:
    spec = f"{{host: a, trafficPolicy: {{loadBalancer: {{backendUtilization: {given}}}}}}}"
    found = cluster(compiled, rule(spec))
    assert found.policy is Policy.CLIENT_SIDE_WEIGHTED_ROUND_ROBIN
    assert found.client_side_weighted == expected
