"""Records what a running Envoy decides, in the format of ``tests/conformance/envoy``.

A document comes without expectations; each of its requests is sent to an Envoy with its configuration, in
front of upstreams at the very addresses of its clusters (127.0.x.y, all of them loopback).
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from live_compare import IGNORED, Request
from live_config import ROUTER, TYPES
from live_envoy import Answer, Envoy, exchange, free_ports
from live_servers import Servers
from live_upstream import Received, parse_head

__all__ = ["record"]

#: What one access log line tells of a request.
_TOLD = {
    "route": "%ROUTE_NAME%",
    "cluster": "%UPSTREAM_CLUSTER%",
    "endpoint": "%UPSTREAM_HOST%",
    "details": "%RESPONSE_CODE_DETAILS%",
}
#: Without ``full_headers`` these are left out where Envoy added them.
_SELDOM_LISTED = frozenset({"host", "x-forwarded-proto", "x-envoy-expected-rq-timeout-ms"})
_IMPLIED = {
    "cluster_not_found": "cluster_not_found",
    "route_not_found": "no_route",
    "no_healthy_upstream": "no_healthy_upstream",
    "fault_filter_abort": "fault_abort",
}


class _Upstreams(Servers):
    """Servers at given addresses, which answer what ``answer`` says and keep the last request."""

    def __init__(self, addresses: list[tuple[str, int]]) -> None:
        super().__init__()
        self._addresses = addresses
        self.answer: Mapping[str, Any] = {}
        self.received: Received | None = None

    async def _listen(self) -> None:
        self._servers = [await asyncio.start_server(self._serve, *address) for address in self._addresses]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                self.received = parse_head(await reader.readuntil(b"\r\n\r\n"))
                lines = [f"HTTP/1.1 {self.answer.get('status', 200)} OK", "content-length: 2"]
                lines += [f"{name}: {value}" for name, value in self.answer.get("headers", ())]
                writer.write("\r\n".join([*lines, "", "ok"]).encode())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


def record(binary: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with an ``expect`` in each case."""
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory() as folder, _Upstreams(_addresses(document)) as upstreams:
        log = Path(folder) / "access.log"
        with Envoy(binary, _bootstrap(document, port, log)):
            seen = [_ask(upstreams, port, case) for case in document["cases"]]
        told = [json.loads(line) for line in log.read_text().splitlines()]
    cases = [
        {**case, "expect": _expectation(case["request"], answer, received, line)}
        for case, (answer, received), line in zip(document["cases"], seen, told, strict=True)
    ]
    return {**document, "envoy_version": "1.40.0", "cases": cases}


def _addresses(document: Mapping[str, Any]) -> list[tuple[str, int]]:
    addresses = [
        host["endpoint"]["address"]["socket_address"]
        for cluster in document["clusters"]
        for locality in cluster["load_assignment"]["endpoints"]
        for host in locality["lb_endpoints"]
    ]
    return [(item["address"], item["port_value"]) for item in addresses]


def _bootstrap(document: Mapping[str, Any], port: int, log: Path) -> dict[str, Any]:
    file_log = {
        "@type": f"{TYPES}.access_loggers.file.v3.FileAccessLog",
        "path": str(log),
        "log_format": {"json_format": _TOLD},
    }
    manager = {
        "@type": f"{TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "recorded",
        "generate_request_id": False,
        **document.get("hcm", {}),
        "route_config": document["route_config"],
        "http_filters": [*document.get("http_filters", ()), ROUTER],
        "access_log": [{"name": "log", "typed_config": file_log}],
    }
    network = {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
    listener = {
        "name": "recorded",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{"filters": [network]}],
    }
    return {"static_resources": {"listeners": [listener], "clusters": document["clusters"]}}


def _ask(upstreams: _Upstreams, port: int, case: Mapping[str, Any]) -> tuple[Answer, Received | None]:
    upstreams.answer, upstreams.received = case.get("upstream", {}), None
    asked = case["request"]
    headers = tuple((name, value) for name, value in asked["headers"])
    request = Request(asked["authority"], asked["path"], asked["method"], headers)
    return exchange(port, request.to_bytes()), upstreams.received


def _expectation(
    request: Mapping[str, Any], answer: Answer, received: Received | None, told: Mapping[str, str]
) -> dict[str, Any]:
    details = told["details"]
    expect: dict[str, Any] = {"status": answer.status, "route": told["route"] or None}
    if details == "via_upstream":
        assert received is not None
        expect |= {"kind": "forward", "cluster": told["cluster"], "endpoint": told["endpoint"]}
        expect |= _upstream_view(request, received)
    elif details == "direct_response":
        location = answer.values("location")
        redirected = location or answer.status // 100 == 3
        expect["kind"] = "redirect" if redirected else "direct_response"
        if redirected:
            expect["location"] = ",".join(location) or None
    else:
        expect["kind"] = _IMPLIED.get(details, "local_reply")
        expect["details"] = details
        if told["cluster"] and details != "cluster_not_found":
            expect["cluster"] = told["cluster"]
    headers = _by_name([line for line in answer.headers if line[0] not in IGNORED | {"location"}])
    if expect["kind"] != "direct_response":
        headers.pop("content-type", None)
    return {**expect, "response_headers": headers}


def _upstream_view(request: Mapping[str, Any], received: Received) -> dict[str, Any]:
    """What the upstream received, where it differs from what was sent."""
    sent = _by_name(request["headers"])
    got = _by_name([line for line in received.headers if line[0].lower() != "content-length"])
    differences = {
        "request_headers_added": {name: got[name] for name in got if name not in {*sent, *_SELDOM_LISTED}},
        "request_headers_changed": {
            name: got[name] for name in got if sent.get(name, got[name]) != got[name]
        },
        "request_headers_removed": sorted(set(sent) - set(got)),
    }
    view = {"method": received.method, "path": received.target, "authority": got["host"][0]}
    return {**view, **{key: value for key, value in differences.items() if value}}


def _by_name(lines: Any) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in lines:
        values.setdefault(name.lower(), []).append(value)
    return values
