"""meshcore.global_limit.rls.client: against our server, and against bad ones."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rls_servers import PATIENCE, grpc, scripted, serving_config
from rls_support import limits

from meshcore.global_limit import Failure
from meshcore.global_limit.rls import (
    AsyncRateLimitServiceClient,
    Code,
    Descriptor,
    LimitOverride,
    RateLimitAnswer,
    RateLimitResponse,
    RateLimitServiceClient,
    Unit,
)
from meshcore.global_limit.rls.client import MAX_RESPONSE
from meshcore.global_limit.rls.codec import REQUEST, RESPONSE

DOCUMENT = """\
domain: shop
descriptors:
  - key: user
    rate_limit: {unit: day, requests_per_unit: 2, name: users}
"""
EVE = (("user", "eve"),)

#: Makes a client, asks so many times in order, and gives the answers and the client.
Asker = Callable[..., tuple[list[RateLimitAnswer], Any]]


def ask_blocking(port: int, times: int = 1, **options: Any) -> tuple[list[RateLimitAnswer], Any]:
    options.setdefault("timeout", PATIENCE)
    with RateLimitServiceClient(f"127.0.0.1:{port}", **options) as client:
        return [client.should_rate_limit("shop", [EVE]) for _ in range(times)], client


def ask_in_loop(port: int, times: int = 1, **options: Any) -> tuple[list[RateLimitAnswer], Any]:
    options.setdefault("timeout", PATIENCE)

    async def run() -> tuple[list[RateLimitAnswer], Any]:
        async with AsyncRateLimitServiceClient(f"127.0.0.1:{port}", **options) as client:
            return [await client.should_rate_limit("shop", [EVE]) for _ in range(times)], client

    return asyncio.run(run())


@pytest.fixture(params=[ask_blocking, ask_in_loop], ids=["threads", "asyncio"])
def ask(request: pytest.FixtureRequest) -> Asker:
    asker: Asker = request.param
    return asker


def failures(answers: list[RateLimitAnswer]) -> list[Failure]:
    return [answer.unanswered.failure for answer in answers if answer.unanswered is not None]


def test_against_our_server(ask: Asker, tmp_path: Path) -> None:
    with serving_config(limits(tmp_path, DOCUMENT), response_headers=["ratelimit"]) as server:
        answers, client = ask(server.port, 3)
    assert [bool(answer) for answer in answers] == [True, True, False]
    assert [answer.unanswered for answer in answers] == [None] * 3
    last = answers[-1].response
    assert last is not None
    assert last.overall_code is Code.OVER_LIMIT
    assert last.response_headers_to_add[0] == ("ratelimit-policy", '"users";q=2;w=86400')
    assert (client.stats().asked, client.stats().answered) == (3, 3)


def test_what_is_sent(tmp_path: Path) -> None:
    seen = []

    def script(data: bytes, context: Any) -> bytes:
        seen.append((REQUEST.decode(data), dict(context.invocation_metadata())["x-who"]))
        return RESPONSE.encode(RateLimitResponse(Code.OK))

    made = Descriptor(EVE, LimitOverride(5, Unit.HOUR), 2, True)
    with (
        scripted(script) as port,
        RateLimitServiceClient(f"127.0.0.1:{port}", timeout=PATIENCE, metadata=[("x-who", "me")]) as client,
    ):
        assert client.should_rate_limit("shop", [made, iter(EVE)], 7)
        with pytest.raises(ValueError, match="hits_addend is -1"):
            client.should_rate_limit("shop", [made], -1)
    ((request, who),) = seen
    assert (request.domain, request.hits_addend, request.descriptors) == ("shop", 7, (made, Descriptor(EVE)))
    assert who == "me"
    assert client.stats().asked == 1


@pytest.mark.parametrize("deny", [False, True])
@pytest.mark.parametrize(
    ("code", "failure"),
    [
        ("UNAVAILABLE", Failure.REMOTE),
        ("UNIMPLEMENTED", Failure.REMOTE),
        ("INTERNAL", Failure.REMOTE),
        ("CANCELLED", Failure.REMOTE),
        ("RESOURCE_EXHAUSTED", Failure.REMOTE),
        ("DEADLINE_EXCEEDED", Failure.TIMEOUT),
        ("INVALID_ARGUMENT", Failure.QUESTION),
    ],
)
def test_a_status_other_than_ok(ask: Asker, code: str, failure: Failure, deny: bool) -> None:
    def script(data: bytes, context: Any) -> bytes:
        context.abort(grpc.StatusCode[code], "no")
        return b""

    with scripted(script) as port:
        answers, client = ask(port, failure_mode_deny=deny)
    assert failures(answers) == [failure]
    assert answers[0].allowed is not deny
    assert answers[0].response is None
    stats = client.stats()
    assert (stats.failed_open, stats.failed_closed) == ((0, 1) if deny else (1, 0))


def test_no_such_method(ask: Asker) -> None:
    with scripted(lambda data, context: b"", method="Other") as port:
        assert failures(ask(port)[0]) == [Failure.REMOTE]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(min_size=1, max_size=40))
def test_any_bytes_are_an_answer_or_a_failure(ask: Asker, garbage: bytes) -> None:
    with scripted(lambda data, context: garbage) as port:
        (answer,), _ = ask(port)
    assert (answer.response is None) == (failures([answer]) == [Failure.REMOTE])


def test_an_empty_answer_allows(ask: Asker) -> None:
    with scripted(lambda data, context: b"") as port:
        (answer,), _ = ask(port, failure_mode_deny=True)
    assert (answer.allowed, answer.response) == (True, RateLimitResponse())


def test_an_answer_that_is_too_long(ask: Asker) -> None:
    with scripted(lambda data, context: b"\0" * (MAX_RESPONSE + 1)) as port:
        assert failures(ask(port)[0]) == [Failure.REMOTE]


@contextlib.contextmanager
def stuck() -> Iterator[int]:
    """A service that answers nobody."""
    end = threading.Event()

    def script(data: bytes, context: Any) -> bytes:
        end.wait(PATIENCE)
        return b""

    with scripted(script) as port:
        try:
            yield port
        finally:
            end.set()


def test_one_that_takes_too_long(ask: Asker) -> None:
    with stuck() as port:
        answers, client = ask(port, timeout=0.05)
    assert failures(answers) == [Failure.TIMEOUT]
    assert client.stats().timeouts == 1


def test_the_breaker_spares_it(ask: Asker) -> None:
    asked = []

    def script(data: bytes, context: Any) -> bytes:
        asked.append(data)
        context.abort(grpc.StatusCode.UNAVAILABLE, "no")
        return b""

    with scripted(script) as port:
        answers, client = ask(port, 5, consecutive_failures=2, open_time=3600)
    assert failures(answers) == [Failure.REMOTE] * 2 + [Failure.SHORT_CIRCUIT] * 3
    assert len(asked) == 2
    assert client.stats().short_circuited == 3


def test_nobody_there(ask: Asker) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert failures(ask(port)[0]) == [Failure.REMOTE]


def test_one_that_speaks_something_else(ask: Asker) -> None:
    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.sendall(b"220 mail.example ESMTP\r\n" * 10)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        (failure,) = failures(ask(listener.getsockname()[1], timeout=0.5)[0])
        assert failure in (Failure.REMOTE, Failure.TIMEOUT)
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(PATIENCE)


def test_who_is_cancelled_takes_the_call_back() -> None:
    begun, gone = threading.Event(), threading.Event()

    def script(data: bytes, context: Any) -> bytes:
        context.add_callback(gone.set)
        begun.set()
        gone.wait(PATIENCE)
        return b""

    async def run(port: int) -> None:
        async with AsyncRateLimitServiceClient(f"127.0.0.1:{port}", timeout=PATIENCE) as client:
            asking = asyncio.ensure_future(client.should_rate_limit("shop", [EVE]))
            await asyncio.to_thread(begun.wait, PATIENCE)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            assert await asyncio.to_thread(gone.wait, PATIENCE)
            stats = client.stats()
            assert (stats.abandoned, stats.failures, stats.failed_open) == (1, 0, 0)

    with scripted(script) as port:
        asyncio.run(run(port))


def test_many_threads_share_a_client(tmp_path: Path) -> None:
    found: list[bool] = []
    with (
        serving_config(limits(tmp_path, DOCUMENT)) as server,
        RateLimitServiceClient(f"127.0.0.1:{server.port}", timeout=PATIENCE) as client,
    ):

        def run() -> None:
            found.extend(bool(client.should_rate_limit("shop", [EVE])) for _ in range(5))

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
    assert sorted(found) == [False] * 18 + [True] * 2


@pytest.mark.parametrize("name", ["RateLimitServiceClient", "AsyncRateLimitServiceClient"])
def test_without_the_extra(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [it for it in sys.modules if it == "grpc" or it.startswith("grpc.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(sys, "meta_path", [_NoGrpc(), *sys.meta_path])
    client = getattr(importlib.import_module("meshcore.global_limit.rls"), name)
    with pytest.raises(ImportError, match=r"needs grpcio; pip install 'meshcore-engine\[rls\]'"):
        client("127.0.0.1:1")


class _NoGrpc:
    def find_spec(self, name: str, path: object, target: object = None) -> None:
        if name.partition(".")[0] == "grpc":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
