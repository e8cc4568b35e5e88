"""meshcore._called: a call of a compiled class with other arguments names the class and what was meant."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from mesh_support import config_of, service

import meshcore
from meshcore import (
    AimdLimiter,
    CircuitBreaker,
    Engine,
    GradientLimiter,
    LeastRequest,
    LimitResult,
    Maglev,
    OutlierDetector,
    PathTemplate,
    PeakEwma,
    RandomChoice,
    RateLimiter,
    Regex,
    RetryBudget,
    RingHash,
    RoundRobin,
    RouteTable,
    SpanContext,
    TokenBucket,
    WeightedSplit,
)
from meshcore._near import mistaken_call, similar

CLASSES = [
    AimdLimiter,
    CircuitBreaker,
    Engine,
    GradientLimiter,
    LeastRequest,
    Maglev,
    OutlierDetector,
    PathTemplate,
    PeakEwma,
    RandomChoice,
    RateLimiter,
    Regex,
    RetryBudget,
    RingHash,
    RoundRobin,
    RouteTable,
    TokenBucket,
    WeightedSplit,
]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_an_unknown_keyword_is_told_with_those_that_there_are(kind: Callable[..., object]) -> None:
    start = rf"^{kind.__name__}\(\) got an unexpected keyword argument 'zzz'; it takes \w+"
    with pytest.raises(TypeError, match=start):
        kind(zzz=5)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (
            lambda: CircuitBreaker(max_request=5),
            "CircuitBreaker() got an unexpected keyword argument 'max_request'; did you mean 'max_requests'?",
        ),
        (
            lambda: CircuitBreaker(1, 2),
            "CircuitBreaker() takes 1 positional argument but 2 were given",
        ),
        (lambda: RingHash(), "RingHash() missing 1 required positional argument: 'hosts'"),
        (lambda: Engine(), "Engine() missing 1 required positional argument: 'config'"),
        (
            lambda: OutlierDetector(["a"], intervals=3),
            "OutlierDetector() got an unexpected keyword argument 'intervals'; did you mean 'interval'?",
        ),
        (lambda: GradientLimiter(5), "GradientLimiter() takes 0 positional arguments but 1 was given"),
        (
            lambda: RateLimiter(5),
            "RateLimiter() missing 2 required positional arguments: 'tokens_per_fill' and 'fill_interval'",
        ),
        (lambda: Regex("a", pattern="b"), "Regex() got multiple values for argument 'pattern'"),
        (lambda: SpanContext(trace_id="a"), "a SpanContext is made by extract() or new()"),
        (lambda: LimitResult(1), "a LimitResult is what check() and peek() return"),
        (lambda: CircuitBreaker("5"), "max_requests is '5'; expected an int"),
    ],
)
def test_what_is_wrong_with_a_call(call: Callable[[], object], told: str) -> None:
    with pytest.raises(TypeError) as error:
        call()
    assert str(error.value) == told


def test_classes_derived_from_ours() -> None:
    class Plain(Engine):
        pass

    class Own(Engine):
        def __init__(self, where: object) -> None:
            super().__init__(where, clok=None)  # type: ignore[call-arg, arg-type]

    told = r"^Engine\(\) got an unexpected keyword argument 'clok'; did you mean 'clock'\?$"
    config = config_of(service("reviews", 1))
    for make in (lambda: Plain(config, clok=None), lambda: Own(config)):  # type: ignore[call-arg]
        with pytest.raises(TypeError, match=told):
            make()
    assert Plain(config).config is config


def test_every_compiled_class_that_is_made_by_hand_is_among_them() -> None:
    made = {
        name
        for name in meshcore.__all__
        if isinstance(kind := getattr(meshcore, name), type)
        and not kind.__flags__ & (1 << 9)  # Py_TPFLAGS_HEAPTYPE
        and (kind.__text_signature__ or "").startswith("(")
    }
    assert made == {kind.__name__ for kind in CLASSES}


def test_a_right_call_is_not_mistaken() -> None:
    assert mistaken_call(CircuitBreaker, ("5",), {}) == ""


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("reviews", "; did you mean 'outbound|9080||reviews.default.svc.cluster.local'?"),
        (
            "reviews.default.svc.cluster.local",
            "; did you mean 'outbound|9080||reviews.default.svc.cluster.local'?",
        ),
        ("ratings", "; did you mean 'outbound|9080||ratings.default.svc.cluster.local'?"),
        ("raitngs", "; did you mean 'outbound|9080||ratings.default.svc.cluster.local'?"),
        ("payment", "; did you mean 'payments'?"),
        ("zzz", ""),
        (5, ""),
    ],
)
def test_clusters_that_are_like_a_name(name: object, told: str) -> None:
    clusters = [
        "outbound|9080||reviews.default.svc.cluster.local",
        "outbound|9080||ratings.default.svc.cluster.local",
        "payments",
    ]
    assert similar(name, clusters) == told
