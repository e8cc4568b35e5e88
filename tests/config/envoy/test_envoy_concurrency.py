"""Adaptive concurrency in Envoy's dialect: what is taken, and what is refused and where."""

from __future__ import annotations

from typing import Any

import pytest
from envoy_support import cluster, cluster_problems, loaded_cluster, problems, table

from meshcore.config.envoy import load_parts
from meshcore.model import AdaptiveConcurrency, AimdController, ConcurrencyController, GradientController

UPDATE = {"concurrency_update_interval": "1s"}
Json = dict[str, Any]
LEAST = {
    "concurrency_limit_params": {"concurrency_update_interval": "0.1s"},
    "min_rtt_calc_params": {"interval": "60s"},
}


def metadata(**extension: Any) -> dict[str, Any]:
    return {"metadata": {"filter_metadata": {"meshcore.concurrency": extension}}}


def gradient(
    limits: dict[str, Any] | None = None, rtt: dict[str, Any] | None = None, **own: Any
) -> dict[str, Any]:
    return {
        "concurrency_limit_params": {**LEAST["concurrency_limit_params"], **(limits or {})},
        "min_rtt_calc_params": {"interval": "60s"} if rtt is None else rtt,
        **own,
    }


@pytest.mark.parametrize(
    ("extension", "expected"),
    [
        ({"gradient_controller_config": LEAST}, GradientController()),
        (
            {
                "gradient_controller_config": gradient(
                    {
                        "max_concurrency_limit": 50,
                        "min_concurrency_limit": 4,
                        "concurrency_update_interval": "1s",
                    },
                    {
                        "interval": "7s",
                        "request_count": 9,
                        "jitter": {"value": 0},
                        "min_concurrency": 2,
                        "buffer": {"value": 10.5},
                    },
                    sample_aggregate_percentile={"value": 90},
                )
            },
            GradientController(
                max_concurrency_limit=50,
                min_concurrency_limit=4,
                concurrency_update_interval=1.0,
                min_rtt_interval=7.0,
                request_count=9,
                jitter=0.0,
                min_concurrency=2,
                buffer=10.5,
                sample_aggregate_percentile=90.0,
            ),
        ),
        (
            {"gradient_controller_config": gradient(rtt={"fixed_value": "0.02s"})},
            GradientController(min_rtt=0.02),
        ),
        ({"aimd": {}}, AimdController()),
        (
            {
                "aimd": {
                    "max_limit": 30,
                    "initial_limit": 4,
                    "backoff_ratio": 0.5,
                    "latency_threshold": "0.5s",
                }
            },
            AimdController(max_limit=30, initial_limit=4, backoff_ratio=0.5, latency_threshold=0.5),
        ),
    ],
)
def test_a_cluster_has_what_its_metadata_says(
    extension: dict[str, Any], expected: ConcurrencyController
) -> None:
    assert loaded_cluster(**metadata(**extension)).concurrency == expected


def test_metadata_of_others_is_let_be() -> None:
    others = {"metadata": {"filter_metadata": {"com.example": {"anything": [1]}}}}
    assert loaded_cluster(**others).concurrency is None


@pytest.mark.parametrize(
    ("extension", "problem"),
    [
        ({}, "expected one of gradient_controller_config, aimd"),
        ({"aimd": {}, "gradient_controller_config": LEAST}, "gradient_controller_config"),
        ({"aimd": {"max_limit": 0}}, "aimd.max_limit"),
        ({"aimd": {"max": 3}}, "max"),
        ({"aimd": {"backoff_ratio": 1}}, "aimd.backoff_ratio"),
        ({"aimd": {"initial_limit": 5, "max_limit": 4}}, "aimd.initial_limit: found 5, expected 1 to 4"),
        (
            {"gradient_controller_config": {**LEAST, "min_rtt_calc_params": {}}},
            "either interval or fixed_value",
        ),
        (
            {"gradient_controller_config": gradient(rtt={"interval": "0.0005s"})},
            "min_rtt_calc_params.interval",
        ),
        (
            {"gradient_controller_config": {"min_rtt_calc_params": {"interval": "1s"}}},
            "concurrency_limit_params",
        ),
    ],
)
def test_what_cannot_be_is_refused(extension: dict[str, Any], problem: str) -> None:
    (found, *_) = cluster_problems(**metadata(**extension))
    assert "meshcore.concurrency" in found
    assert problem in found


