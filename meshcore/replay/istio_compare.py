"""Compare a decision, and the model behind it, with what Istio's configuration asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from meshcore.engine import Decision, Outcome
from meshcore.model import (
    CircuitBreakers,
    Cluster,
    Config,
    FaultPolicy,
    ForwardAction,
    Fraction,
    HashPolicy,
    HashPolicyKind,
    MirrorPolicy,
    Policy,
    RetryPolicy,
)

__all__ = ["compare_decision"]

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_ACTIONS = {Outcome.FORWARD: "route", Outcome.REDIRECT: "redirect", Outcome.RESPOND: "direct_response"}


def compare_decision(expect: Mapping[str, Any], decision: Decision, config: Config) -> Iterator[str]:
    """The differences from one expectation. Fields that it leaves out are not compared."""
    action = _action(decision)
    if action != expect["action"]:
        yield f"action: expected {expect['action']!r}, got {action!r} ({decision.status} {decision.details})"
        return
    for key, wanted in expect.items():
        if key == "action":
            continue
        read = _FIELDS.get(key)
        if read is None:
            yield f"{key}: an expectation that this replay does not know"
            continue
        actual = read(decision, config)
        if not _same(key, wanted, actual):
            yield f"{key}: expected {wanted!r}, got {actual!r}"


def _action(decision: Decision) -> str:
    """What the configuration does with the request, whatever the endpoints' state or luck made of it."""
    if decision.details == "cors_response":
        return "cors_preflight"
    if decision.outcome is Outcome.REJECT:
        if _forward(decision) is not None:
            return "route"
        return "not_found" if decision.status == 404 else "reject"
    return _ACTIONS[decision.outcome]


def _forward(decision: Decision) -> ForwardAction | None:
    route = decision.route_entry
    return route.action if route is not None and isinstance(route.action, ForwardAction) else None


def _clusters(decision: Decision, config: Config) -> list[dict[str, object]]:
    action = _forward(decision)
    if action is None:
        return []
    split = action.weighted_clusters
    if split is None:
        return [{"cluster": action.cluster, "weight": 100}]
    if len(split.clusters) == 1:
        return [{"cluster": split.clusters[0].cluster, "weight": 100}]
    return [{"cluster": item.cluster, "weight": item.weight} for item in split.clusters if item.weight]


def _first_cluster(decision: Decision, config: Config) -> Cluster | None:
    clusters = _clusters(decision, config)
    return config.cluster(str(clusters[0]["cluster"])) if clusters else None


def _retries(decision: Decision, config: Config) -> dict[str, object] | None:
    action = _forward(decision)
    policy = action.retry_policy if action else None
    if policy is None:
        policy = _virtual_host_retries(decision, config)
    if policy is None:
        return None
    return {
        "attempts": policy.num_retries,
        "retry_on": list(policy.retry_on),
        "retriable_status_codes": list(policy.retriable_status_codes),
        "per_try_timeout": policy.per_try_timeout,
        "avoid_previous_hosts": policy.avoid_previous_hosts,
    }


def _virtual_host_retries(decision: Decision, config: Config) -> RetryPolicy | None:
    for listener in config.listeners:
        if listener.name == decision.listener:
            for host in listener.route_configuration.virtual_hosts:
                if host.name == decision.virtual_host:
                    return host.retry_policy
    return None


def _fault(decision: Decision, config: Config) -> dict[str, object] | None:
    route = decision.route_entry
    policy: FaultPolicy | None = route.fault if route is not None else None
    if policy is None or (policy.abort is None and policy.delay is None):
        return None
    fault: dict[str, object] = {}
    if policy.abort is not None:
        fault["abort"] = {
            "http_status": policy.abort.http_status,
            "grpc_status": policy.abort.grpc_status,
            "percent": _percent(policy.abort.fraction),
        }
    if policy.delay is not None:
        fault["delay"] = {"fixed_delay": policy.delay.fixed, "percent": _percent(policy.delay.fraction)}
    return fault


def _percent(fraction: Fraction | None) -> float:
    return 100.0 if fraction is None else 100 * fraction.numerator / fraction.denominator


def _mirrors(decision: Decision, config: Config) -> list[dict[str, object]]:
    action = _forward(decision)
    mirrors: Sequence[MirrorPolicy] = action.mirrors if action else ()
    return [{"cluster": mirror.cluster, "percent": _percent(mirror.fraction)} for mirror in mirrors]


def _request_headers(decision: Decision, config: Config) -> dict[str, list[str]]:
    return _by_name(decision.request_headers())


def _response_headers(decision: Decision, config: Config) -> dict[str, list[str]]:
    return _by_name(decision.response_headers())


