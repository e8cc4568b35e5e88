"""Sessions that stay at one endpoint (Envoy's stateful session filter)."""

from __future__ import annotations

from meshcore.model._dataclass import dataclass

__all__ = ["SessionCookie", "SessionHeader", "StatefulSession"]


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """The endpoint's address is kept in a cookie. ``ttl``: whole seconds; 0: until the client's session ends.

    Only requests below ``path`` ("": all) have a session. ``attributes``: of the cookie, (name, value).
    """

    name: str
    ttl: int = 0
    path: str = ""
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SessionHeader:
    """The endpoint's address is kept in a header (lower-case) that the client sends back as it came."""

    name: str


@dataclass(frozen=True, slots=True)
class StatefulSession:
    """Requests go to the endpoint that they name, if the cluster has it and its health is one of
    ``CommonLbConfig.override_host_status``. ``state`` None: requests at this level have no session.

    ``strict``: no other endpoint will do. The answer then is ``missing_status`` where there is none of that
    address, and 503 where it is not healthy enough.
    """

    state: SessionCookie | SessionHeader | None = None
    strict: bool = False
    missing_status: int = 503
