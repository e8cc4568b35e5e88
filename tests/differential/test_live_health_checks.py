"""Envoy and our checker think the same of a host after the same checks."""

from __future__ import annotations

from typing import Any

import pytest
from live_health_checks import CLOSE, HANG, healths

pytestmark = pytest.mark.envoy

DEGRADED, LEAVING = "200 x-envoy-degraded", "503 x-envoy-immediate-health-check-fail"
RETRIABLE = {"retriable_statuses": [{"start": 500, "end": 600}]}


@pytest.mark.parametrize(
    ("script", "http", "thresholds"),
    [
        (["200", "200"], {}, (2, 2)),
        (["503", "200", "200", "200"], {}, (2, 2)),
        (["200", "503", "200", "200", "503"], {}, (3, 2)),
        (["200", "503", "503", "200", "503", "503", "503", "200", "200"], RETRIABLE, (3, 2)),
        (["200", CLOSE, CLOSE, "200", CLOSE, CLOSE, CLOSE, "200"], {}, (3, 1)),
        (["200", HANG, HANG, "503", "200"], {}, (2, 1)),
        ([HANG, CLOSE, "200"], {}, (1, 2)),
        (["200", DEGRADED, CLOSE, DEGRADED, "200"], {}, (1, 1)),
        ([DEGRADED, CLOSE, "200", DEGRADED, "200"], {}, (1, 2)),
        (["200", LEAVING, CLOSE, "200", "200", "503"], {}, (2, 2)),
        (["200", LEAVING, "200"], RETRIABLE, (2, 2)),
        (["201", "204", "200", "204"], {"expected_statuses": [{"start": 201, "end": 205}]}, (2, 1)),
        (["100 x", "302", "200"], {}, (2, 1)),
    ],
)
def test_the_same_after_each_check(
    binary: str, script: list[str], http: dict[str, Any], thresholds: tuple[int, int]
) -> None:
    unhealthy, healthy = thresholds
    check = {
        "unhealthy_threshold": unhealthy,
        "healthy_threshold": healthy,
        "http_health_check": {"path": "/healthz", **http},
    }
    envoys = healths(binary, script, check)
    assert healths(None, script, check) == envoys
    assert len(envoys) == len(script) + 1


@pytest.mark.parametrize("script", [["200", CLOSE], [CLOSE, "200"]])
def test_hosts_that_are_left_out_until_the_first_check(binary: str, script: list[str]) -> None:
    check = {"unhealthy_threshold": 1, "healthy_threshold": 1, "http_health_check": {"path": "/"}}
    # Envoy has it for clusters whose endpoints come and go, and those of STATIC ones don't.
    cluster = {"common_lb_config": {"ignore_new_hosts_until_first_hc": True}, "type": "STRICT_DNS"}
    envoys = healths(binary, script, check, **cluster)
    assert healths(None, script, check, **cluster) == envoys
    assert envoys[0] == "DRAINING"
