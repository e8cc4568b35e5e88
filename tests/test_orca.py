"""Load reports in the headers of answers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshcore.orca import MAX_BYTES, Load, load_of


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("TEXT cpu_utilization=0.3, rps_fractional=100, eps=2", Load(100, 2, 0.3)),
        ("rps_fractional=5,application_utilization=0.7,cpu_utilization=0.9", Load(5, 0, 0.7)),
        ("cpu_utilization:0.5,rps_fractional:1", Load(1, 0, 0.5)),
        ("TEXT named_metrics.q=0.4,cpu_utilization=0.3,rps_fractional=1", Load(1, 0, 0.4)),
        ("TEXT named_metrics.other=0.4,cpu_utilization=0.3,rps_fractional=1", Load(1, 0, 0.3)),
        ("TEXT utilization.gpu=0.6,named_metrics.q=0.4,rps_fractional=1", Load(1, 0, 0.6)),
        ('JSON {"cpu_utilization": 0.3, "rps_fractional": 100, "eps": 2}', Load(100, 2, 0.3)),
        ('{"cpuUtilization": 0.3, "rpsFractional": "100"}', Load(100, 0, 0.3)),
        ('JSON {"namedMetrics": {"q": 0.8}, "cpuUtilization": 0.3, "rpsFractional": 1}', Load(1, 0, 0.8)),
        ('JSON {"named_metrics": {"q": 0.8}, "rps_fractional": 1}', Load(1, 0, 0.8)),
        ("TEXT", Load(0, 0, 0)),
    ],
)
def test_reports(value: str, expected: Load) -> None:
    names = ("named_metrics.q", "utilization.gpu")
    assert load_of([("x", "y"), ("endpoint-load-metrics", value)], names) == expected
    assert load_of([(b"x", b"\xff"), (b"Endpoint-Load-Metrics", value.encode())], names) == expected


@pytest.mark.parametrize(
    "value",
    [
        "TEXT cpu_utilization",
        "TEXT cpu_utilization=",
        "TEXT cpu_utilization=nan",
        "TEXT cpu_utilization=inf",
        "TEXT cpu_utilization=0.3,cpu_utilization=0.4",
        "TEXT unheard_of=1",
        "JSON [1]",
        "JSON {",
        'JSON {"cpu_utilization": true}',
        'JSON {"cpu_utilization": [1]}',
        'JSON {"cpu_utilization": NaN}',
        "JSON " + "[" * 5000,
        "TEXT " + "eps=1" + " " * MAX_BYTES,
        "BIN CAE=",
    ],
)
def test_what_is_no_report(value: str) -> None:
    assert load_of([("endpoint-load-metrics", value)]) is None


def test_lines_of_text_are_joined() -> None:
    lines = [("endpoint-load-metrics", "TEXT eps=1"), ("endpoint-load-metrics", "rps_fractional=2")]
    assert load_of(lines) == Load(2, 1, 0)
    assert load_of([]) is None


@given(st.text(alphabet=st.characters(codec="latin-1"), max_size=60), st.sampled_from(["", "TEXT ", "JSON "]))
def test_any_text_is_a_report_or_none(value: str, word: str) -> None:
    found = load_of([("endpoint-load-metrics", word + value)], ("named_metrics.q",))
    assert found is None or all(math.isfinite(number) for number in found)
