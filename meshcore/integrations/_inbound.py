"""What an ASGI and a WSGI middleware do alike with a request that comes in."""

from __future__ import annotations

from collections.abc import Iterable

from meshcore.engine import Decision, Outcome
from meshcore.mesh import Mesh
from meshcore.mesh.view import Own, own
from meshcore.upstream.headers import Line, read_head
from meshcore.upstream.mark import MARK, mark_line, marks

__all__ = ["MARK", "Inbound", "goes_in_circles", "lines_told", "mark_of", "may_be_copied", "port_of"]

#: How often a request is forwarded by those who do not believe each other.
_MOST_FORWARDS = 8

#: Flags of what limits refuse: by their count, or since their service cannot be asked.
_LIMITED = frozenset({"RL", "RLSE"})


def mark_of(mesh: Mesh) -> Line:
    """The header line by which this process names itself to those that it calls."""
    return mark_line(mesh.service)


def goes_in_circles(headers: Iterable[Line]) -> bool:
    """Whether a request that came with these lines, and is to be forwarded, has been so too often: each who
    did that named itself."""
    return len(marks(headers)) > _MOST_FORWARDS


def may_be_copied(headers: Iterable[Line]) -> bool:
    """Whether mirrors may get a copy of a request that came with these lines.

    Who names itself has sent the copies, or is sending one. That counts even where it is not believed: copies
    would make copies for ever. Of what asks for another protocol there is none: nobody would speak it.
    """
    lines = list(headers)
    return not marks(lines) and read_head(lines).upgrade is None


def port_of(value: str | int | None) -> int:
    """A client's port as a server tells it: Werkzeug's WSGI has a number, Granian's ASGI a text; 0: it is
    none."""
    text = str(value)
    port = int(text) if len(text) <= 5 and text.isascii() and text.isdigit() else 0
    return port if port <= 65535 else 0


def lines_told(decision: Decision, *, tells_id: bool) -> list[tuple[bytes, bytes]]:
    """What a decision that is itself an answer tells of limits, for the app that answers in its place;
    ``tells_id``: and the request's id."""
    if not (decision.limits or tells_id):
        return []
    lines: list[tuple[bytes, bytes]] = decision.response_headers()
    told = (b"ratelimit", b"x-ratelimit-", b"x-request-id") if tells_id else (b"ratelimit", b"x-ratelimit-")
    return [(name, value) for name, value in lines if name.lower().startswith(told)]


class Inbound:
    """A service's side of the mesh: which requests are for its app."""

    def __init__(self, mesh: Mesh, service: str | None) -> None:
        self.mesh = mesh
        self.service = service if service is not None else mesh.service
        if self.service is not None:
            mesh.serve(self.service)
        self._config: object = None
        self._own = own(mesh.engine.config, None, "")

    def for_app(self, decision: Decision, *, called: bool) -> bool:
        """Whether the request goes to the app that the middleware is around.

        That is what is routed to the service itself. Where the configuration does not know the host, the app
        answers as if there were no mesh: so health checks reach it by its address.

        Args:
            called: the caller is in the mesh and went by the routes already: only limits are left to apply.
        """
        if called or self.mesh.view().limits_alone:
            if decision.outcome is not Outcome.REJECT:
                return True
            # What is malformed has no flag, and no limit has seen it: it must not be a way around them.
            return bool(decision.flags) and _LIMITED.isdisjoint(decision.flags.split(","))
        if decision.outcome is Outcome.FORWARD:
            return decision.cluster in self.own().clusters
        unknown = decision.flags == "NR" or decision.details == "upgrade_failed"
        return decision.virtual_host is None and unknown

    def copies(self, decision: Decision, headers: Iterable[Line], *, called: bool) -> bool:
        """Whether mirrors are to get copies of a request that came with these lines, for the app."""
        asked = not called and self.mesh.view().mirrors and bool(decision.mirrors)
        return asked and may_be_copied(headers)

    def name(self, decision: Decision, *, called: bool) -> None:
        """See that what the app answers is not shown as another subset's than the one that the process is."""
        name = self.own().name(decision.cluster or "", called=called)
        if name is not None:
            decision.name_cluster(name)

    def own(self) -> Own:
        """What the configuration says of the service."""
        config = self.mesh.engine.config
        if config is not self._config:
            self._own = own(config, self.service, self.mesh.node.namespace)
            self._config = config
        return self._own
