"""meshcore.context: the request is known wherever its work is done."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import queue
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import pytest
import structlog

from meshcore import Engine, load_text
from meshcore.context import (
    ContextExecutor,
    ContextFilter,
    RequestContext,
    activate,
    add_context,
    bind,
    current,
    enter,
    leave,
)

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = {"traceparent": f"00-{TRACE}-{SPAN}-01", "x-request-id": "id-1"}
B3 = {"x-b3-traceid": TRACE, "x-b3-spanid": SPAN, "x-b3-sampled": "1", "x-request-id": "id-1"}


@pytest.fixture(autouse=True)
def no_propagators(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    from meshcore._trace import propagators

    monkeypatch.delenv("OTEL_PROPAGATORS", raising=False)
    propagators.cache_clear()
    yield
    propagators.cache_clear()


def trace() -> str:
    context = current()
    return context.trace_id if context is not None else "none"


def test_outside_of_requests_there_is_none() -> None:
    assert current() is None


@pytest.mark.parametrize("headers", [TRACEPARENT, B3])
def test_what_is_sent_is_below_what_came(headers: dict[str, str]) -> None:
    context = RequestContext(headers)
    assert context.trace_id == TRACE
    assert context.request_id == "id-1"
    assert context.span_id != SPAN
    sent = RequestContext(context.carrier())
    assert sent.trace_id == TRACE
    assert sent.request_id == "id-1"
    assert sent.span.parent_id not in (None, SPAN)
    assert {name for name in context.carrier() if name in headers} == set(headers)  # the same formats


def test_without_any_headers_a_trace_begins() -> None:
    one, other = RequestContext(), RequestContext({"host": "a"})
    assert len(one.trace_id) == 32
    assert len(one.request_id) == 36
    assert one.trace_id != other.trace_id
    assert one.trace_id == RequestContext(one.carrier()).trace_id


MESH = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: a}
spec:
  hosts: [a.example]
  ports: [{number: 80, name: http, protocol: HTTP}]
  resolution: STATIC
  endpoints: [{address: 127.0.0.1}]
---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: mesh, namespace: istio-system}
spec: {tracing: [{providers: [{name: PROVIDER}], randomSamplingPercentage: 50}]}
"""
PROVIDERS = [
    {"name": "zipkin", "zipkin": {"service": "zipkin.example", "port": 9411}},
    {"name": "otel", "opentelemetry": {"service": "otel.example", "port": 4317}},
    {"name": "datadog", "datadog": {"service": "datadog.example", "port": 8126}},
]


@pytest.mark.parametrize(
    ("provider", "name"), [("zipkin", "x-b3-traceid"), ("otel", "traceparent"), ("datadog", "x-b3-traceid")]
)
@pytest.mark.parametrize("number", ["00000000", "00001000", "00001fff"])  # 0, 4096 and 8191 of 10,000
def test_a_trace_that_begins_is_of_the_tracer(provider: str, name: str, number: str) -> None:
    engine = Engine(
        load_text(MESH.replace("PROVIDER", provider), mesh_config={"extensionProviders": PROVIDERS})
    )
    sampled = number != "00001fff"
    headers = {"x-request-id": f"{number}-2b49-4f1e-8e5f-6a3c0a1b2c3d"}
    with engine.decide("GET", "a.example", "/", headers, port=80) as inbound:
        context = RequestContext(headers, decision=inbound)
        assert inbound.traced == sampled
        assert context.span.sampled == (None if provider == "datadog" else sampled)
    sent: dict[str, str] = context.inject({})
    assert name in sent
    assert RequestContext(sent).trace_id == context.trace_id
    with engine.decide("GET", "a.example", "/", sent, port=80) as outbound:
        upstream = RequestContext(outbound.request_headers())
        assert outbound.traced == sampled
        assert outbound.trace_format == {"zipkin": "b3multi", "otel": "tracecontext"}.get(provider)
    assert upstream.trace_id == context.trace_id  # one trace
    assert upstream.span.sampled == (None if provider == "datadog" else sampled)
    assert upstream.request_id == inbound.request_id


def test_contexts_are_nested_and_left() -> None:
    outer, inner = RequestContext(B3), RequestContext()
    with activate(outer) as given:
        assert given is current() is outer
        token = enter(inner)
        assert current() is inner
        leave(token)
        assert current() is outer
        with pytest.raises(ZeroDivisionError), activate(inner):
            _ = 1 / 0
        assert current() is outer
    assert current() is None


def test_a_generator_that_another_request_closes_leaves_that_its_context() -> None:
    def generator() -> Iterator[None]:
        with activate({"x-request-id": "one"}):
            yield

    def another() -> None:
        with activate({"x-request-id": "two"}) as context:
            begun.close()
            assert current() is context

    begun = generator()
    copy_context().run(next, begun)
    copy_context().run(another)


def test_a_context_shows_whose_it_is() -> None:
    shown = repr(RequestContext(B3))
    assert shown.startswith(f"<RequestContext request_id='id-1' trace_id='{TRACE}' span_id='")
    assert shown.endswith(" route=None cluster=None>")


