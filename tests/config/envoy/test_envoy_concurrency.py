"""Adaptive concurrency in Envoy's dialect: what is taken, and what is refused and where."""

from __future__ import annotations

from typing import Any

import pytest
from envoy_support import cluster, cluster_problems, loaded_cluster, table

from meshcore.config.envoy import load_parts
from meshcore.model import AimdController, ConcurrencyController, GradientController

UPDATE = {"concurrency_update_interval": "1s"}
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
