"""Fault policies in words."""

from __future__ import annotations

from collections.abc import Iterator

from meshcore.model import FaultPolicy, FaultRateLimit, FilterSwitch, Fraction, Listener

__all__ = ["fault_of", "fault_words", "share_words", "usual_fault"]


def share_words(fraction: Fraction | None) -> str:
    """``12.5%``; None is all."""
    return "100%" if fraction is None else f"{100 * fraction.numerator / fraction.denominator:.4g}%"


def fault_of(configs: tuple[tuple[str, object], ...]) -> FaultPolicy | None:
    """The fault filter's policy in a ``typed_per_filter_config``."""
    return next((config for _, config in configs if isinstance(config, FaultPolicy)), None)


def usual_fault(listener: Listener) -> FaultPolicy | None:
    """That of routes which find none of their own nor their virtual host's."""
    table = listener.route_configuration.typed_per_filter_config
    for name, config in listener.filters:
        if isinstance(config, FaultPolicy):
            said = [other for its, other in table if its == name]
            off = name in listener.disabled_filters if not said else said == [FilterSwitch(on=False)]
            if off:
                return None
    return fault_of(table) or listener.fault


def fault_words(policy: FaultPolicy) -> str:
    """What a policy does, to how many, and whom it concerns; the runtime's values where it has some."""
    return ", ".join([*_parts(policy)]) + "".join(f"; {only}" for only in _only(policy))


def _parts(policy: FaultPolicy) -> Iterator[str]:
    runtime = policy.runtime
    if policy.delay is not None:
        fixed = policy.delay.fixed if runtime.delay is None else runtime.delay / 1000
        what = "as x-envoy-fault-delay-request says" if policy.delay.header_controlled else f"{fixed:g} s"
        yield f"delay {what} for {_drawn(policy.delay.fraction, runtime.delay_fraction)}"
    if policy.abort is not None:
        yield f"abort {_status(policy)} for {_drawn(policy.abort.fraction, runtime.abort_fraction)}"
    if policy.response_rate_limit is not None:
        limit = policy.response_rate_limit
        yield f"answer {_rate(limit)} for {_drawn(limit.fraction, runtime.rate_limit_fraction)}"
    if policy.delay is None and policy.abort is None and policy.response_rate_limit is None:
        yield "none"


def _status(policy: FaultPolicy) -> str:
    assert policy.abort is not None
    if policy.abort.header_controlled:
        return "as x-envoy-fault-abort-request says"
    if policy.abort.http_status is not None:
        http = policy.runtime.http_status
        return f"with {policy.abort.http_status if http is None else http}"
    grpc = policy.runtime.grpc_status
    return f"with gRPC status {policy.abort.grpc_status if grpc is None else grpc}"


def _rate(limit: FaultRateLimit) -> str:
    return "as x-envoy-fault-throughput-response says" if limit.kbps is None else f"at {limit.kbps} KiB/s"


def _drawn(fraction: Fraction, runtime: Fraction | None) -> str:
    return share_words(fraction) if runtime is None else f"{share_words(runtime)} (runtime)"


def _only(policy: FaultPolicy) -> Iterator[str]:
    if policy.upstream_cluster:
        yield f"only to cluster {policy.upstream_cluster}"
    if policy.headers:
        yield f"only by header {', '.join(match.name for match in policy.headers)}"
    if policy.downstream_nodes:
        yield f"only from node {', '.join(policy.downstream_nodes)}"
    if policy.max_active_faults is not None:
        yield f"at most {policy.max_active_faults} at a time"
