"""Span processors by the names of OpenTelemetry's exporters."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor

    from meshcore.config import Node

__all__ = ["add_spans_argument", "processor_of", "service_of"]

#: Where packages of OpenTelemetry tell of their exporters.
_GROUP = "opentelemetry_traces_exporter"
#: Packages that have exporters, by the exporters' names.
_PACKAGES = {
    "otlp": "opentelemetry-exporter-otlp",
    "otlp_proto_grpc": "opentelemetry-exporter-otlp-proto-grpc",
    "otlp_proto_http": "opentelemetry-exporter-otlp-proto-http",
    "zipkin": "opentelemetry-exporter-zipkin",
    "zipkin_json": "opentelemetry-exporter-zipkin-json",
    "zipkin_proto": "opentelemetry-exporter-zipkin-proto-http",
}


def add_spans_argument(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--spans",
        metavar="EXPORTER",
        help="report the spans of sampled requests by this exporter of OpenTelemetry, named as in "
        "OTEL_TRACES_EXPORTER: otlp, zipkin, console; its package and the extra otel are needed",
    )


def processor_of(name: str) -> SpanProcessor:
    """A processor that exports in a thread of its own; the exporter reads its environment variables.

    Raises:
        SystemExit: there is no such exporter, or no SDK; stderr says so, and what installs it.
    """
    from importlib.metadata import entry_points

    from meshcore.config.findings import did_you_mean

    try:
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError:
        _fail(
            "needs OpenTelemetry's SDK, which is missing; install it by: pip install 'meshcore-engine[otel]'"
        )
    known = {it.name: it for it in entry_points(group=_GROUP)}
    if name not in known:
        package = _PACKAGES.get(name)
        way = (
            f"; install it by: pip install {package}" if package else did_you_mean(name, [*known, *_PACKAGES])
        )
        installed = ", ".join(sorted(known)) or "none"
        _fail(f"no exporter {name!r} is installed (there is: {installed}){way}")
    exporter: Any = known[name].load()
    return BatchSpanProcessor(exporter())


def service_of(node: Node) -> str:
    """What spans call a proxy for a node: as Istio calls its workload, or by its Gateway."""
    from meshcore.config.istio.span_tags import canonical_service

    gateway = (node.gateway or "").rpartition("/")[2].strip("*")
    return canonical_service(node.labels) or gateway or "meshcore-proxy"


def _fail(problem: str) -> NoReturn:
    print(f"meshcore: error: --spans: {problem}", file=sys.stderr)
    raise SystemExit(2)
