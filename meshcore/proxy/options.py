"""What the proxy can be told beside its configuration documents: bounds and times."""

from __future__ import annotations

from dataclasses import dataclass

from meshcore import _options as option
from meshcore.upstream.mirrors import MAX_BODY, MAX_COPIES

__all__ = ["ProxyOptions"]


@dataclass(frozen=True, slots=True)
class ProxyOptions:
    """Bounds and times of the proxy itself. Times are seconds; 0 means no limit."""

    #: How long a client's connection may stay without a complete request head: idle between two
    #: requests, or dribbling header bytes.
    client_idle_timeout: float = 75.0
    #: How long a stream may make no progress in either direction (Envoy's stream_idle_timeout).
    stream_idle_timeout: float = 300.0
    #: To establish an upstream connection, where the cluster says nothing (Envoy's default is 5 s).
    connect_timeout: float = 5.0
    #: How long an unused upstream connection is kept.
    upstream_idle_timeout: float = 15.0
    #: Request line and headers of one request together (Envoy's max_request_headers_kb).
    max_request_head: int = 60 * 1024
    #: Header lines of one request or response (Envoy's max_headers_count).
    max_headers: int = 100
    #: How long serving a configuration waits for the first answers to its names (STRICT_DNS, LOGICAL_DNS).
    dns_wait: float = 10.0
    #: How long serving another configuration waits for the first checks of the endpoints that it brings.
    checks_wait: float = 10.0
    #: Bytes buffered in each direction of a stream before the sender is held back.
    buffer_size: int = 64 * 1024
    #: Copies of requests (mirrors) that are under way at a time; what goes beyond is not sent.
    max_mirrors: int = MAX_COPIES
    #: Bytes of a body that wait for one mirror; a mirror that falls behind further is given up.
    mirror_buffer_size: int = MAX_BODY

    def __post_init__(self) -> None:
        """
        Raises:
            TypeError, ValueError: a field is out of range, or no number.
        """
        for name in (
            "client_idle_timeout",
            "stream_idle_timeout",
            "connect_timeout",
            "upstream_idle_timeout",
            "dns_wait",
            "checks_wait",
        ):
            option.seconds(name, getattr(self, name))
        for name in ("max_request_head", "max_headers", "buffer_size"):
            option.whole(name, getattr(self, name), 1)
        for name in ("max_mirrors", "mirror_buffer_size"):
            option.whole(name, getattr(self, name), 0)
