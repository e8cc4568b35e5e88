"""Checks over HTTP/2 and gRPC, frame by frame: no sockets here."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshcore.health.probes import Probe, Target, new_probe
from meshcore.health.probes.grpc_message import request_message, serving_status
from meshcore.health.verdict import Failure, Verdict
from meshcore.model import GrpcHealthCheck, HeaderValue, HealthCheck, HttpHealthCheck

NEEDS = "needs h2, of the extra 'health'"
h2_config = pytest.importorskip("h2.config", reason=NEEDS)
h2_connection = pytest.importorskip("h2.connection", reason=NEEDS)
h2_events = pytest.importorskip("h2.events", reason=NEEDS)

TARGET = Target("shop", "10.0.0.1:80", "10.0.0.1", 8080, "shop", secure=False)


def http2(**fields: Any) -> Probe:
    return new_probe(HealthCheck(HttpHealthCheck("/healthz", http2=True, **fields)), TARGET)


class Server:
    """The other side of a probe over HTTP/2."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.connection = h2_connection.H2Connection(
            h2_config.H2Configuration(client_side=False, header_encoding="utf-8")
        )
        self.connection.initiate_connection()
        self.events: list[Any] = []
        self.stream = 0

    def ask(self) -> dict[str, str]:
        assert self.probe.begin() is None
        self.hear()
        request = next(it for it in self.events if isinstance(it, h2_events.RequestReceived))
        self.stream = request.stream_id or 0
        return dict(request.headers)

    def hear(self) -> None:
        self.events = self.connection.receive_data(self.probe.outgoing())

    def say(self) -> Verdict | None:
        return self.probe.feed(self.connection.data_to_send())

    def answer(
        self, headers: dict[str, str], data: bytes = b"", trailers: dict[str, str] | None = None
    ) -> Any:
        self.connection.send_headers(self.stream, list(headers.items()), end_stream=not data and not trailers)
        if data:
            self.connection.send_data(self.stream, data, end_stream=not trailers)
        if trailers:
            self.connection.send_headers(self.stream, list(trailers.items()), end_stream=True)
        return self.say()


def test_http2() -> None:
    server = Server(http2(receive=(b"ok",)))
    for _ in range(2):
        assert server.ask() == {
            ":method": "GET",
            ":authority": "shop",
            ":scheme": "http",
            ":path": "/healthz",
            "user-agent": "Envoy/HC",
        }
        assert server.answer({":status": "200"}, b"ok") == Verdict(None, "status 200", status=200)
        assert server.probe.reusable
    server.ask()
    server.connection.send_headers(server.stream, [(":status", "503")])
    assert server.say() is None
    server.connection.end_stream(server.stream)
    assert server.say() == Verdict(Failure.ACTIVE, "status 503, without the expected body", status=503)


def test_http2_between_checks() -> None:
    server = Server(http2())
    server.ask()
    assert server.answer({":status": "200"}) is not None
    server.connection.ping(b"12345678")
    assert server.probe.rest(server.connection.data_to_send()) is None
    server.hear()
    assert any(isinstance(event, h2_events.PingAckReceived) for event in server.events)
    assert server.probe.reusable
    server.connection.close_connection()
    assert server.probe.rest(server.connection.data_to_send()) is None
    assert not server.probe.reusable


def test_http2_reset() -> None:
    server = Server(http2())
    server.ask()
    server.connection.reset_stream(server.stream)
    assert server.say() == Verdict(Failure.NETWORK, "the host reset the stream")


def test_http2_going_away() -> None:
    server = Server(http2())
    server.ask()
    server.connection.send_headers(server.stream, [(":status", "200")])
    server.connection.send_data(server.stream, b"", end_stream=True)
    answer = server.connection.data_to_send()
    server.connection.close_connection()
    assert server.say() is None, "the check under way may end"
    verdict = server.probe.feed(answer)
    assert verdict == Verdict(None, "status 200", status=200)
    assert not server.probe.reusable
    other = Server(http2())
    other.ask()
    other.connection.close_connection(error_code=2)
    assert other.say() == Verdict(Failure.NETWORK, "the host closes its connections")


def grpc(**fields: Any) -> Server:
    return Server(new_probe(HealthCheck(GrpcHealthCheck(**fields), timeout=1.5), TARGET))


def frame(message: bytes) -> bytes:
    return b"\0" + len(message).to_bytes(4, "big") + message


OK = {":status": "200", "content-type": "application/grpc"}
SERVING, NOT_SERVING = frame(b"\x08\x01"), frame(b"\x08\x02")


def test_grpc_request() -> None:
    server = grpc(service_name="shop.Cart", authority="x", initial_metadata=(HeaderValue("x-a", "b"),))
    assert server.ask() == {
        ":method": "POST",
        ":authority": "shop",
        ":scheme": "http",
        ":path": "/grpc.health.v1.Health/Check",
        "te": "trailers",
        "content-type": "application/grpc",
        "user-agent": "Envoy/HC",
        "grpc-timeout": "1500m",
        "x-a": "b",
    }
    (data,) = [event.data for event in server.events if isinstance(event, h2_events.DataReceived)]
    assert data == frame(b"\x0a\x09shop.Cart")
    assert request_message("") == frame(b"")


@pytest.mark.parametrize(
    ("headers", "data", "trailers", "reason"),
    [
        (OK, SERVING, {"grpc-status": "0"}, ""),
        (OK, NOT_SERVING, {"grpc-status": "0"}, "NOT_SERVING"),
        (OK, frame(b""), {"grpc-status": "0"}, "UNKNOWN"),
        (OK, SERVING, {"grpc-status": "5", "grpc-message": "no"}, "gRPC status 5: no"),
        (OK, SERVING, {"x": "y"}, "gRPC status missing"),
        (OK, SERVING, None, "the answer ended without a gRPC status"),
        (OK, SERVING + SERVING, {"grpc-status": "0"}, "no valid message came"),
        (OK, b"\1" + SERVING[1:], {"grpc-status": "0"}, "no valid message came"),
        (OK, b"x" * 5000, {"grpc-status": "0"}, "the answer is too long"),
        ({**OK, "grpc-status": "12"}, b"", None, "gRPC status 12"),
        (OK, b"", None, "the answer ended without a gRPC status"),
        ({":status": "503"}, b"", None, "status 503"),
        ({":status": "200", "content-type": "text/html"}, b"<p>", None, "the answer is not of gRPC"),
    ],
)
def test_grpc_answers(
    headers: dict[str, str], data: bytes, trailers: dict[str, str] | None, reason: str
) -> None:
    server = grpc()
    server.ask()
    verdict = server.answer(headers, data, trailers)
    if reason:
        assert verdict == Verdict(Failure.ACTIVE, reason)
    else:
        assert verdict == Verdict(None, "SERVING")


@given(st.binary(max_size=40))
def test_any_message_is_read(message: bytes) -> None:
    status = serving_status(frame(message))
    assert status is None or -(2**31) <= status < 2**31


def test_fields_of_later_versions_are_skipped() -> None:
    assert serving_status(frame(b"\x12\x02hi\x18\x07\x08\x01")) == 1


@given(st.binary(min_size=1, max_size=200))
def test_any_bytes_are_no_good_answer(data: bytes) -> None:
    probe = http2()
    probe.begin()
    verdict = probe.feed(data)
    assert verdict is None or not verdict.passed
