"""What the transports of threads and of asyncio share: the mesh's decisions under an httpx client.

httpx and httpx2 have the same names, and each of them has a module of ours that says which one it is for.
"""

from __future__ import annotations

from typing import Any, ClassVar

from meshcore.certificates import CannotSecure
from meshcore.engine import Attempt, Decision
from meshcore.exchange import AttemptError
from meshcore.integrations._httpx_answers import Held
from meshcore.integrations._httpx_given import Given
from meshcore.integrations._httpx_reading import within
from meshcore.integrations._httpx_requests import Sent, error_of, is_sent_again, rewind
from meshcore.integrations._outbound import Line, Outbound, Way, body_of, whither
from meshcore.integrations._pools import Pools
from meshcore.integrations._spans import Calling
from meshcore.mesh import Mesh
from meshcore.upstream.framing import framed, framed_answer, framing_of

__all__ = ["Transport"]


class Transport:
    """What the transports of threads and of asyncio share.

    Args:
        mesh: the mesh of the process.
        transport: what sends, for tests: it gets each attempt as a request to the endpoint's address. None:
            the library's own transport does.
        options: those of the library's own transport.

    Raises:
        TypeError: the transport is none of this kind, or there are options beside it.
    """

    #: httpx, or what has its names, httpcore under it, and the transport of it that connects.
    _lib: ClassVar[Any]
    _core: ClassVar[Any]
    _inner: ClassVar[str]

    def __init__(self, mesh: Mesh, *, transport: Any = None, **options: Any) -> None:
        self._out = Outbound(mesh)
        self._given = None if transport is None else Given(self._lib, transport, self._inner)
        if self._given is not None and options:
            raise TypeError(
                f"{', '.join(options)}: options of {self._inner}, which has no part beside transport"
            )
        if "limits" not in options:
            # The library keeps 20 idle ones: a service that has more endpoints would get none of them again.
            options["limits"] = self._lib.Limits(max_connections=100, max_keepalive_connections=100)
        self._options = options
        self._plain = self._given or self._new(options)
        #: The library sets them in the context that it is given: others, who do not speak them, have another.
        self._protocols = ("http/1.1", "h2") if options.get("http2") else ("http/1.1",)
        self._others = Pools(self._close)

    def _new(self, options: dict[str, Any]) -> Any:
        return getattr(self._lib, self._inner)(**options)

    def _stream(self, held: Held, decision: Decision) -> Any:
        """The body of an answer, which is read until the deadline."""
        raise NotImplementedError

    def _close(self, transport: Any) -> object:
        """Close a transport that nobody uses any more."""
        return transport.close()

    def _decide(self, request: Any) -> tuple[Decision, Calling | None]:
        url = request.url
        target = request.extensions.get("target", url.raw_path)
        return self._out.decide(request.method, target, request.headers.raw, scheme=url.scheme)

    def _misplaced(self, client: str, right: str) -> TypeError:
        """What a client of the other kind is told."""
        lib = self._lib.__name__
        return TypeError(f"transport: {lib}.{client} takes {right}, not {type(self).__name__}")

    def _transport(self, way: Way, held: Held) -> Any:
        """The pool of connections for a way. The library's pools do not tell server names apart.

        Raises:
            AttemptError: the connection cannot be made as the configuration asks.
        """
        if self._given is not None or not (way.secure or way.unix):
            return self._plain
        options = dict(self._options)
        try:
            if way.tls is not None:
                options["verify"] = self._out.mesh.certificates.context(way.tls, self._protocols)
        except CannotSecure as error:
            raise AttemptError("connect-failure") from error
        if way.unix:
            options["uds"] = way.address
        key = (options.get("verify"), way.address if way.unix else way.server_name)
        held.pool = self._others.take(key, lambda: self._new(options))
        return held.pool.transport

    def _lines(self, request: Any, decision: Decision, attempt: Attempt) -> list[Line]:
        """The header lines of an attempt, but for Host."""
        return self._out.lines(decision, attempt)

    def _attempt(
        self, request: Any, decision: Decision, attempt: Attempt, limit: float | None, held: Held
    ) -> tuple[Any, Sent]:
        """The transport for an attempt, and the request to give it."""
        authority = attempt.authority
        way = self._out.way(decision, attempt.endpoint, authority, secure=request.url.scheme == "https")
        lines = framed(self._lines(request, decision, attempt), *framing_of(request.headers.raw))
        lines.insert(0, (b"Host", authority.encode()))
        if not self._whole(request):
            rewind(request)
        target = attempt.path.encode()
        extensions = request.extensions
        if way.secure or limit is not None or "target" in extensions:
            extensions = {**extensions, "target": target}
            if way.secure:
                extensions["sni_hostname"] = way.server_name
            if limit is not None:
                held.given = extensions.get("timeout")
                held.timeouts = extensions["timeout"] = within(held.given, limit)
        address = None if way.unix else way.address
        sent = Sent(decision.method, address, target, lines, request.stream, extensions, secure=way.secure)
        return self._transport(way, held), sent

    def _failed(self, error: Exception, decision: Decision, attempt: Attempt) -> AttemptError:
        """What the decision is told of the library's error, which will tell where the attempt went.

        Raises:
            Exception: the error itself, where it is not about the endpoint.
        """
        word = error_of(self._lib, error)
        if word is None:
            raise error
        where = whither(decision, attempt)
        error.args = (f"{error} ({where})" if str(error) else where,)
        return AttemptError(word)

    def _patience(self, request: Any) -> float | None:
        """Seconds that a request waits for a connection."""
        seconds: float | None = (request.extensions.get("timeout") or {}).get("pool")
        return seconds

    def _whole(self, request: Any) -> bool:
        """Whether the body is at hand as a whole."""
        return isinstance(request.stream, self._lib.ByteStream)

    def _replayable(self, request: Any, decision: Decision) -> bool:
        return self._whole(request) or is_sent_again(request.stream, at_once=decision.hedges)

    def _mirror(self, request: Any, decision: Decision) -> None:
        if self._out.mirrors:
            body = (b"".join(request.stream) or None) if self._whole(request) else ...
            self._out.mirror(decision, body)

    def _own(self, decision: Decision, spans: Calling | None) -> Any:
        """The decision's own answer."""
        status = decision.status or 503
        self._out.over(decision, status, spans)
        lines = framed_answer(decision.response_headers(), ())
        if status not in (204, 304):
            lines = [*lines, (b"content-length", str(len(decision.body)).encode())]
        response = self._lib.Response(
            status,
            headers=lines,
            # "content" would be read already, and could not be streamed
            stream=self._lib.ByteStream(body_of(decision)),
            extensions={"meshcore": decision},
        )
        decision.close()
        return response

    def _theirs(self, decision: Decision, head: Held, spans: Calling | None) -> Any:
        """The endpoint's answer, as the client gets it. Closing it closes the decision, too."""
        response = head.response
        lines = decision.response_headers(head.headers, status=head.status)
        if lines != head.headers:
            response.headers = self._lib.Headers(lines)
        response.extensions["meshcore"] = decision
        response.stream = self._stream(head, decision)
        self._out.over(decision, head.status, spans)
        return response

    def _outcome(
        self, decision: Decision, head: Held | None, raised: Exception | None, spans: Calling | None
    ) -> Any:
        """What the client gets of the last attempt: its answer, its error, or the decision's own answer."""
        if head is not None:
            return self._theirs(decision, head, spans)
        if raised is not None:
            self._out.over(decision, 0, spans)
            raise raised
        return self._own(decision, spans)
