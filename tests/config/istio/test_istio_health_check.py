"""The annotation ``meshcore-health-check`` of DestinationRules."""

from __future__ import annotations

import pytest
from istio_support import Compile, checked, document

from meshcore.model import GrpcHealthCheck, HealthCheck, HttpHealthCheck, TcpHealthCheck

HTTP = HealthCheck(HttpHealthCheck("/healthz"))


def rule(annotation: str, spec: str = "{host: one, subsets: [{name: v1, labels: {v: a}}]}") -> str:
    return (
        "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\n"
        f"metadata: {{name: a, annotations: {{meshcore-health-check: '{annotation}'}}}}\nspec: {spec}\n"
    )


def test_all_clusters_of_the_host_have_it(compiled: Compile) -> None:
    found = compiled(rule("http=/healthz"), "one:80,81", "two:80")
    checks = {it.name: it.health_check for it in found.config.clusters if it.name.startswith("outbound")}
    one, two = "one.default.svc.cluster.local", "two.default.svc.cluster.local"
    assert checks == {
        f"outbound|80||{one}": HTTP,
        f"outbound|80|v1|{one}": HTTP,
        f"outbound|81||{one}": HTTP,
        f"outbound|81|v1|{one}": HTTP,
        f"outbound|80||{two}": None,
    }
    assert not found.warnings


def test_the_first_of_several_rules_counts(compiled: Compile) -> None:
    found = compiled(
        rule("tcp", "{host: one}") + rule("http=/healthz", "{host: one}").replace("name: a", "name: b"), "one"
    )
    cluster = found.config.cluster("outbound|80||one.default.svc.cluster.local")
    assert cluster is not None
    assert cluster.health_check == HealthCheck(TcpHealthCheck())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tcp", HealthCheck(TcpHealthCheck())),
        ("grpc", HealthCheck(GrpcHealthCheck())),
        ("grpc=shop.Cart", HealthCheck(GrpcHealthCheck("shop.Cart"))),
        (
            " http = /h?x=1 ; interval=500ms;timeout = 2s; unhealthy=5; healthy=2 ",
            HealthCheck(
                HttpHealthCheck("/h?x=1"),
                timeout=2,
                interval=0.5,
                no_traffic_interval=0.5,
                unhealthy_threshold=5,
                healthy_threshold=2,
            ),
        ),
    ],
)
def test_forms(compiled: Compile, text: str, expected: HealthCheck) -> None:
    found = compiled(rule(text, "{host: one}"), "one")
    cluster = found.config.cluster("outbound|80||one.default.svc.cluster.local")
    assert cluster is not None
    assert cluster.health_check == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "unknown check ''"),
        ("htp=/", "unknown check 'htp'; did you mean 'http'?"),
        ("http", "'' is no path"),
        ("http=healthz", "'healthz' is no path"),
        ("http=/a b", "'/a b' is no path"),
        ("tcp=80", "'tcp' stands alone"),
        ("grpc=", "the service is missing"),
        ("tcp; intervall=5s", "unknown option 'intervall'; did you mean 'interval'?"),
        ("tcp; interval=5s; interval=5s", "'interval' is there twice"),
        ("tcp; interval=0s", "the interval '0s' is no duration"),
        ("tcp; timeout=5", "the timeout '5' is no duration"),
        ("tcp; healthy=0", "healthy is a number from 1 on, not '0'"),
        ("tcp; unhealthy=x", "unhealthy is a number from 1 on, not 'x'"),
        ("tcp;", "unknown option ''"),
    ],
)
def test_what_is_refused(text: str, problem: str) -> None:
    errors, _ = checked(rule(text))
    (error,) = errors
    assert error.startswith(f"metadata.annotations.meshcore-health-check: {problem}")
    assert "expected http=/PATH, tcp or grpc" in error


def test_other_kinds_are_refused() -> None:
    text = document(
        "VirtualService",
        "{hosts: [a.example], http: [{route: [{destination: {host: b}}]}]}",
        metadata=", annotations: {meshcore-health-check: tcp}",
    )
    errors, _ = checked(text)
    assert errors == [
        "metadata.annotations.meshcore-health-check: 'meshcore-health-check' is for DestinationRule only"
    ]
