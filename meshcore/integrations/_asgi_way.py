"""How requests that came to an ASGI app get to endpoints, and what is counted of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from meshcore.engine import Attempt, Decision
from meshcore.exchange import AttemptError
from meshcore.integrations._inbound import mark_of
from meshcore.mesh import Mesh
from meshcore.upstream.framing import framed

if TYPE_CHECKING:
    from meshcore.upstream.client import RequestBody, Response, Upstream
    from meshcore.upstream.connections import Connection, Connections
    from meshcore.upstream.mirrors import Copy, Mirrors

__all__ = ["STALLED", "Head", "Told", "Way"]

#: Seconds that an endpoint may take nothing while there is something for it (Envoy's stream_idle_timeout).
STALLED = 300.0


class Told:
    """What is counted of a request, however it ends."""

    __slots__ = ("flag", "status")

    def __init__(self) -> None:
        self.status = 0  #: of the answer; 0: there is none
        self.flag = ""  #: Envoy's response flag, beside the decision's

    def count(self, mesh: Mesh, decision: Decision, flags: str) -> None:
        """``flags``: the decision's, as far as they are to be told."""
        told = ",".join(filter(None, (self.flag, flags)))
        mesh.requests.count((decision.cluster or "", self.status, told))


class Way:
    """To endpoints, from one event loop."""

    def __init__(self, mesh: Mesh) -> None:
        try:
            from meshcore.upstream.client import Upstream
            from meshcore.upstream.mirrors import Mirrors
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "forwarding to other services needs httptools, which is missing; install it by: "
                "pip install 'meshcore-engine[proxy]'",
                name=error.name,
            ) from error
        self.mesh = mesh
        self.upstream: Upstream = Upstream(certificates=lambda: mesh.certificates)
        self.connections: Connections = mesh.connections
        self.mirrors: Mirrors = Mirrors(
            mesh.engine,
            upstream=lambda: self.upstream,
            connections=self.connections,
            cluster=lambda name: mesh.view().cluster(name),
            address=mesh.address,
            count=mesh.counters.count,
            finished=lambda *over: mesh.requests.count(over),
            mark=mark_of(mesh),
        )

    async def send(
        self,
        decision: Decision,
        attempt: Attempt,
        lines: Sequence[tuple[bytes, bytes]],
        body: RequestBody | None = None,
        length: bytes | None = None,
        leave: Callable[[], object] = lambda: None,
    ) -> Head:
        """Make an attempt, with these lines behind Host.

        Args:
            length: the Content-Length with which the body came.
            leave: the attempt wants no more of the body.

        Raises:
            AttemptError: it has failed.
            UpstreamError: it cannot be sent, and no endpoint is to blame.
        """
        from meshcore.upstream.connections import Place
        from meshcore.upstream.replies import UpstreamError

        cluster = self.mesh.view().cluster(decision.cluster)
        assert decision.cluster is not None
        host = attempt.authority.encode("utf-8", "surrogateescape")
        framing = length if body is not None else b"0"
        headers = [(b"Host", host), *framed(lines, framing), mark_of(self.mesh)]
        connection: Connection | None = None
        try:
            place = Place(decision.cluster, attempt.endpoint, decision.priority)
            connection = await self.connections.take(place)
            response = await self.upstream.send(
                self.mesh.address(cluster, attempt.endpoint),
                cluster,
                decision.method,
                attempt.path,
                headers,
                body,
                connection,
            )
        except BaseException as error:
            leave()
            if connection is not None:
                connection.close()
            if isinstance(error, UpstreamError) and error.reply.error:
                raise AttemptError(error.reply.error) from error
            raise
        return Head(response, connection, leave)

    def begin_copies(self, decision: Decision, length: bytes | None, *, body: bool) -> Sequence[Copy]:
        """Send the copies that a decision asks for, to be fed the ``body``, which came with this length."""
        return self.mirrors.begin(decision, length if body else b"0", body=body)


class Head:
    """The head of an answer, and what its body comes by."""

    def __init__(self, response: Response, connection: Connection, leave: Callable[[], object]) -> None:
        self.status = response.status
        self.headers = response.raw_headers
        self.response = response
        self._connection = connection
        self._leave = leave

    def close(self) -> None:
        self.response.close()
        self._connection.close()
        self._leave()  # an endpoint may answer while it still reads
