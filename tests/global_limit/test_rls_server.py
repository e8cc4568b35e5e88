"""meshcore.global_limit.rls.server: over the wire."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rls_servers import PATIENCE, grpc, serving_config
from rls_support import asked, descriptor, limits

from meshcore import _grpc_health as health
from meshcore.global_limit.rls import Code, RateLimitServer, RateLimitService
from meshcore.global_limit.rls.codec import (
    METHOD,
    MOST_DESCRIPTORS,
    MOST_ENTRIES,
    REQUEST,
    RESPONSE,
    SERVICE,
)
from meshcore.global_limit.rls.server import MAX_REQUEST, OWN_REQUEST

DOCUMENT = """\
domain: shop
descriptors:
  - key: user
    rate_limit: {unit: day, requests_per_unit: 2}
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RateLimitServer]:
    with serving_config(limits(tmp_path, DOCUMENT)) as served:
        yield served


def call(server: RateLimitServer, data: bytes, path: str = f"/{SERVICE}/{METHOD}") -> bytes:
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        answer: bytes = channel.unary_unary(path)(data, timeout=PATIENCE)
        return answer


def refused(server: RateLimitServer, data: bytes, path: str = f"/{SERVICE}/{METHOD}") -> tuple[Any, str]:
    with pytest.raises(grpc.RpcError) as caught:
        call(server, data, path)
    return caught.value.code(), caught.value.details()


def test_answers(server: RateLimitServer) -> None:
    request = REQUEST.encode(asked(descriptor(user="eve")))
    answers = [RESPONSE.decode(call(server, request)) for _ in range(3)]
    assert [answer.overall_code for answer in answers] == [Code.OK, Code.OK, Code.OVER_LIMIT]
    assert [answer.statuses[0].limit_remaining for answer in answers] == [1, 0, 0]


def test_what_is_no_request(server: RateLimitServer) -> None:
    bad = grpc.StatusCode.INVALID_ARGUMENT
    assert refused(server, b"\xff\xff") == (
        bad,
        "the message ends within a number, or it has more than 64 bits",
    )
    assert refused(server, b"") == (bad, "the domain is empty")
    assert refused(server, REQUEST.encode(asked())) == (bad, "there is no descriptor")
    assert server.service.stats.service()["ratelimit.service.call.should_rate_limit.service_error"] == 3


def test_what_fails_is_told_to_us_alone(
    server: RateLimitServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(request: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(server.service, "answer", fail)
    assert refused(server, b"") == (grpc.StatusCode.INTERNAL, "internal error")
    assert "secret" in caplog.text


def test_a_request_has_its_bound(server: RateLimitServer) -> None:
    long = REQUEST.encode(asked(descriptor(user="x" * MAX_REQUEST)))
    code, _ = refused(server, long)
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_request_has_so_many_descriptors_and_entries(server: RateLimitServer) -> None:
    bad = grpc.StatusCode.INVALID_ARGUMENT
    most = [descriptor(user=str(i)) for i in range(MOST_DESCRIPTORS)]
    answer = RESPONSE.decode(call(server, REQUEST.encode(asked(*most))))
    assert len(answer.statuses) == MOST_DESCRIPTORS
    again = asked(*most, descriptor(user="one more"))
    assert refused(server, REQUEST.encode(again)) == (bad, "there are more than 1000 descriptors")
    wide = asked(descriptor(**{f"key{i}": "" for i in range(MOST_ENTRIES + 1)}))
    assert refused(server, REQUEST.encode(wide)) == (bad, "there are more than 64 entries")
    seen = RESPONSE.decode(call(server, REQUEST.encode(asked(descriptor(user="0")))))
    assert seen.statuses[0].limit_remaining == 0  # of two: those that were refused have taken nothing


def test_long_requests_do_not_hold_up_the_loop(
    server: RateLimitServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, threads = server.service.answer, []

    def note(request: Any) -> Any:
        threads.append(threading.get_ident())
        return answer(request)

    monkeypatch.setattr(server.service, "answer", note)
    long = asked(*(descriptor(user="x" * 100) for _ in range(OWN_REQUEST // 100)))
    for request in (asked(descriptor(user="a")), long, asked(descriptor(user="b"))):
        call(server, REQUEST.encode(request))
    assert threads[0] == threads[2] != threads[1]


def test_other_methods(server: RateLimitServer) -> None:
    code, _ = refused(server, b"", f"/{SERVICE}/Other")
    assert code is grpc.StatusCode.UNIMPLEMENTED


def check(server: RateLimitServer, name: str) -> int:
    return health.RESPONSE.decode(call(server, health.REQUEST.encode(name), f"/{health.SERVICE}/Check"))


def test_health(server: RateLimitServer) -> None:
    assert check(server, "") == check(server, SERVICE) == health.SERVING
    server.draining = True
    assert check(server, "") == health.NOT_SERVING
    code, details = refused(server, health.REQUEST.encode("other"), f"/{health.SERVICE}/Check")
    assert (code, details) == (grpc.StatusCode.NOT_FOUND, "there is no service 'other'")
    code, _ = refused(server, b"\xff", f"/{health.SERVICE}/Check")
    assert code is grpc.StatusCode.INVALID_ARGUMENT


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    service = RateLimitService(limits(tmp_path, DOCUMENT))

    async def run() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            listen = f"127.0.0.1:{taken.getsockname()[1]}"
            with pytest.raises(OSError, match=f"cannot listen on {listen}"):
                await RateLimitServer(service, listen=listen).start()

    asyncio.run(run())


def test_a_server_waits_until_it_is_stopped(tmp_path: Path) -> None:
    service = RateLimitService(limits(tmp_path, DOCUMENT))

    async def run() -> None:
        async with RateLimitServer(service, listen=f"unix:{tmp_path}/socket") as server:
            waiting = asyncio.ensure_future(server.wait())
            await server.stop()
            await asyncio.wait_for(waiting, PATIENCE)
            assert server.draining

    asyncio.run(run())
