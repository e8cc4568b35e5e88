"""Counters and gauges in Prometheus' text exposition format, version 0.0.4."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["Sample", "exposition"]


class Sample(NamedTuple):
    """A value; ``kind`` is counter or gauge. Dots of a name become underscores."""

    kind: str
    name: str
    value: int
    labels: tuple[tuple[str, str], ...] = ()


def exposition(samples: Iterable[Sample]) -> str:
    """The samples by their names, which begin with ``meshcore_`` here."""
    families: dict[str, tuple[str, list[str]]] = {}
    for kind, name, value, labels in sorted(samples, key=lambda sample: (sample.name, sample.labels)):
        metric = "meshcore_" + name.replace(".", "_")
        text = ",".join(f'{label}="{_escaped(it)}"' for label, it in labels)
        line = f"{metric}{{{text}}} {value}\n" if text else f"{metric} {value}\n"
        families.setdefault(metric, (kind, []))[1].append(line)
    return "".join(
        f"# TYPE {metric} {kind}\n" + "".join(lines) for metric, (kind, lines) in sorted(families.items())
    )


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
