"""The call ``grpc.health.v1.Health/Check`` (Envoy's source/extensions/health_checkers/grpc)."""

from __future__ import annotations

from meshcore.health.probes.grpc_message import SERVING, STATUSES, request_message, serving_status
from meshcore.health.probes.http import USER_AGENT, edited
from meshcore.health.probes.http2 import Headers, StreamProbe
from meshcore.health.probes.probe import Target
from meshcore.health.verdict import Failure, Verdict
from meshcore.model import GrpcHealthCheck

__all__ = ["GrpcProbe"]

#: Bytes of an answer, which has one small message.
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
        return _failed("no valid message came" if serving is None else STATUSES.get(serving, str(serving)))


def _failed(reason: str) -> Verdict:
    return Verdict(Failure.ACTIVE, reason)
