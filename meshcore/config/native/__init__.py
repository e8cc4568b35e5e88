"""Documents of our own (``apiVersion: meshcore/v1``): what neither Istio nor Envoy says in a few words."""

from meshcore.config.native.load import (
    ALONE,
    API_VERSION,
    NativeLimits,
    alone,
    rate_limits_of,
    with_rate_limits,
)

__all__ = ["ALONE", "API_VERSION", "NativeLimits", "alone", "rate_limits_of", "with_rate_limits"]
