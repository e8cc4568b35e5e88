"""Envoy and our proxy refuse the same requests where a circuit breaker is full."""

from __future__ import annotations

from typing import Any

import pytest
from live_breakers import SERVED, verdicts

pytestmark = pytest.mark.envoy

UO = "503 ['true'] upstream connect error or disconnect/reset before headers. reset reason: overflow"


@pytest.mark.parametrize(
    ("hosts", "breakers", "paths", "refused"),
    [
        (1, {"thresholds": [{"max_requests": 2}]}, ["/"] * 5, 3),
        (1, {"thresholds": [{"max_requests": 0}]}, ["/"] * 2, 2),
        (1, {"thresholds": [{"max_requests": 1}]}, ["/", "/high", "/high", "/"], 1),
        (1, {"thresholds": [{"priority": "HIGH", "max_requests": 1}]}, ["/", "/high", "/high", "/"], 1),
        (1, {"thresholds": [{"max_connections": 1, "max_pending_requests": 1}]}, ["/"] * 4, 2),
        (1, {"thresholds": [{"max_connections": 2, "max_pending_requests": 1}]}, ["/"] * 4, 1),
        # An endpoint without connection is given one over the limit.
        (2, {"thresholds": [{"max_connections": 1, "max_pending_requests": 1}]}, ["/"] * 5, 2),
        (1, {"thresholds": [{"max_connections": 1}]}, ["/", "/high"], 0),
        (1, {"thresholds": [{"max_pending_requests": 0}]}, ["/"] * 2, 2),
        (
            2,
            {
                "thresholds": [{"max_pending_requests": 1}],
                "per_host_thresholds": [{"max_connections": 1}],
            },
            ["/"] * 5,
            2,
        ),
    ],
)
def test_the_same_requests_are_refused(
    binary: str, hosts: int, breakers: dict[str, Any], paths: list[str], refused: int
) -> None:
    envoys = verdicts(binary, hosts, breakers, paths)
    assert verdicts(None, hosts, breakers, paths) == envoys
    assert envoys.count(UO) == refused
    assert envoys.count(SERVED) == len(paths) - refused
