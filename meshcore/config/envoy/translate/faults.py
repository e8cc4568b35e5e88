"""The fault filter: what the document says, and the runtime in its place."""

from __future__ import annotations

import re

from meshcore.config.envoy.runtime import fraction
from meshcore.config.envoy.schema import filters as schema
from meshcore.config.envoy.schema.base import FractionalPercent
from meshcore.config.envoy.translate.context import Context
from meshcore.config.envoy.translate.matching import header_matches
from meshcore.model import FaultAbort, FaultDelay, FaultPolicy, FaultRateLimit, FaultRuntime, Fraction

__all__ = ["fault_policy"]

#: Envoy's keys under "fault.http.", for all requests.
_DELAY_PERCENT = "delay.fixed_delay_percent"
_DELAY = "delay.fixed_duration_ms"
_ABORT_PERCENT = "abort.abort_percent"
_HTTP_STATUS = "abort.http_status"
_GRPC_STATUS = "abort.grpc_status"
_RATE_PERCENT = "rate_limit.response_percent"
_MAX_ACTIVE = "max_active_faults"
_KEYS = "fault.http."
#: Those that there may be for the requests of one downstream cluster, whose name stands before them.
_OF_DOWNSTREAM = (_DELAY_PERCENT, _DELAY, _ABORT_PERCENT, _HTTP_STATUS, _GRPC_STATUS)
_DOWNSTREAM_KEY = re.compile(
    rf"{re.escape(_KEYS)}(.*)\.(?:{'|'.join(map(re.escape, _OF_DOWNSTREAM))})", re.DOTALL
)


def fault_policy(context: Context, config: schema.HttpFault) -> FaultPolicy:
    delay, abort, rate = config.delay, config.abort, config.response_rate_limit
    most = context.runtime.number(config.max_active_faults_runtime or _KEYS + _MAX_ACTIVE)
    return FaultPolicy(
        delay=(
            FaultDelay(_percentage(delay.percentage), delay.fixed_delay, delay.header_delay is not None)
            if delay is not None
            else None
        ),
        abort=(
            FaultAbort(
                _percentage(abort.percentage),
                abort.http_status,
                abort.grpc_status,
                abort.header_abort is not None,
            )
            if abort is not None
            else None
        ),
        upstream_cluster=config.upstream_cluster,
        headers=header_matches(context, config.headers),
        max_active_faults=config.max_active_faults if most is None else most,
        downstream_nodes=tuple(config.downstream_nodes),
        response_rate_limit=(
            FaultRateLimit(
                _percentage(rate.percentage), rate.fixed_limit.limit_kbps if rate.fixed_limit else None
            )
            if rate is not None
            else None
        ),
        runtime=FaultRuntime(
            delay_fraction=context.runtime.share(config.delay_percent_runtime or _KEYS + _DELAY_PERCENT),
            abort_fraction=context.runtime.share(config.abort_percent_runtime or _KEYS + _ABORT_PERCENT),
            rate_limit_fraction=context.runtime.share(
                config.response_rate_limit_percent_runtime or _KEYS + _RATE_PERCENT
            ),
            delay=context.runtime.number(config.delay_duration_runtime or _KEYS + _DELAY),
            http_status=_status(context, config, config.abort_http_status_runtime or _KEYS + _HTTP_STATUS),
            grpc_status=context.runtime.number(config.abort_grpc_status_runtime or _KEYS + _GRPC_STATUS),
        ),
        downstream_clusters=_downstreams(context, config),
    )


def _percentage(percent: FractionalPercent | None) -> Fraction:
    # An unset percentage is 0, not 100, as in Envoy.
    return fraction(percent) if percent is not None else Fraction(0)


def _downstreams(context: Context, config: schema.HttpFault) -> tuple[tuple[str, FaultRuntime], ...]:
    found = {match[1] for match in map(_DOWNSTREAM_KEY.fullmatch, context.runtime.keys()) if match}
    return tuple(
        (
            name,
            FaultRuntime(
                delay_fraction=context.runtime.share(f"{_KEYS}{name}.{_DELAY_PERCENT}"),
                abort_fraction=context.runtime.share(f"{_KEYS}{name}.{_ABORT_PERCENT}"),
                delay=context.runtime.number(f"{_KEYS}{name}.{_DELAY}"),
                http_status=_status(context, config, f"{_KEYS}{name}.{_HTTP_STATUS}"),
                grpc_status=context.runtime.number(f"{_KEYS}{name}.{_GRPC_STATUS}"),
            ),
        )
        for name in sorted(found)
    )


def _status(context: Context, config: schema.HttpFault, key: str) -> int | None:
    """The HTTP status under ``key``; one that cannot be sent is left aside, which Envoy does not see to."""
    status = context.runtime.number(key)
    if status is None or 200 <= status < 600:
        return status
    context.warn(config, "", f"the runtime's {key} is {status}, not 200 to 599: the policy's own holds")
    return None
