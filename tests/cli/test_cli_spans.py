"""meshcore.cli.spans: exporters of OpenTelemetry by their names."""

from __future__ import annotations

import pytest
from span_support import Exporter  # skips where there is no SDK

from meshcore.cli.spans import processor_of


def test_exporters_by_name() -> None:
    assert Exporter
    processor = processor_of("console")
    assert type(processor).__name__ == "BatchSpanProcessor"
    processor.shutdown()


def test_one_that_is_not_installed() -> None:
    with pytest.raises(
        SystemExit, match=r"no exporter 'carrier-pigeon' is installed; installed are: .*console"
    ):
        processor_of("carrier-pigeon")