@pytest.mark.parametrize("carrier", [["b3"], '{"b3": "1-2-1"}', None])
def test_a_carrier_is_a_dict(carrier: Any) -> None:
    with (
        pytest.raises(TypeError, match=r"carrier is .*; expected the dict that carrier\(\) gave"),
        activate(carrier),
    ):
        pass


def test_what_is_no_carrier_and_no_function_is_told_where_it_is_given() -> None:
    with pytest.raises(TypeError, match="carrier is None"):
        activate(None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"carrier\['context'\] is 1; expected text"):
        activate({"context": 1})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="function is 3; expected a function"):
        bind(3)  # type: ignore[arg-type]


def test_tasks_groups_and_threads_have_the_context_of_who_made_them() -> None:
    async def later() -> str:
        await asyncio.sleep(0)
        return trace()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ContextExecutor())
        with activate(B3):
            background = asyncio.create_task(later())
            group = await asyncio.gather(later(), later())
            pooled = await loop.run_in_executor(None, trace)
            copied = await asyncio.to_thread(trace)
        assert current() is None
        assert [*group, pooled, copied, await background] == [TRACE] * 5

    asyncio.run(main())


def test_two_requests_do_not_see_each_other() -> None:
    async def request(name: str) -> None:
        with activate({"x-request-id": name}):
            for _ in range(10):
                await asyncio.sleep(0)
                context = current()
                assert context is not None
                assert context.request_id == name

    async def main() -> None:
        await asyncio.gather(*(request(f"id-{i}") for i in range(20)))

    asyncio.run(main())


def test_pools_of_threads() -> None:
    with ThreadPoolExecutor(1) as plain, ContextExecutor(1) as ours:
        with activate(B3):
            assert plain.submit(trace).result() == "none"
            assert plain.submit(bind(trace)).result() == TRACE
            assert ours.submit(trace).result() == TRACE
            assert list(ours.map(lambda _: trace(), range(3))) == [TRACE] * 3
        assert ours.submit(trace).result() == "none"


def test_a_queue_carries_the_context_to_who_works_it_off() -> None:
    jobs: queue.Queue[dict[str, str]] = queue.Queue()
    found: list[str] = []

    def work() -> None:
        with activate(jobs.get()):
            found.append(trace())

    worker = threading.Thread(target=work)
    worker.start()
    with activate(B3) as context:
        jobs.put(json.loads(json.dumps(context.carrier())))  # as on its way to another process
    worker.join()
    assert found == [TRACE]


def test_log_records_tell_the_request() -> None:
    record = logging.makeLogRecord({"msg": "a"})
    assert ContextFilter().filter(record)
    assert record.__dict__["trace_id"] == record.__dict__["route"] == ""
    with activate(B3) as context:
        ContextFilter().filter(record)
        assert record.__dict__["trace_id"] == TRACE
        assert record.__dict__["span_id"] == context.span_id
        assert record.__dict__["request_id"] == "id-1"
        event = add_context(None, "info", {"event": "a", "route": "mine"})
        assert event["route"] == "mine"
        assert event["request_id"] == "id-1"
    assert add_context(None, "info", {"event": "a"}) == {"event": "a"}


@pytest.mark.parametrize(
    ("came", "logged"), [(b"caf\xc3\xa9", "caf\xe9"), (b"a\xff", "a\\xff")], ids=["UTF-8", "other bytes"]
)
def test_any_log_can_write_a_clients_id(came: bytes, logged: str) -> None:
    record = logging.makeLogRecord({"msg": "a"})
    with activate(RequestContext([(b"x-request-id", came)])):
        ContextFilter().filter(record)
        assert add_context(None, "info", {})["request_id"] == record.__dict__["request_id"] == logged
    logged.encode()


def test_structlog_has_a_processor() -> None:
    out = io.StringIO()
    logger = structlog.wrap_logger(
        structlog.PrintLogger(out),
        processors=[add_context, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.BoundLogger,
    )
    logger.info("outside")
    with activate(B3) as context:
        logger.bind(route="mine").warning("within", user="u")
    outside, within = (json.loads(line) for line in out.getvalue().splitlines())
    assert outside == {"event": "outside"}
    assert within == {
        "event": "within",
        "user": "u",
        "request_id": "id-1",
        "trace_id": TRACE,
        "span_id": context.span_id,
        "route": "mine",
        "cluster": "",
    }


def test_a_handler_gives_the_request_to_what_any_logger_says() -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.addFilter(ContextFilter())
    handler.setFormatter(logging.Formatter("%(request_id)s %(trace_id)s %(route)s|%(message)s"))
    logger = logging.getLogger("meshcore.tests.context.below")
    above = logging.getLogger("meshcore.tests.context")
    above.addHandler(handler)
    try:
        logger.warning("outside")
        with activate(B3):
            logger.warning("within")
    finally:
        above.removeHandler(handler)
    assert out.getvalue().splitlines() == ["  |outside", f"id-1 {TRACE} |within"]


def test_propagators_of_the_environment_are_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_PROPAGATORS", "tracecontext")
    carrier = RequestContext(TRACEPARENT).carrier()
    assert set(carrier) == {"traceparent", "x-request-id"}
