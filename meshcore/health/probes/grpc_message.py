"""The messages of ``grpc.health.v1.Health/Check``, framed as gRPC frames them.

They have one field each, so they are written and read here rather than by protobuf's library.
"""

from __future__ import annotations

__all__ = ["SERVING", "STATUSES", "request_message", "serving_status"]

SERVING = 1
#: HealthCheckResponse.ServingStatus.
STATUSES = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}

_PREFIX = 5  # a byte for compression, four for the length


def request_message(service: str) -> bytes:
    """A frame of gRPC with a HealthCheckRequest."""
    name = service.encode()
    message = b"\x0a" + _varint(len(name)) + name if name else b""
    return b"\0" + len(message).to_bytes(4, "big") + message


def serving_status(data: bytes) -> int | None:
    """The status in the one frame with a HealthCheckResponse; None where it is something else."""
    if len(data) < _PREFIX or data[0] or len(data) - _PREFIX != int.from_bytes(data[1:_PREFIX], "big"):
        return None
    status, at = 0, _PREFIX
    while at < len(data):
        tag, at = _read_varint(data, at)
        value, at = _read_varint(data, at) if at else (0, 0)
        kind = tag & 7
        if not at or kind not in (0, 2):
            return None
        if kind == 2:
            at += value  # a field that we don't know
        elif tag == 8:
            status = value
    return status if at == len(data) else None


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The number and where it ends; 0, 0 where none is there."""
    number = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            break
        number |= (data[at] & 127) << shift
        at += 1
        if data[at - 1] < 128:
            return number, at
    return 0, 0
