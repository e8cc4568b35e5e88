"""Replay recordings of Envoy: its decisions, and which configurations it accepts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from meshcore.config import ConfigError
from meshcore.config.envoy import load_parts
from meshcore.engine import Engine
from meshcore.model import Config
from meshcore.replay.cookies import GeneratedCookie, expected_cookie, observed_cookie, with_cookie
from meshcore.replay.coverage import uncovered_topic
from meshcore.replay.drive import Client, Clock, Observation
from meshcore.replay.ejections import compare_ejections, is_of_ejections
from meshcore.replay.envoy_compare import compare_many, compare_one
from meshcore.replay.implied import implied_upstream_headers
from meshcore.replay.results import CaseResult, attempt, describe, fail_all
from meshcore.replay.statistics import Window
from meshcore.replay.upstream import Upstream

__all__ = ["replay_config_validation", "replay_decisions"]

#: Envoy adds a request id by default; the recordings do so only where they say it.
_DEFAULT_HCM = {"generate_request_id": False}
#: Seconds from the start of the proxy to the first request, which must not fall together with the end of an
#: interval.
_STARTUP = 0.5


def load_recording(document: Mapping[str, Any]) -> Config:
    """The configuration of a recording, or of one case of config_validation."""
    return load_parts(
        document["route_config"],
        document.get("clusters") or [],
        {**_DEFAULT_HCM, **(document.get("hcm") or {})},
        document.get("http_filters") or [],
        document.get("router") or {},
        document.get("runtime") or {},
    )


def replay_decisions(document: Mapping[str, Any]) -> Iterator[CaseResult]:
    """Replay a file of decisions."""
    cases: Sequence[Mapping[str, Any]] = document["cases"]
    names = [_name(index, case) for index, case in enumerate(cases)]
    topic = uncovered_topic(document)
    if topic is not None:
        yield from fail_all(names, f"not covered yet: {topic}")
        return
    clock = Clock()
    try:
        engine = Engine(load_recording(document), clock=clock)
    except Exception as error:
        yield from fail_all(names, f"the configuration does not load: {describe(error)}")
        return
    replay = _Replay(document, engine, clock)
    for name, case in zip(names, cases, strict=True):
        yield attempt(name, partial(replay.run, case))


def _name(index: int, case: Mapping[str, Any]) -> str:
    name = case.get("id") or case.get("name") or case.get("note") if isinstance(case, Mapping) else None
    return f"{index}: {name}" if name else str(index)


class _Replay:
    """The cases of one file against one engine: the clock goes on, and so does the engine's state."""

    def __init__(self, document: Mapping[str, Any], engine: Engine, clock: Clock) -> None:
        self._of_ejections = is_of_ejections(document)
        self._full_headers = bool(document.get("full_headers"))
        self._clusters: Sequence[Mapping[str, Any]] = document.get("clusters") or ()
        self._implied = implied_upstream_headers(document)
        self._client = Client(engine, str(document.get("name", "")), clock)
        self._client.sleep(_STARTUP)

    def run(self, case: Mapping[str, Any]) -> Iterator[str]:
        """The differences of one case."""
        request, expect = case["request"], case["expect"]
        upstream = Upstream(case.get("upstream"), self._implied)
        self._client.sleep(case.get("sleep_ms_before", 0) / 1000)
        cookie = expected_cookie(expect)
        if cookie is not None:
            yield from self._generated(request, expect, upstream, cookie)
            return
        if "repeat" not in case and "concurrent" not in case:
            observed = self._client.send(request, upstream)
            yield from compare_one(request, expect, observed, full_headers=self._full_headers)
            return
        repeat = int(case.get("repeat", 1))
        if self._of_ejections and "sequence" in expect:
            yield from compare_ejections(case, [self._client.send(request, upstream) for _ in range(repeat)])
            return
        concurrent = bool(case.get("concurrent"))
        yield from compare_many(
            request,
            expect,
            self._together(request, upstream, repeat)
            if concurrent
            else [self._client.send(request, upstream) for _ in range(repeat)],
            full_headers=self._full_headers,
            statistical=bool(case.get("statistical")),
            concurrent=concurrent,
            window=_window(self._clusters, expect),
        )

    def _generated(
        self,
        request: Mapping[str, Any],
        expect: Mapping[str, Any],
        upstream: Upstream,
        cookie: GeneratedCookie,
    ) -> Iterator[str]:
        """An answer that gives a cookie, whose value cannot be foretold.

        Envoy's has to lead to the endpoint that Envoy picked, and ours to the one that we picked.
        """
        observed = self._client.send(request, upstream)
        ours = observed_cookie(observed)
        headers = dict(expect["response_headers"])
        if ours is not None:
            headers["set-cookie"] = [str(replace(cookie, value=ours.value))]
        wanted = {**expect, "response_headers": headers, "endpoint": observed.endpoint}
        yield from compare_one(request, wanted, observed, full_headers=self._full_headers)
        sent_back = [(cookie, expect.get("endpoint"))] + ([(ours, observed.endpoint)] if ours else [])
        for given, endpoint in sent_back:
            again = self._client.send(with_cookie(request, given), upstream).endpoint
            if endpoint is not None and again != endpoint:
                yield f"endpoint: expected {endpoint!r} for cookie {given.value!r}, got {again!r}"

    def _together(self, request: Mapping[str, Any], upstream: Upstream, count: int) -> list[Observation]:
        """Open all requests before any is answered."""
        exchanges = [self._client.start(request) for _ in range(count)]
        observed = [self._client.finish(exchange, upstream) for exchange in exchanges]
        self._client.sleep(max((item.seconds for item in observed), default=0.0))
        return observed


def _window(clusters: Sequence[Mapping[str, Any]], expect: Mapping[str, Any]) -> Window | None:
    """The rotation behind the endpoints of a case that stays in one round robin cluster."""
    counts = expect.get("counts") or {}
    endpoints, names = counts.get("endpoint") or {}, counts.get("cluster")
    for cluster in clusters:
        weights = _weights(cluster)
        if endpoints and endpoints.keys() <= weights.keys() and (names is None or cluster["name"] in names):
            return Window(weights) if cluster.get("lb_policy", "ROUND_ROBIN") == "ROUND_ROBIN" else None
    return None


def _weights(cluster: Mapping[str, Any]) -> dict[str, int]:
    """Weights of the endpoints that take part in a rotation."""
    weights: dict[str, int] = {}
    for locality in (cluster.get("load_assignment") or {}).get("endpoints") or ():
        for host in locality.get("lb_endpoints") or ():
            address = host["endpoint"]["address"].get("socket_address")
            if address and host.get("health_status", "UNKNOWN") in ("UNKNOWN", "HEALTHY"):
                key = f"{address['address']}:{address['port_value']}"
                weights[key] = int(host.get("load_balancing_weight", 1))
    return weights


def replay_config_validation(document: Mapping[str, Any]) -> Iterator[CaseResult]:
    """Replay a file of configurations that Envoy accepts or refuses."""
    for index, case in enumerate(document["cases"]):
        yield attempt(_name(index, case), partial(_validate, case))


def _validate(case: Mapping[str, Any]) -> Iterator[str]:
    expected = bool(case["expect"]["valid"])
    try:
        Engine(load_recording(case))
    except ConfigError as error:
        if expected:
            yield f"valid: expected true, got false: {describe(error)}"
    else:
        if not expected:
            yield f"valid: expected false ({case['expect'].get('error', '')}), got true"
