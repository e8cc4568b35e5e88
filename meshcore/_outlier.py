"""What the bindings of outlier detection share: parameters for the core, and what is known of a host."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

from meshcore._failures import failure_number
from meshcore.model.outlier import OutlierDetection, check_outlier_detection, with_outlier_defaults

__all__ = [
    "EjectionStatus",
    "checked_number",
    "checked_status",
    "core_parameters",
    "nanoseconds",
    "status_of",
]

_NANOSECONDS = 1_000_000_000
_TIMEOUTS = ("per-try-timeout", "per-try-idle-timeout", "timeout")
# Half the range is 292 years; now and a duration must add up.
_LONGEST = 9_000_000_000.0


# Optional, not "|", which PyPy 3.9 does not know.
class EjectionStatus(NamedTuple):
    """What outlier detection knows of a host."""

    host: str
    ejected: bool
    reason: Optional[str]  # noqa: UP045
    time_left: float
    ejections: int
    multiplier: int
    success_rate: Optional[float]  # noqa: UP045
    local_origin_success_rate: Optional[float]  # noqa: UP045


def status_of(
    host: str, ejected: bool, reason: str, left_ns: int, ejections: int, multiplier: int, rates: list[float]
) -> EjectionStatus:
    external, local = [rate if rate >= 0 else None for rate in rates]
    why, left = (reason, left_ns / _NANOSECONDS) if ejected else (None, 0.0)
    return EjectionStatus(host, ejected, why, left, ejections, multiplier, external, local)


def checked_status(status: int) -> int:
    """A status of HTTP; an http.HTTPStatus will do."""
    if not isinstance(status, int) or isinstance(status, bool):
        raise TypeError(f"a status is an int, not {status!r}")
    if not 100 <= status < 1000:
        raise ValueError(f"status is {status}; expected 100 to 999")
    return int(status)


def failure_of_host(error: Optional[str], status: object, grpc_status: object) -> int:  # noqa: UP045
    """The core's number; 0 for None. Beside a timeout the status is what the client was answered with.

    Raises:
        ValueError: for another text, or for an answer beside an error that leaves none.
    """
    if grpc_status is not None:
        status = grpc_status
    elif error in _TIMEOUTS:
        status = None
    return failure_number(error, status)


def checked_number(value: int, name: str, most: int) -> int:
    """As meshcore._given has it."""
    if not isinstance(value, int):
        raise TypeError(f"{name} is {value!r}; expected an int")
    if not 0 <= value <= most:
        raise ValueError(f"{name} is {value}; expected 0 to {most}")
    return value


def core_parameters(given: OutlierDetection) -> dict[str, Any]:
    """The fields of an ``mc_outlier_spec``, but for the error codes.

    Raises:
        ValueError: for what is out of its range.
    """
    for problem in check_outlier_detection(given):
        raise ValueError(f"OutlierDetection.{problem}")
    full: Any = with_outlier_defaults(given)
    same = (
        "consecutive_5xx",
        "consecutive_gateway_failure",
        "consecutive_local_origin_failure",
        "max_ejection_percent",
        "always_eject_one_host",
        "split_external_local_origin_errors",
        "success_rate_minimum_hosts",
        "success_rate_request_volume",
        "success_rate_stdev_factor",
        "failure_percentage_threshold",
        "failure_percentage_minimum_hosts",
        "failure_percentage_request_volume",
    )
    times = ("interval", "base_ejection_time", "max_ejection_time", "max_ejection_time_jitter")
    return {
        **{name: getattr(full, name) for name in same},
        **{f"{name}_ns": nanoseconds(getattr(full, name)) for name in times},
        "successful_health_check_unejects": full.successful_active_health_check_uneject_host,
        # In the order of mc_ejection.
        "enforcing": [
            full.enforcing_consecutive_5xx,
            full.enforcing_consecutive_gateway_failure,
            full.enforcing_consecutive_local_origin_failure,
            full.enforcing_success_rate,
            full.enforcing_local_origin_success_rate,
            full.enforcing_failure_percentage,
            full.enforcing_failure_percentage_local_origin,
        ],
    }


def nanoseconds(seconds: float) -> int:
    return int(min(max(seconds, 0.0), _LONGEST) * _NANOSECONDS)
