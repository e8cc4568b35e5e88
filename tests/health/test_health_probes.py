"""The protocols of checks, byte by byte: no sockets here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshcore.health.probes import Probe, Target, alpn_of, new_probe
from meshcore.health.verdict import Failure, Verdict
from meshcore.model import (
    AppendAction,
    GrpcHealthCheck,
    HeaderValue,
    HealthCheck,
    HttpHealthCheck,
    RangeMatch,
    StringKind,
    StringMatch,
    TcpHealthCheck,
)

pytest.importorskip("h11", reason="needs h11, of the extra 'health'")

TARGET = Target("shop", "10.0.0.1:80", "10.0.0.1", 8080, "shop", secure=False)


def http1(**fields: Any) -> Probe:
    return new_probe(HealthCheck(HttpHealthCheck("/healthz", **fields)), TARGET)


def asked(probe: Probe) -> bytes:
    assert probe.begin() is None
    return probe.outgoing()


def verdict_of(answer: bytes, **fields: Any) -> Verdict | None:
    probe = http1(**fields)
    asked(probe)
    return probe.feed(answer)


def ok(body: bytes = b"", head: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\n%scontent-length: %d\r\n\r\n%s" % (head, len(body), body)


def status(code: int, head: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d Any\r\n%scontent-length: 0\r\n\r\n" % (code, head)


def test_request() -> None:
    assert asked(http1()) == b"GET /healthz HTTP/1.1\r\nhost: shop\r\nuser-agent: Envoy/HC\r\n\r\n"


def test_request_with_a_body_and_edited_headers() -> None:
    probe = http1(
        method="POST",
        send=b"ping",
        request_headers_to_remove=("user-agent", "x-b"),
        request_headers_to_add=(
            HeaderValue("x-a", "%UPSTREAM_HOST% %PROTOCOL% 100%%"),
            HeaderValue("x-a", "2", AppendAction.OVERWRITE_IF_EXISTS),
            HeaderValue("x-b", "3", AppendAction.ADD_IF_ABSENT),
            HeaderValue("x-b", "4", AppendAction.ADD_IF_ABSENT),
            HeaderValue("x-c", "5", AppendAction.OVERWRITE_IF_EXISTS),
            HeaderValue("x-d", ""),
            HeaderValue("x-e", "", keep_empty=True),
            HeaderValue("x-f", "%UPSTREAM_HOST%"),
        ),
    )
    assert asked(probe) == (
        b"POST /healthz HTTP/1.1\r\nhost: shop\r\nx-a: 2\r\nx-b: 3\r\nx-e: \r\nx-f: 10.0.0.1:8080\r\n"
        b"content-length: 4\r\n\r\nping"
    )


@pytest.mark.parametrize(
    ("answer", "fields", "verdict"),
    [
        (ok(), {}, Verdict(None, "status 200", status=200)),
        (
            ok(head=b"x-envoy-degraded: \r\n"),
            {},
            Verdict(None, "status 200, degraded", degraded=True, status=200),
        ),
        (status(201), {}, Verdict(Failure.ACTIVE, "status 201", status=201)),
        (status(503), {}, Verdict(Failure.ACTIVE, "status 503", status=503)),
        (
            status(503),
            {"retriable_statuses": (RangeMatch(500, 600),)},
            Verdict(Failure.ACTIVE, "status 503", retriable=True, status=503),
        ),
        (
            status(503),
            {"expected_statuses": (RangeMatch(500, 600),), "retriable_statuses": (RangeMatch(500, 600),)},
            Verdict(None, "status 503", status=503),
        ),
        (
            status(503, b"x-envoy-immediate-health-check-fail: \r\n"),
            {},
            Verdict(Failure.ACTIVE, "status 503", excluded=True, status=503),
        ),
        # The header has no say where the status is good.
        (
            status(200, b"x-envoy-immediate-health-check-fail: \r\n"),
            {},
            Verdict(None, "status 200", status=200),
        ),
        (ok(b"all is OK here"), {"receive": (b"all", b"OK")}, Verdict(None, "status 200", status=200)),
        (
            ok(b"OK, all"),
            {"receive": (b"all", b"OK")},
            Verdict(Failure.ACTIVE, "status 200, without the expected body", status=200),
        ),
        (
            ok(b"....OK"),
            {"receive": (b"OK",), "response_buffer_size": 5},
            Verdict(Failure.ACTIVE, "status 200, without the expected body", status=200),
        ),
        (
            ok(b"." * 2000 + b"OK"),
            {"receive": (b"OK",), "response_buffer_size": 0},
            Verdict(None, "status 200", status=200),
        ),
        (
            status(200, b"x-envoy-upstream-healthchecked-cluster: shop-1\r\n"),
            {"service_name": StringMatch(StringKind.PREFIX, "SHOP", ignore_case=True)},
            Verdict(None, "status 200", status=200),
        ),
        (
            status(200, b"x-envoy-upstream-healthchecked-cluster: shop-1\r\n"),
            {"service_name": StringMatch(StringKind.REGEX, "shop-[2-9]")},
            Verdict(Failure.ACTIVE, "it says that it is of 'shop-1'", status=200),
        ),
        (
            status(200),
            {"service_name": StringMatch(StringKind.EXACT, "shop")},
            Verdict(Failure.ACTIVE, "it says that it is of ''", status=200),
        ),
        # Other ways to end a body, and answers on the way.
        (
            b"HTTP/1.1 100 Continue\r\n\r\n"
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            {"receive": (b"ok",)},
            Verdict(None, "status 200", status=200),
        ),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no", {}, None),
        (b"HTTP/1.1 200 OK\r\n", {}, None),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n",
            {"method": "HEAD"},
            Verdict(None, "status 200", status=200),
        ),
    ],
)
def test_answers(answer: bytes, fields: dict[str, Any], verdict: Verdict | None) -> None:
    assert verdict_of(answer, **fields) == verdict


@pytest.mark.parametrize(
    "answer",
    [b"", b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", b"x" * 70_000],
)
def test_what_is_no_answer(answer: bytes) -> None:
    verdict = verdict_of(answer)
    assert verdict is not None
    assert verdict.failure is Failure.NETWORK


def test_an_answer_that_is_cut_off() -> None:
    probe = http1()
    asked(probe)
    assert probe.feed(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no") is None
    verdict = probe.feed(b"")
    assert verdict is not None
    assert verdict.failure is Failure.NETWORK


def test_an_answer_that_ends_with_the_connection() -> None:
    probe = http1(receive=(b"ok",))
    asked(probe)
    assert probe.feed(b"HTTP/1.0 200 OK\r\n\r\nok") is None
    assert probe.feed(b"") == Verdict(None, "status 200", status=200)
    assert not probe.reusable


@given(st.lists(st.integers(1, 30), max_size=12))
def test_answers_in_any_pieces(sizes: list[int]) -> None:
    answer = ok(b"all is well", b"x-envoy-degraded: \r\n")
    probe = http1(receive=(b"well",))
    asked(probe)
    verdict = None
    for size in [*sizes, len(answer)]:
        if verdict is None and answer:
            verdict = probe.feed(answer[:size])
            answer = answer[size:]
    assert verdict == Verdict(None, "status 200, degraded", degraded=True, status=200)


@given(st.binary(min_size=1, max_size=200))
def test_any_bytes_get_a_verdict_or_none(data: bytes) -> None:
    verdict = verdict_of(data)
    assert verdict is None or not verdict.passed or data.startswith(b"HTTP/")


@pytest.mark.parametrize(
    ("head", "reuse", "expected"),
    [
        (b"", True, True),
        (b"", False, False),
        (b"connection: close\r\n", True, False),
        (b"proxy-connection: Close\r\n", True, False),
    ],
)
def test_reuse(head: bytes, reuse: bool, expected: bool) -> None:
    check = replace(HealthCheck(HttpHealthCheck("/")), reuse_connection=reuse)
    probe = new_probe(check, TARGET)
    first = asked(probe)
    assert probe.feed(ok(head=head)) is not None
    assert probe.reusable is expected
    if expected:
        assert asked(probe) == first
        assert probe.feed(status(503)) == Verdict(Failure.ACTIVE, "status 503", status=503)
        assert probe.rest(b"HTTP/1.1 408 Request Timeout\r\n\r\n") is None
        assert not probe.reusable


@pytest.mark.parametrize("more", [status(503), b"noise", b"\r\n"])
def test_what_is_behind_an_answer_is_not_the_next_one(more: bytes) -> None:
    probe = http1()
    asked(probe)
    assert probe.feed(ok() + more) == Verdict(None, "status 200", status=200)
    assert not probe.reusable


# ------------------------------------------------------------------ TCP


def tcp(send: bytes = b"", *receive: bytes, reuse: bool = True) -> Probe:
    return new_probe(replace(HealthCheck(TcpHealthCheck(send, receive)), reuse_connection=reuse), TARGET)


def test_a_connection_is_enough() -> None:
    probe = tcp(b"never sent")
    assert probe.begin() == Verdict(None, "connected")
    assert probe.outgoing() == b""
    assert not probe.reusable


def test_bytes_out_and_back() -> None:
    probe = tcp(b"ping", b"po", b"ng")
    for _ in range(2):
        assert asked(probe) == b"ping"
        assert probe.feed(b"ng") is None
        assert probe.feed(b"..po") is None
        assert probe.feed(b"..ng") == Verdict(None, "the expected bytes came")
        assert probe.reusable
        assert probe.rest(b"noise") is None
        assert probe.reusable
    assert probe.rest(b"") == Verdict(Failure.NETWORK, "the connection was closed")


def test_a_connection_of_its_own_for_each_check() -> None:
    probe = tcp(b"", b"x", reuse=False)
    assert asked(probe) == b""
    assert probe.feed(b"x") == Verdict(None, "the expected bytes came")
    assert not probe.reusable


def test_a_host_that_hangs_up() -> None:
    probe = tcp(b"", b"x")
    asked(probe)
    assert probe.feed(b"") == Verdict(Failure.NETWORK, "the connection was closed")


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (HealthCheck(HttpHealthCheck("/")), ()),
        (HealthCheck(HttpHealthCheck("/", http2=True)), ("h2",)),
        (HealthCheck(GrpcHealthCheck()), ("h2",)),
        (HealthCheck(TcpHealthCheck()), ()),
        (HealthCheck(TcpHealthCheck(), alpn_protocols=("x",)), ("x",)),
    ],
)
def test_alpn(check: HealthCheck, expected: tuple[str, ...]) -> None:
    assert alpn_of(check) == expected
