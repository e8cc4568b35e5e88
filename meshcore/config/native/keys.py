"""What a rule counts by: ``remote_address/24``, ``header:x-api-key``."""

from __future__ import annotations

import difflib
import re

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
    """A key that means nothing: what is wrong with it, and what would be right."""

    def __init__(self, message: str, expected: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.expected = expected


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
            raise BadKey("", "1 to 32 bits of IPv4, and after a second slash 1 to 128 of IPv6")
        return RateLimitAction(
            Kinds.CLIENT, "remote_address", prefix_lengths=(four, six), empty_if_absent=True
        )
    what, colon, name = text.partition(":")
    if not colon or what not in _NAMED:
        known = ["remote_address", *_SIMPLE, *(f"{kind}:NAME" for kind in _NAMED)]
        raise BadKey("", f"one of {', '.join(known)}{_near(what, colon + name)}")
    if not name or (what != "query" and not _TOKEN.match(name)):
        raise BadKey(f"{name!r} is no name of a {what}")
    kind = _NAMED[what]
    name = name.lower() if what == "header" else name
    return RateLimitAction(kind, f"{what}:{name}", name=name, empty_if_absent=True)


def _near(what: str, rest: str) -> str:
    """The key that a word is a slip of, with what stands behind it. What is hardly alike is none: ``user`` is
    not ``cluster``."""
    near = difflib.get_close_matches(what.lower(), ["remote_address", *_SIMPLE, *_NAMED], n=1, cutoff=0.75)
    if not near:
        return ""
    key = f"{near[0]}{rest if len(rest) > 1 else ':NAME'}" if near[0] in _NAMED else near[0]
    return f"; did you mean {key!r}?"
