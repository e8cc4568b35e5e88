"""The annotation ``meshcore-concurrency`` of DestinationRules."""

from __future__ import annotations

import pytest
from istio_support import Compile, checked, document

from meshcore.model import AimdController, ConcurrencyController, GradientController


def rule(annotation: str, spec: str = "{host: one, subsets: [{name: v1, labels: {v: a}}]}") -> str:
    return (
        "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\n"
        f"metadata: {{name: a, annotations: {{meshcore-concurrency: '{annotation}'}}}}\nspec: {spec}\n"
    )


def test_all_clusters_of_the_host_have_it(compiled: Compile) -> None:
    found = compiled(rule("aimd"), "one:80,81", "two:80")
    limited = {it.name: it.concurrency for it in found.config.clusters if it.name.startswith("outbound")}
    one, two = "one.default.svc.cluster.local", "two.default.svc.cluster.local"
    assert limited == {
        f"outbound|80||{one}": AimdController(),
        f"outbound|80|v1|{one}": AimdController(),
        f"outbound|81||{one}": AimdController(),
        f"outbound|81|v1|{one}": AimdController(),
        f"outbound|80||{two}": None,
    }
    assert not found.warnings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gradient", GradientController()),
        (
            " gradient ; max=50; min = 2; update-interval=200ms; min-rtt-interval=1m30s; min-rtt-requests=7; "
            "min-rtt-concurrency=4; jitter=0; buffer=12.5; percentile=90",
            GradientController(
                max_concurrency_limit=50,
                min_concurrency_limit=2,
                concurrency_update_interval=0.2,
                min_rtt_interval=90.0,
                request_count=7,
                min_concurrency=4,
                jitter=0.0,
                buffer=12.5,
                sample_aggregate_percentile=90.0,
            ),
        ),
        ("gradient; min-rtt=20ms", GradientController(min_rtt=0.02)),
        (
            "aimd; max=30; min=3; initial=4; increase=2.5; backoff=0.5; latency-threshold=500ms",
            AimdController(
                max_limit=30,
                min_limit=3,
                initial_limit=4,
                increase=2.5,
                backoff_ratio=0.5,
                latency_threshold=0.5,
            ),
        ),
    ],
)
def test_forms(compiled: Compile, text: str, expected: ConcurrencyController) -> None:
    found = compiled(rule(text, "{host: one}"), "one")
    cluster = found.config.cluster("outbound|80||one.default.svc.cluster.local")
    assert cluster is not None
    assert cluster.concurrency == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "unknown controller"),
        ("gradent", "did you mean"),
        ("vegas", "unknown controller"),
        ("aimd; maximum=3", "unknown option"),
        ("aimd; max=3; max=4", "there twice"),
        ("aimd; max=", "max is a whole number"),
        ("aimd; max=-1", "max is a whole number"),
        ("aimd; max=0", "max: found 0, expected 1 to"),
        ("aimd; initial=400", "initial: found 400, expected 1 to 200"),
        ("aimd; backoff=1", "backoff: found 1.0, expected more than 0 and less than 1"),
        ("aimd; backoff=nan", "backoff: found nan"),
        ("aimd; increase=much", "increase is a number"),
        ("aimd; latency-threshold=5", "no duration"),
        ("aimd; latency-threshold=-5s", "latency-threshold: found -5.0"),
        ("gradient; buffer=101", "buffer: found 101.0, expected 0 to 100"),
        ("gradient; initial=3", "unknown option"),
    ],
)
def test_what_says_nothing_is_refused(text: str, problem: str) -> None:
    errors, _ = checked(rule(text))
    (error,) = errors
    assert error.startswith("metadata.annotations.meshcore-concurrency: ")
    assert problem in error
    assert "expected gradient or aimd" in error


def test_it_is_for_destination_rules_only() -> None:
    text = document(
        "VirtualService",
        "{hosts: [a.example], http: [{route: [{destination: {host: b}}]}]}",
        metadata=", annotations: {meshcore-concurrency: aimd}",
    )
    errors, _ = checked(text)
    assert errors == [
        "metadata.annotations.meshcore-concurrency: 'meshcore-concurrency' is for DestinationRule only"
    ]
