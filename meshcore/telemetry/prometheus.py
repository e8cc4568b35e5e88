"""Counters and gauges in Prometheus' text exposition format, version 0.0.4."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["Sample", "exposition"]


_NOT_OF_NAMES = re.compile("[^a-zA-Z0-9_:]")


class Sample(NamedTuple):
    """A value; ``kind`` is counter or gauge. What a metric's name cannot have (dots, spaces) becomes "_"."""

    kind: str
    name: str
    value: int
    labels: tuple[tuple[str, str], ...] = ()


def exposition(samples: Iterable[Sample]) -> str:
    """The samples by their names, which begin with ``meshcore_`` here; those that are then of one series are
    added up, since a page with one twice is refused."""
    families: dict[str, tuple[str, dict[str, int]]] = {}
    for kind, name, value, labels in sorted(samples, key=lambda sample: (sample.name, sample.labels)):
        metric = "meshcore_" + _NOT_OF_NAMES.sub("_", name)
        text = ",".join(f'{label}="{_escaped(it)}"' for label, it in labels)
        series = f"{metric}{{{text}}}" if text else metric
        values = families.setdefault(metric, (kind, {}))[1]
        values[series] = values.get(series, 0) + value
    return "".join(
        f"# TYPE {metric} {kind}\n" + "".join(f"{series} {value}\n" for series, value in values.items())
        for metric, (kind, values) in sorted(families.items())
    )


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
