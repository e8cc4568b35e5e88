"""The annotation ``meshcore-concurrency``: adaptive concurrency, for which Istio has no word.

It stands on a DestinationRule, and is for all ports and subsets of its host, each with a limit of its own::

    meshcore-concurrency: gradient
    meshcore-concurrency: gradient; max=200; min-rtt-interval=30s; buffer=10
    meshcore-concurrency: aimd; max=100; latency-threshold=500ms
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, TypeVar

from meshcore.config.findings import Findings, did_you_mean, quoted
from meshcore.config.istio.annotations import annotation_error, options_of, parsed_annotation
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.schema.common import Metadata
from meshcore.config.record import Record
from meshcore.config.scalar_types import go_seconds
from meshcore.model import AimdController, ConcurrencyController, GradientController, check_controller

__all__ = ["ANNOTATION", "check_concurrency", "concurrency_of"]

ANNOTATION = "meshcore-concurrency"
_FORMS = "gradient or aimd, and perhaps ; max=200 and further options (docs/adaptive-concurrency.md)"

S = TypeVar("S", bound=Record)


@dataclass(frozen=True)
class _Option:
    field: str
    seconds: bool = False


_GRADIENT = {
    "max": _Option("max_concurrency_limit"),
    "min": _Option("min_concurrency_limit"),
    "update-interval": _Option("concurrency_update_interval", seconds=True),
    "min-rtt": _Option("min_rtt", seconds=True),
    "min-rtt-interval": _Option("min_rtt_interval", seconds=True),
    "min-rtt-requests": _Option("request_count"),
    "min-rtt-concurrency": _Option("min_concurrency"),
    "jitter": _Option("jitter"),
    "buffer": _Option("buffer"),
    "percentile": _Option("sample_aggregate_percentile"),
}
_AIMD = {
    "max": _Option("max_limit"),
    "min": _Option("min_limit"),
    "initial": _Option("initial_limit"),
    "increase": _Option("increase"),
    "backoff": _Option("backoff_ratio"),
    "latency-threshold": _Option("latency_threshold", seconds=True),
}
_KINDS: dict[str, tuple[type[Any], dict[str, _Option]]] = {
    "gradient": (GradientController, _GRADIENT),
    "aimd": (AimdController, _AIMD),
}


def concurrency_of(metadata: Metadata) -> ConcurrencyController | None:
    """The controller that a resource asks for; None: it asks for none, or for none that there is."""
    return parsed_annotation(metadata, ANNOTATION, _parse)


def check_concurrency(resource: Resource[S], findings: Findings) -> None:
    """Refuse an annotation that says nothing we know, and one on kinds that have no clusters."""
    text = resource.metadata.annotations.get(ANNOTATION)
    if text is None:
        return
    if resource.kind != "DestinationRule":
        annotation_error(
            resource.metadata, ANNOTATION, findings, f"{ANNOTATION!r} is for DestinationRule only"
        )
        return
    try:
        _parse(text)
    except ValueError as error:
        found = quoted(text)
        annotation_error(resource.metadata, ANNOTATION, findings, str(error), found=found, expected=_FORMS)


def _parse(text: str) -> ConcurrencyController:
    """ValueError says what is wrong."""
    kind, *rest = [part.strip() for part in text.split(";")]
    if kind not in _KINDS:
        raise ValueError(f"unknown controller {quoted(kind)}{did_you_mean(kind, _KINDS)}")
    make, known = _KINDS[kind]
    whole = {one.name for one in fields(make) if one.metadata.get("whole")}
    values: dict[str, Any] = {}
    for name, given in options_of(rest, known).items():
        option = known[name]
        read = _seconds if option.seconds else _whole if option.field in whole else _number
        values[option.field] = read(name, given)
    made: ConcurrencyController = make(**values)
    names = {option.field: name for name, option in known.items()}
    for problem in check_controller(made):
        field, _, problem_text = problem.partition(": ")
        raise ValueError(f"{names[field]}: {problem_text}")
    return made


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{name} is a whole number, not {quoted(text)}")
    return int(text)


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{name} is a number, not {quoted(text)}") from None


def _seconds(name: str, text: str) -> float:
    seconds = go_seconds(text)
    if seconds is None:
        raise ValueError(f"the {name} {quoted(text)} is no duration such as 5s or 500ms")
    return seconds
