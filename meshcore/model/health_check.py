"""Active health checks of a cluster's endpoints (Envoy v3 ``HealthCheck``).

Durations are seconds as floats; ``None``: Envoy's default, which is another field of the same check.
"""

from __future__ import annotations

from meshcore.model._dataclass import dataclass
from meshcore.model.headers import HeaderValue
from meshcore.model.matching import RangeMatch, StringMatch

__all__ = [
    "EndpointHealthCheck",
    "GrpcHealthCheck",
    "HealthCheck",
    "HttpHealthCheck",
    "TcpHealthCheck",
]

#: What headers of checks may name by format strings (meshcore.model.format): the rest is of requests.
CHECK_COMMANDS = frozenset({"PROTOCOL", "UPSTREAM_HOST", "UPSTREAM_REMOTE_ADDRESS"})


@dataclass(frozen=True, slots=True)
class HttpHealthCheck:
    """A request whose answer's status says how the endpoint is.

    ``host`` "": the cluster's name. A status that is neither expected nor retriable fails the endpoint at
    once; a retriable one counts towards the unhealthy threshold. ``receive``: pieces that the first
    ``response_buffer_size`` bytes of the body (0: all of it) must have, in that order.
    """

    path: str
    host: str = ""
    method: str = "GET"
    send: bytes = b""
    receive: tuple[bytes, ...] = ()
    response_buffer_size: int = 1024
    request_headers_to_add: tuple[HeaderValue, ...] = ()
    request_headers_to_remove: tuple[str, ...] = ()
    expected_statuses: tuple[RangeMatch, ...] = (RangeMatch(200, 201),)
    retriable_statuses: tuple[RangeMatch, ...] = ()
    http2: bool = False
    service_name: StringMatch | None = None  #: of ``x-envoy-upstream-healthchecked-cluster``


@dataclass(frozen=True, slots=True)
class TcpHealthCheck:
    """A connection, or bytes to send and pieces that must come back, in that order.

    Without ``receive`` the connection is all that is asked for, and nothing is sent.
    """

    send: bytes = b""
    receive: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class GrpcHealthCheck:
    """The call ``grpc.health.v1.Health/Check``; ``authority`` "": the cluster's name."""

    service_name: str = ""
    authority: str = ""
    initial_metadata: tuple[HeaderValue, ...] = ()


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """How and how often the endpoints of a cluster are checked."""

    checker: HttpHealthCheck | TcpHealthCheck | GrpcHealthCheck
    timeout: float = 1.0  #: of one check, the connection included
    interval: float = 10.0
    unhealthy_threshold: int = 3  #: failures in a row until an endpoint is unhealthy
    healthy_threshold: int = 1  #: successes in a row until it is healthy; the very first check decides alone
    initial_jitter: float = 0.0
    interval_jitter: float = 0.0
    interval_jitter_percent: int = 0
    reuse_connection: bool = True
    no_traffic_interval: float = 60.0  #: while no request has gone to the cluster
    no_traffic_healthy_interval: float | None = None
    unhealthy_interval: float | None = None
    unhealthy_edge_interval: float | None = None  #: after a failure that did not make it unhealthy yet
    healthy_edge_interval: float | None = None  #: after a success that did not make it healthy yet
    alpn_protocols: tuple[str, ...] = ()  #: offered where the check goes over TLS
    always_log_failures: bool = False
    always_log_success: bool = False


@dataclass(frozen=True, slots=True)
class EndpointHealthCheck:
    """What is special about checking one endpoint; "" and 0: as its traffic."""

    address: str = ""
    port: int = 0
    hostname: str = ""  #: the authority that checks send
    disabled: bool = False
