"""The messages of ``grpc.health.v1.Health/Check``, framed as gRPC frames them."""

from __future__ import annotations

from meshcore._grpc_health import REQUEST, RESPONSE, SERVING
from meshcore._protobuf import WireError

__all__ = ["SERVING", "STATUSES", "request_message", "serving_status"]

#: HealthCheckResponse.ServingStatus.
STATUSES = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}
_PREFIX = 5  # a byte for compression, four for the length


def request_message(service: str) -> bytes:
    """A frame of gRPC with a HealthCheckRequest."""
    message = REQUEST.encode(service)
    return b"\0" + len(message).to_bytes(4, "big") + message


def serving_status(data: bytes) -> int | None:
    """The status in the one frame with a HealthCheckResponse; None where it is something else."""
    if len(data) < _PREFIX or data[0] or len(data) - _PREFIX != int.from_bytes(data[1:_PREFIX], "big"):
        return None
    try:
        return RESPONSE.decode(data[_PREFIX:])
    except WireError:
        return None
