"""Span processors by the names of OpenTelemetry's exporters."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor

__all__ = ["add_spans_argument", "processor_of"]

#: Where packages of OpenTelemetry tell of their exporters.
_GROUP = "opentelemetry_traces_exporter"


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
        SystemExit: there is no such exporter, or no SDK.
    """
    from importlib.metadata import entry_points

    try:
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError:
        raise SystemExit(
            "meshcore proxy: --spans needs OpenTelemetry's SDK, which is missing; install it by: "
            "pip install 'meshcore-engine[otel]'"
        ) from None
    known = {it.name: it for it in entry_points(group=_GROUP)}
    if name not in known:
        installed = ", ".join(sorted(known)) or "none"
        raise SystemExit(
            f"meshcore proxy: --spans: no exporter {name!r} is installed; installed are: {installed}"
        )
    exporter: Any = known[name].load()
    return BatchSpanProcessor(exporter())
