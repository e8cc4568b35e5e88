"""meshcore.cli.spans: exporters of OpenTelemetry by their names."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest
from span_support import Exporter  # skips where there is no SDK

from meshcore.cli.spans import processor_of, service_of
from meshcore.config import Node


def test_exporters_by_name() -> None:
    assert Exporter
    processor = processor_of("console")
    assert type(processor).__name__ == "BatchSpanProcessor"
    processor.shutdown()


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("zipkin", "; install it by: pip install opentelemetry-exporter-zipkin"),
        ("consol", "; did you mean 'console'?"),
        ("carrier-pigeon", ""),
    ],
)
def test_one_that_is_not_installed(
    name: str, way: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    console = EntryPoint("console", "opentelemetry.sdk.trace.export:ConsoleSpanExporter", "")
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [console])
    with pytest.raises(SystemExit) as ended:
        processor_of(name)
    assert ended.value.code == 2
    told = f"meshcore: error: --spans: no exporter {name!r} is installed (there is: console){way}\n"
    assert capsys.readouterr().err == told


@pytest.mark.parametrize(
    ("node", "service"),
    [
        (Node(), "meshcore-proxy"),
        (Node("shop", gateway="shop/public"), "public"),
        (Node("edge", {"app": "ingress"}, "*"), "ingress"),
        (Node("edge", gateway="*"), "meshcore-proxy"),
        (Node("shop", {"app": "a", "service.istio.io/canonical-name": "cart"}), "cart"),
    ],
)
def test_what_spans_call_the_proxy(node: Node, service: str) -> None:
    assert service_of(node) == service
