"""The access log: one line a request, which no request can break."""

from __future__ import annotations

import asyncio
import io
import json
from typing import TextIO, cast

from hypothesis import given
from hypothesis import strategies as st
from proxy_support import RawClient, RawOrigin, cluster, config_for, in_loop, proxy_for, route

from meshcore.model import DirectResponse, HttpOptions, Route, TracingOptions
from meshcore.proxy import AccessRecord
from meshcore.proxy.lines import LineWriter
from meshcore.telemetry.access import escape

RECORD = AccessRecord(
    1700000000.25,
    method="GET",
    path="/a",
    authority="app.example",
    source="10.0.0.1",
    status=200,
    bytes_sent=5,
    duration=0.0125,
    cluster="app",
    endpoint="10.0.0.2:80",
)


def test_text() -> None:
    assert RECORD.text() == (
        '[2023-11-14T22:13:20.250Z] "GET /a HTTP/1.1" 200 - - 0 5 12 - "10.0.0.1" "-" "-" "app.example" '
        '"10.0.0.2:80" app - 0'
    )


def test_json() -> None:
    record = json.loads(RECORD.json())
    assert (record["status"], record["path"], record["upstream_duration"]) == (200, "/a", None)


@given(st.text(alphabet=st.characters()), st.text())
def test_nothing_breaks_a_line(path: str, agent: str) -> None:
    """CVE-2024-45808."""
    record = AccessRecord(0.0, method="GET", path=path, user_agent=agent, details=agent, authority=path)
    for line in (record.text(), record.json()):
        assert len(line.splitlines()) == 1
        line.encode()
    assert '"' not in escape(path).replace('\\"', "")


@in_loop
async def test_a_request_is_logged_as_it_came() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    async with RawOrigin(answer) as app, proxy_for(config_for(cluster(app.port))) as served:
        async with RawClient(served.port) as client:
            await client.get("/a?b", 'User-Agent: x"y', "X-Forwarded-For: 192.0.2.1")
            await client.answer()
        (record,) = served.log
        assert (record.method, record.path, record.status, record.cluster) == ("GET", "/a?b", 200, "app")
        assert record.endpoint == f"127.0.0.1:{app.port}"
        assert record.user_agent == 'x"y'
        assert record.forwarded_for == "192.0.2.1"
        assert record.upstream_duration is not None
        assert record.bytes_sent == 2
        assert 'x\\"y' in record.text()


TRACE = "463ac35c9f6413ad48485a3953bb6124"
UUID = "0e4a7ee1-2b49-4f1e-8e5f-6a3c0a1b2c3d"


async def logged(
    options: HttpOptions, *lines: str, path: str = "/", routes: tuple[Route, ...] | None = None
) -> AccessRecord:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    async with RawOrigin(answer) as app:
        config = config_for(cluster(app.port), options=options, routes=routes)
        async with proxy_for(config) as served, RawClient(served.port) as client:
            await client.get(path, *lines)
            await client.answer()
    (record,) = served.log
    return record


@in_loop
async def test_the_request_id_is_the_upstreams() -> None:
    traced = HttpOptions(tracing=TracingOptions())
    record = await logged(traced, f"X-Request-Id: {UUID}")
    assert record.request_id == UUID[:14] + "9" + UUID[15:]  # 9: sampled
    assert f'"{record.request_id}"' in record.text()
    assert len((await logged(HttpOptions())).request_id) == len(UUID)  # made here
    kept = HttpOptions(generate_request_id=False)
    assert (await logged(kept, "X-Request-Id: any")).request_id == "any"
    assert (await logged(kept)).request_id == ""


@in_loop
async def test_the_trace_is_the_clients_or_begins_here() -> None:
    given = f"traceparent: 00-{TRACE}-a2fb4a1d1a96d312-01"
    assert (await logged(HttpOptions(), given)).trace_id == TRACE
    assert (await logged(HttpOptions())).trace_id == ""
    tracer = HttpOptions(tracing=TracingOptions("opentelemetry"))
    made = await logged(tracer)
    assert len(made.trace_id) == 32
    assert json.loads(made.json())["trace_id"] == made.trace_id
    direct = (route(DirectResponse(204)),)
    assert (await logged(tracer, given, routes=direct)).trace_id == TRACE


@in_loop
async def test_lines_are_written_in_order_and_in_batches() -> None:
    stream = io.StringIO()
    writer = LineWriter(stream, delay=0.0)
    for number in range(5):
        writer.write(str(number))
    await writer.close()
    writer.write("5")
    await writer.close()
    assert stream.getvalue() == "0\n1\n2\n3\n4\n5\n"


@in_loop
async def test_a_slow_reader_costs_lines_not_time() -> None:
    writer = LineWriter(io.StringIO(), delay=0.0, capacity=3)
    for number in range(5):
        writer.write(str(number))
    await writer.close()
    assert writer.dropped == 2


@in_loop
async def test_a_reader_that_has_gone_ends_the_log_only() -> None:
    class Broken:
        writes = 0

        def write(self, text: str) -> None:
            self.writes += 1
            raise BrokenPipeError

    broken = Broken()
    writer = LineWriter(cast(TextIO, broken), delay=0.0)
    for _ in range(2):
        writer.write("x")
        await writer.close()
        await asyncio.sleep(0)
    assert broken.writes == 1
