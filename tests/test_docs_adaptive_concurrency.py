"""The Python of docs/adaptive-concurrency.md runs, and its defaults are those that there are."""

from __future__ import annotations

from typing import Any

from docs_support import DOCS, python

from meshcore import AimdLimiter, GradientLimiter

PAGE = DOCS / "adaptive-concurrency.md"
DOCUMENT = PAGE.read_text()
BLOCKS = python(PAGE)


def test_the_example_admits_a_request() -> None:
    names: dict[str, Any] = {}
    exec(BLOCKS[0], names)
    assert (names["limiter"].in_flight, names["limiter"].refused) == (0, 0)


def test_the_defaults_are_as_written() -> None:
    gradient, aimd = GradientLimiter().parameters, AimdLimiter().parameters
    for name, default in (
        ("max_concurrency_limit", f"{gradient.max_concurrency_limit}"),
        ("concurrency_update_interval", f"{gradient.concurrency_update_interval} s"),
        ("min_rtt_interval", f"{gradient.min_rtt_interval:.0f} s"),
        ("request_count`, `min_concurrency", f"{gradient.request_count}, {gradient.min_concurrency}"),
        ("jitter`, `buffer", f"{gradient.jitter:.0f} %, {gradient.buffer:.0f} %"),
        ("sample_aggregate_percentile", f"{gradient.sample_aggregate_percentile:.0f} %"),
    ):
        assert f"| `{name}` | {default} |" in DOCUMENT
    for name in ("backoff_ratio", "increase", "initial_limit", "min_limit", "max_limit"):
        assert f"`{name}` ({getattr(aimd, name):g})" in DOCUMENT
