"""Parameters of the load balancing policies: of a cluster's own fields, or of a typed policy."""

from __future__ import annotations

from meshcore.config.envoy.schema import balancing as schema
from meshcore.config.envoy.schema.base import RuntimeDouble
from meshcore.config.envoy.translate.context import Context
from meshcore.config.schema import Record, is_set
from meshcore.model import (
    ClientSideWeighted,
    LeastRequest,
    Maglev,
    PeakEwma,
    RingHash,
    SlowStart,
    is_prime,
    range_of,
)

__all__ = [
    "client_side_weighted_parameters",
    "least_request_parameters",
    "maglev_parameters",
    "peak_ewma_parameters",
    "ring_hash_parameters",
    "slow_start_parameters",
]


def ring_hash_parameters(
    context: Context, config: schema.RingHashLbConfig | schema.TypedRingHash
) -> RingHash:
    if config.minimum_ring_size > config.maximum_ring_size:
        given = "minimum_ring_size" if is_set(config, "minimum_ring_size") else "maximum_ring_size"
        context.error(
            config,
            given,
            f"minimum_ring_size ({config.minimum_ring_size}) is more than "
            f"maximum_ring_size ({config.maximum_ring_size})",
        )
    name = config.hash_function.name
    return RingHash(
        "XX_HASH" if name == "DEFAULT_HASH" else name, config.minimum_ring_size, config.maximum_ring_size
    )


def maglev_parameters(context: Context, config: schema.MaglevLbConfig | schema.TypedMaglev) -> Maglev:
    if not is_prime(config.table_size):
        context.error(config, "table_size", found=str(config.table_size), expected="a prime number")
    return Maglev(config.table_size)


def least_request_parameters(
    context: Context, config: schema.LeastRequestLbConfig | schema.TypedLeastRequest
) -> LeastRequest:
    bias = _double(context, config, "active_request_bias", LeastRequest)
    return LeastRequest(config.choice_count, bias)


def slow_start_parameters(context: Context, config: schema.SlowStartConfig | None) -> SlowStart | None:
    if config is None:
        return None
    lowest = config.min_weight_percent
    return SlowStart(
        config.slow_start_window or 0.0,
        _double(context, config, "aggression", SlowStart),
        lowest.value if lowest is not None else SlowStart().min_weight_percent,
    )


def peak_ewma_parameters(context: Context, config: schema.TypedPeakEwma) -> PeakEwma:
    default = PeakEwma()
    penalty = _given(config.penalty_value, default.penalty_value)
    allowed = range_of(PeakEwma, "penalty_value")
    if penalty not in allowed:
        context.error(config, "penalty_value", found=f"{penalty:g}", expected=str(allowed))
    return PeakEwma(
        _given(config.decay_time, default.decay_time),
        _given(config.default_rtt, default.default_rtt),
        penalty,
    )


def client_side_weighted_parameters(
    context: Context, config: schema.TypedClientSideWeighted
) -> ClientSideWeighted:
    if config.enable_oob_load_report:
        message = "reports are not fetched: they come with answers, or by Engine.report_load()"
        context.error(config, "enable_oob_load_report", message, expected="false")
    default = ClientSideWeighted()
    return ClientSideWeighted(
        _given(config.blackout_period, default.blackout_period),
        _given(config.weight_expiration_period, default.weight_expiration_period),
        _given(config.weight_update_period, default.weight_update_period),
        config.error_utilization_penalty,
        tuple(config.metric_names_for_computing_utilization),
    )


def _double(context: Context, config: Record, field: str, parameters: type) -> float:
    """A parameter that Envoy reads at run time, so that it takes the default for what is out of range."""
    default: float = getattr(parameters(), field)
    given: RuntimeDouble | None = getattr(config, field)
    if given is None:
        return default
    allowed = range_of(parameters, field)
    if given.default_value in allowed:
        return given.default_value
    context.warn(config, field, f"found {given.default_value:g}, expected {allowed}: {default:g} counts")
    return default


def _given(value: float | None, default: float) -> float:
    return default if value is None else value
