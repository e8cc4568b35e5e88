"""One request of urllib3's, sent as the mesh decided: its attempts, and the answer that comes of them."""

from __future__ import annotations

import io
import time
from typing import Any, NoReturn, Protocol

import urllib3
from urllib3._collections import HTTPHeaderDict
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import ConnectTimeoutError, HTTPError, ProtocolError, ReadTimeoutError, SSLError
from urllib3.util.retry import Retry

from meshcore.engine import Attempt, Decision, Outcome
from meshcore.exchange import AttemptError, run
from meshcore.integrations._bodies import position_of
from meshcore.integrations._outbound import NoPlaceError, Outbound, Way, body_of, whither
from meshcore.integrations._spans import Calling
from meshcore.integrations._urllib3 import as_bytes, error_of, headers_of, seconds_of, timeout_of, within
from meshcore.integrations._urllib3_answers import Head, hold_until_read, read_all
from meshcore.integrations._urllib3_reading import read_until, reading_until
from meshcore.upstream.framing import framed
from meshcore.upstream.headers import malformed

__all__ = ["Call", "Pool"]

_NO_RETRY = Retry(False, redirect=False)
#: Bodies that are at hand.
_WHOLE = (bytes, bytearray, memoryview)


class Pool(Protocol):
    """What stands for the pool of a host, as far as its calls know it."""

    @property
    def outbound(self) -> Outbound: ...
    @property
    def secure(self) -> bool: ...
    @property
    def plain(self) -> HTTPConnectionPool:
        """The pool that it stands for, whose all else is."""

    def pool_for(self, way: Way) -> HTTPConnectionPool: ...
    def __getattr__(self, name: str) -> Any: ...


class Call:
    """One request, with all its attempts."""

    def __init__(
        self,
        pool: Pool,
        decision: Decision,
        url: str,
        body: Any,
        options: dict[str, Any],
        spans: Calling | None,
        length: bytes | None,
    ) -> None:
        self._spans = spans
        self._length = length  # as the caller's headers tell it; None: urllib3 frames the body
        self._pool = pool
        self._decision = decision
        self._url = url
        self._body = body
        self._options = options
        self._raised: Exception | None = None
        self._timeout: urllib3.Timeout

    def answer(self, retries: Any) -> urllib3.BaseHTTPResponse:
        decision, out = self._decision, self._pool.outbound
        head = None
        if decision.outcome is Outcome.FORWARD:
            body = self._body.encode() if isinstance(self._body, str) else self._body
            held = body is None or isinstance(body, _WHOLE)
            if out.mirrors:
                out.mirror(decision, (bytes(body) if body else None) if held else ...)
            replayable = held or self._is_sent_again()
            try:
                head = run(
                    decision,
                    self._send if self._spans is None else self._spans.sending(self._send),
                    replayable=lambda: replayable,
                    discard=Head.discard,
                    within=out.time_left(),
                )
            except NoPlaceError as error:
                self._raise(ConnectTimeoutError(str(error)), retries)
        if head is not None:
            out.over(decision, head.status, self._spans)
            lines = decision.response_headers(head.headers, status=head.status)
            if lines != head.headers:
                head.response.headers = HTTPHeaderDict(lines)
            deadline = out.deadline(decision)
            read_until(head.response, self._timeout, deadline)
            if self._options.get("preload_content", True):
                try:
                    read_all(head, decision, deadline)
                except (ProtocolError, ReadTimeoutError, SSLError) as error:
                    self._raise(error, retries)
            else:
                hold_until_read(head, decision, deadline)
            return head.response
        if self._raised is not None:
            out.over(decision, 0, self._spans)
            self._raise(self._raised, retries)
        status = decision.status or 503
        out.over(decision, status, self._spans)
        response = urllib3.HTTPResponse(
            io.BytesIO(body_of(decision)),
            HTTPHeaderDict((name.decode(), value.decode()) for name, value in decision.response_headers()),
            status,
            preload_content=self._options.get("preload_content", True),
            request_method=decision.method,
            request_url=self._url,
        )
        decision.close()
        return response

    def _is_sent_again(self) -> bool:
        """Whether the body can be. urllib3 reads a file from ``body_pos``."""
        if self._options.get("body_pos") is None:
            self._options["body_pos"] = position_of(self._body)
        return isinstance(self._body, list | tuple) or self._options["body_pos"] is not None

    def _send(self, attempt: Attempt, limit: float | None) -> Head:
        self._raised = None
        decision, pool, options = self._decision, self._pool, dict(self._options)
        authority = attempt.authority
        way = pool.outbound.way(decision, attempt.endpoint, authority, secure=pool.secure)
        connections = pool.pool_for(way)
        self._timeout = timeout = timeout_of(options.get("timeout", connections.timeout))
        place, limit = pool.outbound.place(decision, attempt, limit, seconds_of(timeout.connect_timeout))
        # The body is read afterwards: its end has another deadline, and nothing is sent again for it.
        options |= {"redirect": False, "assert_same_host": False, "preload_content": False}
        options["timeout"] = within(timeout, limit)
        headers = headers_of(authority, framed(pool.outbound.lines(decision, attempt), self._length))
        begun = time.monotonic()
        try:
            with reading_until(limit):
                answer = connections.urlopen(
                    decision.method, attempt.path, self._body, headers, _NO_RETRY, **options
                )
            head = Head(answer, place)
        except BaseException as error:
            place.close()
            if not isinstance(error, HTTPError):
                raise
            late = limit is not None and time.monotonic() - begun >= limit
            if late and isinstance(error, ReadTimeoutError | ConnectTimeoutError):  # by our limit
                raise TimeoutError from error
            word = error_of(error)
            if word is None:
                raise
            said, *more = error.args
            error.args = (f"{said} ({whither(decision, attempt)})", *more)
            self._raised = error
            raise AttemptError(word) from error
        if malformed(head.status, ((as_bytes(name), as_bytes(value)) for name, value in head.headers)):
            head.discard()
            raise AttemptError("protocol-error")
        return head

    def _raise(self, error: Exception, retries: Any) -> NoReturn:
        """As urllib3 does where no retry is left: it has rules of its own when it wraps an error."""
        given = Retry.from_int(retries, default=self._pool.retries)
        spent = given if given.total is False else given.new(total=0)
        spent.increment(self._decision.method, self._url, None, error, self._pool.plain, error.__traceback__)
        raise error
