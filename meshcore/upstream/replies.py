"""Answers that the proxy gives by itself, in Envoy's words."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = [
    "BROKEN_OFF",
    "CODEC_ERROR",
    "CONNECT_TIMEOUT",
    "HEAD_TOO_LARGE",
    "INTERNAL_ERROR",
    "MAX_DURATION",
    "OVERFLOW",
    "PER_TRY_IDLE",
    "PROTOCOL_ERROR",
    "RESET",
    "RESET_AFTER",
    "RESET_BEFORE_REQUEST",
    "RESPONSE_TIMEOUT",
    "STREAM_IDLE",
    "UNKNOWN_CODING",
    "UNKNOWN_DESTINATION",
    "UNSENDABLE",
    "UPGRADE_FAILED",
    "UPSTREAM_MAX_DURATION",
    "Reply",
    "UpstreamError",
    "connect_failure",
]


@dataclass(frozen=True, slots=True)
class Reply:
    """A local answer. ``close``: the client's connection cannot be used any further.

    ``error`` is what the engine is told of the attempt, or of the whole request ("" where no endpoint is to
    blame). ``transport``: what the details tell of a connection that could not be made.
    """

    status: int
    body: bytes
    flags: str
    details: str
    error: str = ""
    close: bool = False
    transport: str = ""


class UpstreamError(Exception):
    """No answer came from the endpoint; ``reply`` is what the client gets instead."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.details)
        self.reply = reply


_RESET = b"upstream connect error or disconnect/reset before headers. reset reason: "
_BEFORE = "upstream_reset_before_response_started"

#: What the client sent is no HTTP.
CODEC_ERROR = Reply(400, b"Bad Request", "DPE", "http1.codec_error", close=True)
HEAD_TOO_LARGE = Reply(431, b"Request Header Fields Too Large", "DPE", "http1.headers_too_large", close=True)
#: A Transfer-Encoding other than chunked.
UNKNOWN_CODING = Reply(501, b"Not Implemented", "DPE", "http1.invalid_transfer_encoding", close=True)
#: A header whose bytes are no UTF-8: our client cannot write them, and will not write others instead.
UNSENDABLE = Reply(400, b"Bad Request", "DPE", "http1.invalid_characters", close=True)
UPGRADE_FAILED = Reply(403, b"", "", "upgrade_failed", close=True)
#: Of a request that is not whole; the engine has the answer for others.
STREAM_IDLE = Reply(408, b"stream timeout", "SI", "stream_idle_timeout", "idle-timeout", close=True)
MAX_DURATION = Reply(
    408, b"downstream duration timeout", "", "max_duration_timeout", "max-stream-duration", close=True
)
INTERNAL_ERROR = Reply(500, b"internal error", "", "internal_error", close=True)
#: The route leads to wherever the client wants to go (Istio's PassthroughCluster): we are no open proxy.
UNKNOWN_DESTINATION = Reply(
    404,
    b"the configuration knows no service of this host, and this is no open proxy: nothing is sent to it\n",
    "NR",
    "original_destination_not_supported",
)
PROTOCOL_ERROR = Reply(502, _RESET + b"protocol error", "UPE", _BEFORE + "{protocol_error}", "protocol-error")
RESET = Reply(503, _RESET + b"connection termination", "UC", _BEFORE + "{connection_termination}", "reset")
#: The same, and nothing of the request had been sent.
RESET_BEFORE_REQUEST = replace(RESET, error="reset-before-request")
CONNECT_TIMEOUT = Reply(
    503, _RESET + b"connection timeout", "UF", _BEFORE + "{connection_timeout}", "connect-timeout"
)
#: A circuit breaker has no room: nothing has been sent, and trying again would not help.
OVERFLOW = Reply(503, _RESET + b"overflow", "UO", _BEFORE + "{overflow}", "overflow")
#: The answer had begun: the client's connection is cut, since nothing else tells it. A body of HTTP/1.1 that
#: ends before its end is a mistake in the protocol to Envoy, however its connection ended; a tunnel ends so.
_AFTER = "upstream_reset_after_response_started"
BROKEN_OFF = Reply(0, b"", "UPE", _AFTER + "{protocol_error}", "protocol-error", close=True)
RESET_AFTER = Reply(0, b"", "UC", _AFTER + "{connection_termination}", "reset", close=True)
RESPONSE_TIMEOUT = Reply(504, b"upstream request timeout", "UT", "response_timeout", "timeout")
#: These two cut an answer that has begun.
PER_TRY_IDLE = Reply(0, b"", "UT", "upstream_per_try_idle_timeout", "per-try-idle-timeout", close=True)
UPSTREAM_MAX_DURATION = Reply(0, b"", "UMSDR", "upstream_max_stream_duration_reached", close=True)


def connect_failure(reason: str) -> Reply:
    """No connection to the endpoint; ``reason`` is the system's word for why, which only the log tells."""
    transport = "delayed_connect_error:_" + reason.replace(" ", "_")
    return Reply(
        503,
        _RESET + b"remote connection failure",
        "UF",
        f"{_BEFORE}{{remote_connection_failure|{transport}}}",
        "connect-failure",
        transport=transport,
    )
