"""What a rule counts by: ``remote_address/24``, ``header:x-api-key``."""

from __future__ import annotations

import re

from meshcore.config.findings import did_you_mean
from meshcore.model import RateLimitAction, RateLimitActionKind

__all__ = ["BadKey", "parse_key"]

Kinds = RateLimitActionKind
# Requests that have none share a bucket: leaving it out is no way around the limit.
_SIMPLE = {
    "path": RateLimitAction(Kinds.PATH, "path"),
    "route": RateLimitAction(Kinds.ROUTE, "route", empty_if_absent=True),
    "method": RateLimitAction(Kinds.REQUEST_HEADERS, "method", name=":method"),
    "cluster": RateLimitAction(Kinds.DESTINATION_CLUSTER, "cluster", empty_if_absent=True),
}
_NAMED = {
    "header": Kinds.REQUEST_HEADERS,
    "query": Kinds.QUERY_PARAMETERS,
    "cookie": Kinds.COOKIE,
}
_ADDRESS = re.compile(r"remote_address(?:/([0-9]{1,2}))?(?:/([0-9]{1,3}))?\Z")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
#: Of IPv6 a client has a network of this size as a rule, and as many addresses as it likes.
_V6_BITS = 64


class BadKey(ValueError):
    """A key that means nothing; the text says what would."""


def parse_key(text: str) -> RateLimitAction:
    """The action that makes the entry of a key.

    Raises:
        BadKey: where there is no such key.
    """
    if text in _SIMPLE:
        return _SIMPLE[text]
    address = _ADDRESS.match(text)
    if address is not None:
        four, six = int(address[1] or 32), int(address[2] or _V6_BITS)
        if not (0 < four <= 32 and 0 < six <= 128):
            raise BadKey("prefixes are 1 to 32 bits of IPv4, and after a second slash 1 to 128 of IPv6")
        return RateLimitAction(
            Kinds.CLIENT, "remote_address", prefix_lengths=(four, six), empty_if_absent=True
        )
    what, colon, name = text.partition(":")
    if not colon or what not in _NAMED:
        known = ["remote_address", *_SIMPLE, *(f"{kind}:NAME" for kind in _NAMED)]
        near = did_you_mean(text if not colon else what, ["remote_address", *_SIMPLE, *_NAMED])
        raise BadKey(f"expected one of {', '.join(known)}{near}")
    if not name or (what != "query" and not _TOKEN.match(name)):
        raise BadKey(f"{name!r} is no name of a {what}")
    kind = _NAMED[what]
    name = name.lower() if what == "header" else name
    return RateLimitAction(kind, f"{what}:{name}", name=name, empty_if_absent=True)