def test_a_least_limit_above_the_most_is_told() -> None:
    extension = {"gradient_controller_config": gradient({"max_concurrency_limit": 2})}
    config = load_parts(table(), [cluster(**metadata(**extension))])
    assert [
        "more than max_concurrency_limit (2): it is the limit, always" in str(w) for w in config.warnings
    ] == [True]


# ---------------------------------------------------------------------- the filter

FILTER = "a/envoy.extensions.filters.http.adaptive_concurrency.v3.AdaptiveConcurrency"


def filters(*configs: Json) -> list[Json]:
    return [
        {"name": f"f{at}", "typed_config": {"@type": FILTER, **config}} for at, config in enumerate(configs)
    ]


def the_filter(runtime: Json | None = None, **own: Any) -> AdaptiveConcurrency | None:
    config = {"gradient_controller_config": LEAST, **own}
    (listener,) = load_parts(table(), [cluster()], http_filters=filters(config), runtime=runtime).listeners
    ((_, found),) = listener.filters
    assert found is None or isinstance(found, AdaptiveConcurrency)
    return found


@pytest.mark.parametrize(
    ("own", "status"),
    [
        ({}, 503),
        ({"concurrency_limit_exceeded_status": {"code": 429}}, 429),
        ({"concurrency_limit_exceeded_status": {"code": "BadRequest"}}, 400),
        ({"concurrency_limit_exceeded_status": {"code": 200}}, 503),
    ],
)
def test_a_listener_has_the_filter(own: Json, status: int) -> None:
    assert the_filter(**own) == AdaptiveConcurrency(GradientController(), status)


@pytest.mark.parametrize(
    ("default", "runtime", "enabled"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"limit.on": False}, False),
        (False, {"limit.on": "TRUE"}, True),
        (True, {"limit.on": "perhaps"}, True),
        (False, {"limit.on": 1}, False),
    ],
)
def test_the_runtime_may_turn_it_on_and_off(default: bool, runtime: Json, enabled: bool) -> None:
    found = the_filter(runtime, enabled={"default_value": default, "runtime_key": "limit.on"})
    assert (found is not None) is enabled


def test_the_runtime_has_the_controllers_numbers() -> None:
    keys = {
        "max_concurrency_limit": 50,
        "min_rtt_aggregate_request_count": 7,
        "min_concurrency": 2,
        "min_concurrency_limit": 9,  # not configured, so that it is not asked for
        "sample_aggregate_percentile": 99.5,
        "jitter": 250,
        "min_rtt_buffer": 0,
        "min_rtt_calc_interval_ms": 1500,
        "sample_rtt_calc_interval_ms": 20,
    }
    found = the_filter({"adaptive_concurrency": {"gradient_controller": keys}})
    assert found == AdaptiveConcurrency(
        GradientController(
            max_concurrency_limit=50,
            request_count=7,
            min_concurrency=2,
            sample_aggregate_percentile=99.5,
            jitter=100.0,
            buffer=0.0,
            min_rtt_interval=1.5,
            concurrency_update_interval=0.02,
        )
    )


def test_a_number_of_the_runtime_that_cannot_be_is_told_and_left_aside() -> None:
    runtime = {"adaptive_concurrency.gradient_controller.min_concurrency": 0}
    gradient_config = {"gradient_controller_config": LEAST}
    config = load_parts(table(), [cluster()], http_filters=filters(gradient_config), runtime=runtime)
    ((_, found),) = config.listeners[0].filters
    assert found == AdaptiveConcurrency(GradientController())
    (warning,) = config.warnings
    assert "adaptive_concurrency.gradient_controller.min_concurrency is left aside" in str(warning)


@pytest.mark.parametrize(
    ("configs", "problem"),
    [
        (({},), "gradient_controller_config"),
        (({"gradient_controller_config": {**LEAST, "min_rtt_calc_params": {}}},), "either interval or fixed"),
        (({"gradient_controller_config": LEAST, "enabled": {"default_value": True}},), "enabled.runtime_key"),
        (({"gradient_controller_config": LEAST},) * 2, "only one adaptive concurrency filter is supported"),
    ],
)
def test_a_filter_that_cannot_be_is_refused(configs: tuple[Json, ...], problem: str) -> None:
    (found, *_) = problems(table(), http_filters=filters(*configs))
    assert problem in found
