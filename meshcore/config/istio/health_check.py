"""The annotation ``meshcore-health-check``: active health checks, for which Istio has no word.

It stands on a DestinationRule, and is for all ports and subsets of its host::

    meshcore-health-check: http=/healthz
    meshcore-health-check: http=/healthz; interval=5s; timeout=1s; unhealthy=3; healthy=2
    meshcore-health-check: tcp; interval=2s
    meshcore-health-check: grpc=shop.Cart
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from meshcore.config.findings import Findings, did_you_mean, quoted
from meshcore.config.istio.annotations import annotation_error, options_of, parsed_annotation
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.schema.common import Metadata
from meshcore.config.record import Record
from meshcore.config.scalar_types import go_seconds
from meshcore.model import GrpcHealthCheck, HealthCheck, HttpHealthCheck, TcpHealthCheck

__all__ = ["ANNOTATION", "check_health_check", "health_check_of"]

ANNOTATION = "meshcore-health-check"
_KINDS = ("http", "tcp", "grpc")
_OPTIONS = ("interval", "timeout", "unhealthy", "healthy")
_FORMS = "http=/PATH, tcp or grpc[=SERVICE], and perhaps ; interval=5s; timeout=1s; unhealthy=3; healthy=2"

S = TypeVar("S", bound=Record)


def health_check_of(metadata: Metadata) -> HealthCheck | None:
    """The check that a resource asks for; None: it asks for none, or for none that there is."""
    return parsed_annotation(metadata, ANNOTATION, _parse)


def check_health_check(resource: Resource[S], findings: Findings) -> None:
    """Refuse an annotation that says nothing we know, and one on kinds that have no clusters."""
    text = resource.metadata.annotations.get(ANNOTATION)
    if text is None:
        return
    if resource.kind != "DestinationRule":
        message = f"{ANNOTATION!r} is for DestinationRule only"
        annotation_error(resource.metadata, ANNOTATION, findings, message)
        return
    try:
        _parse(text)
    except ValueError as error:
        annotation_error(
            resource.metadata, ANNOTATION, findings, str(error), found=quoted(text), expected=_FORMS
        )


def _parse(text: str) -> HealthCheck:
    """ValueError says what is wrong."""
    first, *options = [part.strip() for part in text.split(";")]
    kind, equals, value = (part.strip() for part in first.partition("="))
    check = HealthCheck(_checker(kind, bool(equals), value))
    for name, given in options_of(options, _OPTIONS).items():
        if name == "unhealthy":
            check = replace(check, unhealthy_threshold=_count(name, given))
        elif name == "healthy":
            check = replace(check, healthy_threshold=_count(name, given))
        elif name == "interval":
            seconds = _seconds(name, given)
            # Also without traffic: here it is said once for all.
            check = replace(check, interval=seconds, no_traffic_interval=seconds)
        else:
            check = replace(check, timeout=_seconds(name, given))
    return check


def _checker(kind: str, equals: bool, value: str) -> HttpHealthCheck | TcpHealthCheck | GrpcHealthCheck:
    if kind == "http":
        if not value.startswith("/") or not value.isascii() or not value.isprintable() or " " in value:
            raise ValueError(f"{quoted(value)} is no path")
        return HttpHealthCheck(value)
    if kind == "grpc" and bool(value) == equals:
        return GrpcHealthCheck(value)
    if kind == "tcp" and not equals:
        return TcpHealthCheck()
    if kind in _KINDS:
        raise ValueError(f"{kind!r} stands alone" if kind == "tcp" else "the service is missing")
    raise ValueError(f"unknown check {quoted(kind)}{did_you_mean(kind, _KINDS)}")


def _count(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 2**32):
        raise ValueError(f"{name} is a number from 1 on, not {quoted(text)}")
    return int(text)


def _seconds(name: str, text: str) -> float:
    seconds = go_seconds(text)
    if seconds is None or seconds <= 0:
        raise ValueError(f"the {name} {quoted(text)} is no duration such as 5s or 500ms")
    return seconds
