"""The format %START_TIME%: the time of day of a request, in header lines."""

from __future__ import annotations

from typing import Any

from meshcore.config.envoy import load_parts
from meshcore.engine import Engine

TIME = 1_700_000_000.2505  # a float has its place within a microsecond


def engine(**options: Any) -> Engine:
    added = [
        {"header": {"key": "x-request-start", "value": "t=%START_TIME(%s.%3f)%"}},
        {"header": {"key": "x-begun", "value": "%START_TIME%"}},
    ]
    route = {"match": {"prefix": "/"}, "route": {"cluster": "c"}, "request_headers_to_add": added}
    host = {"name": "v", "domains": ["*"], "routes": [route], "response_headers_to_add": added[:1]}
    at = {"socket_address": {"address": "127.0.0.1", "port_value": 80}}
    assignment = {"cluster_name": "c", "endpoints": [{"lb_endpoints": [{"endpoint": {"address": at}}]}]}
    cluster = {"name": "c", "connect_timeout": "1s", "load_assignment": assignment}
    return Engine(load_parts({"virtual_hosts": [host]}, [cluster]), **options)


def test_the_time_that_is_given() -> None:
    with engine().decide("GET", "a", "/", unix_time=TIME) as decision:
        sent = dict(decision.request_headers())
        assert sent[b"x-request-start"] == b"t=1700000000.250"
        assert sent[b"x-begun"] == b"2023-11-14T22:13:20.250Z"
        assert decision.response_headers({}, status=200)["x-request-start"] == "t=1700000000.250"


def test_the_engines_own_clock() -> None:
    with engine(clock=lambda: TIME).decide("GET", "a", "/") as decision:
        assert dict(decision.request_headers())[b"x-begun"] == b"2023-11-14T22:13:20.250Z"


def test_the_machines_clock() -> None:
    with engine().decide("GET", "a", "/") as decision:
        assert float(dict(decision.request_headers())[b"x-request-start"][2:]) > TIME