def _by_name(lines: Sequence[tuple[bytes, bytes]]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in lines:
        values.setdefault(name.decode().lower(), []).append(value.decode(errors="replace"))
    return values


def _hash_policies(decision: Decision, config: Config) -> list[dict[str, object]]:
    action = _forward(decision)
    return [_hash_policy(policy) for policy in (action.hash_policies if action else ())]


def _hash_policy(policy: HashPolicy) -> dict[str, object]:
    if policy.kind is HashPolicyKind.COOKIE:
        cookie: dict[str, object] = {"name": policy.name, "ttl": policy.ttl, "path": policy.cookie_path}
        return {"cookie": cookie}
    if policy.kind is HashPolicyKind.SOURCE_IP:
        return {"source_ip": True}
    return {policy.kind.value: policy.name}


def _cluster_choice(decision: Decision, config: Config) -> str:
    action = _forward(decision)
    split = action.weighted_clusters if action else None
    if split is None:
        return "single"
    if split.use_hash_policy:
        return "hash"
    return "sticky" if split.sticky or split.header_name else "random"


def _balancer(decision: Decision, config: Config) -> dict[str, object] | None:
    cluster = _first_cluster(decision, config)
    if cluster is None:
        return None
    balancer: dict[str, object] = {"policy": cluster.policy.value}
    if cluster.policy is Policy.RING_HASH and cluster.ring_hash:
        balancer["minimum_ring_size"] = cluster.ring_hash.minimum_ring_size
    if cluster.policy is Policy.MAGLEV and cluster.maglev:
        balancer["table_size"] = cluster.maglev.table_size
    return balancer


def _tls_mode(decision: Decision, config: Config) -> str | None:
    cluster = _first_cluster(decision, config)
    return cluster.tls.mode if cluster is not None and cluster.tls is not None else None


def _circuit_breaker(decision: Decision, config: Config) -> dict[str, object] | None:
    cluster = _first_cluster(decision, config)
    if cluster is None:
        return None
    return _fields(cluster.circuit_breakers or CircuitBreakers())


def _outlier(decision: Decision, config: Config) -> dict[str, object] | None:
    cluster = _first_cluster(decision, config)
    if cluster is None or cluster.outlier_detection is None:
        return None
    return {
        **_fields(cluster.outlier_detection),
        "panic_threshold": cluster.common_lb.healthy_panic_threshold,
    }


def _fields(item: Any) -> dict[str, object]:
    return {name: getattr(item, name) for name in item.__dataclass_fields__}


def _detail(decision: Decision, config: Config) -> str:
    return "no_virtual_host" if decision.virtual_host is None else "no_route"


def _timeout(decision: Decision, config: Config) -> float:
    return decision.timeout or 0.0


_FIELDS: dict[str, Callable[[Decision, Config], object]] = {
    "body": lambda decision, config: decision.body.decode(errors="replace"),
    "circuit_breaker": _circuit_breaker,
    "cluster_choice": _cluster_choice,
    "clusters": _clusters,
    "detail": _detail,
    "fault": _fault,
    "hash_policies": _hash_policies,
    "lb": _balancer,
    "location": lambda decision, config: decision.location,
    "mirrors": _mirrors,
    "outlier": _outlier,
    "request_headers": _request_headers,
    "response_headers": _response_headers,
    "retries": _retries,
    "rewritten_authority": lambda decision, config: decision.authority,
    "rewritten_path": lambda decision, config: decision.path,
    "route_name": lambda decision, config: decision.route or None,
    "status": lambda decision, config: decision.status,
    "timeout": _timeout,
    "tls_mode": _tls_mode,
}
#: Lists whose order means nothing.
_UNORDERED = frozenset({"clusters", "retry_on", "retriable_status_codes"})


def _same(key: str, wanted: Any, actual: Any) -> bool:
    """Whether a stated value is the actual one: durations by value, objects by the fields stated."""
    if wanted is None:
        return actual is None or actual == [] or actual == ""
    if isinstance(wanted, Mapping):
        lower = key.endswith("_headers")
        return isinstance(actual, Mapping) and all(
            _same(name, item, actual.get(name.lower() if lower else name)) for name, item in wanted.items()
        )
    if isinstance(wanted, list):
        if not isinstance(actual, list) or len(wanted) != len(actual):
            return False
        if key in _UNORDERED:
            return _same_unordered(wanted, actual)
        return all(_same(key, item, found) for item, found in zip(wanted, actual, strict=True))
    if isinstance(actual, float) or isinstance(wanted, float):
        seconds = _seconds(wanted)
        number = isinstance(actual, int | float) and not isinstance(actual, bool)
        return number and seconds is not None and abs(seconds - actual) <= 1e-9 * max(1.0, abs(seconds))
    return bool(wanted == actual)


def _same_unordered(wanted: list[Any], actual: list[Any]) -> bool:
    left = list(actual)
    for item in wanted:
        for index, found in enumerate(left):
            if _same("", item, found):
                del left[index]
                break
        else:
            return False
    return True


def _seconds(value: Any) -> float | None:
    """A number as it is, a duration ("1.5s", "1m30s") in seconds."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, str) or _DURATION.sub("", value):
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in _DURATION.findall(value))
