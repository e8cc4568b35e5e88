"""The call ``grpc.health.v1.Health/Check`` (Envoy's source/extensions/health_checkers/grpc).

Its two messages have one field each, so they are written and read here rather than by protobuf's library.
"""

from __future__ import annotations

from meshcore.health.probes.http import USER_AGENT, edited
from meshcore.health.probes.http2 import Headers, StreamProbe
from meshcore.health.probes.probe import Target
from meshcore.health.verdict import Failure, Verdict
from meshcore.model import GrpcHealthCheck

__all__ = ["GrpcProbe", "request_message", "serving_status"]

SERVING = 1
#: HealthCheckResponse.ServingStatus.
_STATUSES = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}
_PREFIX = 5  # a byte for compression, four for the length
_MOST = 4096


class GrpcProbe(StreamProbe):
    def __init__(self, check: GrpcHealthCheck, target: Target, reuse: bool, timeout: float) -> None:
        super().__init__(reuse)
        lines = [
            (":method", "POST"),
            (":authority", target.authority),
            (":scheme", "https" if target.secure else "http"),
            (":path", "/grpc.health.v1.Health/Check"),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
            ("user-agent", USER_AGENT),
            ("grpc-timeout", f"{min(max(1, round(timeout * 1000)), 99_999_999)}m"),
        ]
        self._headers = edited(lines, check.initial_metadata, (), target, "HTTP/2")
        self._body = request_message(check.service_name)
        self._received = bytearray()

    def request(self) -> tuple[Headers, bytes]:
        self._received.clear()
        return self._headers, self._body

    def on_headers(self, headers: dict[str, str], ended: bool) -> Verdict | None:
        if headers[":status"] != "200":
            if ended and "grpc-status" in headers:
                return self._complete(headers)
            return _failed(f"status {headers[':status']}")
        content = headers.get("content-type", "")
        if ended and "grpc-status" in headers:
            return self._complete(headers)
        if content != "application/grpc" and not content.startswith(
            ("application/grpc+", "application/grpc;")
        ):
            return _failed("the answer is not of gRPC")
        return _failed("the answer ended without a gRPC status") if ended else None

    def on_data(self, data: bytes, ended: bool) -> Verdict | None:
        self._received += data
        if ended:
            return _failed("the answer ended without a gRPC status")
        return _failed("the answer is too long") if len(self._received) > _MOST else None

    def on_trailers(self, headers: dict[str, str]) -> Verdict | None:
        return self._complete(headers)

    def _complete(self, headers: dict[str, str]) -> Verdict:
        status = headers.get("grpc-status", "")
        if status != "0":
            message = headers.get("grpc-message", "")
            return _failed(f"gRPC status {status or 'missing'}" + (f": {message}" if message else ""))
        serving = serving_status(bytes(self._received))
        if serving == SERVING:
            return Verdict(reason="SERVING")
        return _failed("no valid message came" if serving is None else _STATUSES.get(serving, str(serving)))


def _failed(reason: str) -> Verdict:
    return Verdict(Failure.ACTIVE, reason)


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
