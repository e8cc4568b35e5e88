"""Sticky splits in Envoy's dialect: an extension of ours in a route's metadata, which Envoy itself lets be.

::

    metadata: {filter_metadata: {meshcore.sticky: {cookie: {name: canary, ttl: 3600s, path: /}}}}
"""

from __future__ import annotations

from meshcore.config.envoy.schema.base import Metadata, NonEmpty, TimeSpan
from meshcore.config.envoy.translate.context import Context
from meshcore.config.schema import OneOf, Record, decode, path_of
from meshcore.config.sticky import NAME, bad_name, bad_path
from meshcore.config.tree import join_path
from meshcore.model import HashPolicyKind, StickyKey

__all__ = ["refuse_sticky", "sticky_key"]


class StickyHeader(Record):
    name: NonEmpty


class StickyCookie(Record):
    name: NonEmpty
    ttl: TimeSpan | None = None
    path: str = ""


class Sticky(Record):
    __oneofs__ = (OneOf("key", ("header", "cookie", "source_ip"), True),)

    header: StickyHeader | None = None
    cookie: StickyCookie | None = None
    source_ip: bool | None = None


def sticky_key(context: Context, metadata: Metadata | None, *, split: bool) -> StickyKey | None:
    """The key of a route's split; ``split`` False: the route has none, so that a key is an error."""
    node = metadata.filter_metadata.get(NAME) if metadata is not None else None
    if node is None or metadata is None:
        return None
    if not split:
        refuse_sticky(context, metadata, "it has no weighted_clusters")
        return None
    path = join_path(path_of(metadata, "filter_metadata"), NAME)
    given = decode(node, Sticky, context.findings, path)
    if given is None:
        return None
    if given.header is not None:
        _check(context, given.header, "name", bad_name(given.header.name, "header"))
        return StickyKey(HashPolicyKind.HEADER, given.header.name.lower())
    if given.cookie is None:
        if not given.source_ip:
            context.error(given, "source_ip", found="false", expected="true")
        return StickyKey(HashPolicyKind.SOURCE_IP)
    cookie = given.cookie
    _check(context, cookie, "name", bad_name(cookie.name, "cookie"))
    _check(context, cookie, "path", bad_path(cookie.path))
    if cookie.path and cookie.ttl is None:
        context.error(cookie, "path", "a path without a ttl: no cookie is given")
    return StickyKey(HashPolicyKind.COOKIE, cookie.name, cookie.ttl, cookie.path)


def refuse_sticky(context: Context, metadata: Metadata | None, why: str) -> None:
    """Report a key that stands where no split is."""
    if metadata is not None and NAME in metadata.filter_metadata:
        path = join_path(path_of(metadata, "filter_metadata"), NAME)
        message = f"{NAME!r} is for routes with weighted_clusters: {why}"
        context.findings.error(metadata.filter_metadata[NAME], path, message)


def _check(context: Context, record: Record, field: str, problem: str) -> None:
    if problem:
        context.error(record, field, problem)
