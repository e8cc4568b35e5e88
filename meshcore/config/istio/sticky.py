"""The annotation ``meshcore-sticky``: what keeps users at their destination of a split.

It stands on a VirtualService, an HTTPRoute or a GRPCRoute, and is for all splits of its rules::

    meshcore-sticky: header=x-user
    meshcore-sticky: cookie=canary; ttl=1h; path=/
    meshcore-sticky: source
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from meshcore.config.findings import Findings, did_you_mean, quoted
from meshcore.config.istio.annotations import annotation_error, options_of, parsed_annotation
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.schema.common import Metadata
from meshcore.config.istio.schema.virtual_service import VirtualService
from meshcore.config.record import Record
from meshcore.config.scalar_types import go_seconds
from meshcore.config.schema import warn_at
from meshcore.config.sticky import bad_name, bad_path
from meshcore.model import HashPolicyKind, StickyKey

__all__ = ["ANNOTATION", "attach_sticky", "check_sticky", "sticky_key"]

ANNOTATION = "meshcore-sticky"
_ON = ("VirtualService", "HTTPRoute", "GRPCRoute")
_FORMS = "header=NAME, cookie=NAME[; ttl=1h][; path=/] or source"
_KINDS = {
    "header": HashPolicyKind.HEADER,
    "cookie": HashPolicyKind.COOKIE,
    "source": HashPolicyKind.SOURCE_IP,
}

S = TypeVar("S", bound=Record)


def sticky_key(metadata: Metadata) -> StickyKey | None:
    """The key that a resource asks for; None: it asks for none, or for none that there is."""
    return parsed_annotation(metadata, ANNOTATION, _parse)


def check_sticky(resource: Resource[S], findings: Findings) -> None:
    """Refuse an annotation that says nothing we know, and one on kinds that split nothing."""
    text = resource.metadata.annotations.get(ANNOTATION)
    if text is None:
        return
    if resource.kind not in _ON:
        message = f"{ANNOTATION!r} is for {', '.join(_ON)} only"
        annotation_error(resource.metadata, ANNOTATION, findings, message)
        return
    try:
        _parse(text)
    except ValueError as error:
        annotation_error(
            resource.metadata, ANNOTATION, findings, str(error), found=quoted(text), expected=_FORMS
        )
        return
    spec = resource.spec
    if isinstance(spec, VirtualService):
        splits = any(len(rule.route) > 1 or rule.delegate is not None for rule in spec.http)
        if not splits:
            message = f"{ANNOTATION!r} has no effect: no http rule has more than one destination"
            warn_at(findings, resource.metadata, "annotations", message)


def attach_sticky(resources: Iterable[Resource[VirtualService]]) -> None:
    """Give each rule the key of its own document: rules of several come together later."""
    for resource in resources:
        if ANNOTATION in resource.metadata.annotations:
            key = sticky_key(resource.metadata)
            for rule in resource.spec.http:
                rule.record_sticky = key


def _parse(text: str) -> StickyKey:
    """ValueError says what is wrong."""
    first, *options = [part.strip() for part in text.split(";")]
    what, equals, name = (part.strip() for part in first.partition("="))
    if what not in _KINDS:
        raise ValueError(f"unknown key {quoted(what)}{did_you_mean(what, _KINDS)}")
    if what == "source":
        if equals or options:
            raise ValueError("'source' stands alone")
        return StickyKey(HashPolicyKind.SOURCE_IP)
    problem = bad_name(name, what)
    if problem:
        raise ValueError(problem)
    if what == "header":
        if options:
            raise ValueError("a header has no options")
        return StickyKey(HashPolicyKind.HEADER, name.lower())
    return _cookie(name, options)


def _cookie(name: str, options: list[str]) -> StickyKey:
    given = options_of(options, ("ttl", "path"))
    path = given.get("path", "")
    if "path" in given and (not path or bad_path(path)):
        raise ValueError(bad_path(path) or "the path is empty")
    if path and "ttl" not in given:
        raise ValueError("a path without a ttl: no cookie is given")
    return StickyKey(HashPolicyKind.COOKIE, name, _seconds(given["ttl"]) if "ttl" in given else None, path)


def _seconds(text: str) -> float:
    seconds = go_seconds(text)
    if seconds is None or seconds < 0:
        raise ValueError(f"the ttl {quoted(text)} is no duration such as 90s or 1h30m")
    return seconds
