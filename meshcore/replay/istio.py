"""Replay what Istio's configuration must do: routing.json and its neighbours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

from meshcore.config import ConfigError, Node, istio
from meshcore.config.documents import read_text
from meshcore.config.findings import Findings
from meshcore.engine import Engine
from meshcore.model import Cluster, Config, Discovery, Endpoint, ForwardAction, LocalityEndpoints
from meshcore.replay.istio_compare import compare_decision
from meshcore.replay.results import CaseResult, attempt, describe, fail_all

__all__ = ["replay_authorization", "replay_routing", "replay_validation"]

#: Recordings name services, not addresses: a host of each cluster, so that decisions go all the way.
_STAND_IN = (LocalityEndpoints((Endpoint("192.0.2.1", 80),)),)
_NOW_NS = 1_000_000_000_000
#: What a route answers, made of the Gateway API, for a backend that is not there.
BAD_BACKEND = 500
#: Kinds that decide who may call, not where a request goes, which is all that is asked here.
_NOT_ROUTING = ("AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication")


def replay_routing(document: Sequence[Mapping[str, Any]]) -> Iterator[CaseResult]:
    """Replay scenarios of routing; a configuration is compiled once for each proxy that asks."""
    for index, scenario in enumerate(document):
        loaded: dict[str, Engine | Exception] = {}
        for number, case in enumerate(scenario["cases"]):
            name = str(case.get("id") or f"{scenario.get('name', index)}/{number + 1}")
            key = repr(case.get("from"))
            if key not in loaded:
                loaded[key] = _load(scenario, case)
            yield attempt(name, partial(_run, loaded[key], case))


def _load(scenario: Mapping[str, Any], case: Mapping[str, Any]) -> Engine | Exception:
    try:
        return Engine(_with_endpoints(load_scenario(scenario, case.get("from") or {})))
    except Exception as error:
        return error


def load_scenario(scenario: Mapping[str, Any], asker: Mapping[str, Any]) -> Config:
    """Compile the documents of a scenario for the proxy that asks."""
    findings = Findings()
    documents = read_text(scenario["config"], findings, f"{scenario.get('name', 'scenario')}.yaml")
    config = istio.load_documents(
        documents,
        findings,
        node=Node(
            namespace=asker.get("namespace") or "default",
            labels=asker.get("labels") or {},
            gateway=asker.get("gateway"),
        ),
        endpoints=None,
        ignore_kinds=_NOT_ROUTING,
        services=scenario.get("services") or (),
        any_port=False,
    )
    findings.raise_errors()
    assert config is not None  # a dialect returns None only together with an error
    return config


def _with_endpoints(config: Config) -> Config:
    """Give every cluster an endpoint, and a cluster to every route: subsets may be named without a rule."""
    clusters = {cluster.name: cluster for cluster in config.clusters}
    for name in _destinations(config):
        clusters.setdefault(name, Cluster(name))
    return replace(config, clusters=tuple(map(_with_endpoint, clusters.values())))


def _with_endpoint(cluster: Cluster) -> Cluster:
    if cluster.endpoints:
        return cluster
    return replace(cluster, discovery=Discovery.STATIC, localities=_STAND_IN)


def _destinations(config: Config) -> Iterator[str]:
    for listener in config.listeners:
        for host in listener.route_configuration.virtual_hosts:
            for route in host.routes:
                if not isinstance(route.action, ForwardAction):
                    continue
                if route.action.cluster_not_found_status == BAD_BACKEND:
                    continue  # a backend of the Gateway API that is not there is answered so
                if route.action.cluster:
                    yield route.action.cluster
                if route.action.weighted_clusters:
                    yield from (item.cluster for item in route.action.weighted_clusters.clusters)


def _run(engine: Engine | Exception, case: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(engine, Exception):
        yield f"the configuration does not load: {describe(engine)}"
        return
    request = case["request"]
    decision = engine.decide(
        request.get("method", "GET").encode(),
        request["authority"].encode(),
        request.get("path", "/").encode(),
        list(_lines(request.get("headers") or {})),
        scheme=request.get("scheme", "http"),
        source="127.0.0.1",
        local="127.0.0.1",
        port=request.get("port"),
        now_ns=_NOW_NS,
        seed=Random(str(case.get("id"))).getrandbits(64),
    )
    with decision:
        yield from compare_decision(case["expect"], decision, engine.config)


def _lines(headers: Mapping[str, Any]) -> Iterator[tuple[bytes, bytes]]:
    for name, value in headers.items():
        for line in value if isinstance(value, list) else [value]:
            yield name.encode(), str(line).encode()


def replay_validation(document: Sequence[Mapping[str, Any]]) -> Iterator[CaseResult]:
    """Replay resources that are accepted or refused."""
    for index, case in enumerate(document):
        name = str(case.get("name", index)) if isinstance(case, Mapping) else str(index)
        yield attempt(name, partial(_validate, case))


def _validate(case: Mapping[str, Any]) -> Iterator[str]:
    findings = Findings()
    documents = read_text(case["yaml"], findings, f"{case.get('name', 'resource')}.yaml")
    istio.validate_documents(documents, findings)
    if findings.has_errors and case["valid"]:
        yield f"valid: expected true, got false: {describe(ConfigError(findings.errors))}"
    elif not findings.has_errors and not case["valid"]:
        yield f"valid: expected false ({case.get('error_contains', '')}), got true"
    warned = [str(finding) for finding in findings.warnings]
    if bool(warned) != case.get("warning", bool(warned)):
        yield f"warning: expected {str(case['warning']).lower()}, got {warned or 'none'}"


def replay_authorization(document: Sequence[Mapping[str, Any]]) -> Iterator[CaseResult]:
    """Count the cases of all scenarios: authorization is not covered yet."""
    for index, scenario in enumerate(document):
        name = scenario.get("name", index)
        names = (
            str(case.get("id") or f"{name}/{number}")
            for number, case in enumerate(scenario["cases"], start=1)
        )
        yield from fail_all(names, "not covered yet: authorization")
