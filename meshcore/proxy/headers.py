"""Header lines between the two connections: what belongs to one hop only.

Source: RFC 9110 section 7.6.1, RFC 9112 section 6.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["Line", "end_to_end", "has_unknown_coding", "upgrade_of"]

Line = tuple[bytes, bytes]

#: Meant for the next hop only, named by Connection or not.
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
#: Connection cannot remove these: a hop before us vouches for them (CVE-2024-45410, CVE-2022-1388),
#: or the message cannot be understood without them.
PROTECTED = frozenset({b"content-length", b"forwarded", b"host", b"via", b"x-real-ip", b"x-request-id"})
PROTECTED_PREFIXES = (b"x-forwarded-", b"x-envoy-")


def end_to_end(headers: Iterable[Line]) -> list[Line]:
    """The lines that may pass to the other connection, in order, repeated ones kept.

    This runs before the engine decides, so that rules, rewrites and the upstream see the same
    headers, and so that ``Connection`` cannot name a header which the engine adds afterwards.
    """
    named: set[bytes] = set()
    hop = False
    lines = []
    for line in headers:
        name = line[0].lower()
        if name in HOP_BY_HOP:
            hop = True
            if name == b"connection":
                named.update(token.strip().lower() for token in line[1].split(b","))
            continue
        lines.append(line)
    if not hop or not named:
        return lines
    named = {name for name in named if name not in PROTECTED and not name.startswith(PROTECTED_PREFIXES)}
    return [line for line in lines if line[0].lower() not in named]


def has_unknown_coding(headers: Iterable[Line]) -> bool:
    """Is there a Transfer-Encoding other than "chunked"?

    The parser refuses a Transfer-Encoding beside a Content-Length, and lengths that are repeated or
    malformed; what it lets through are codings that we would have to decode in order to forward.
    """
    codings = [value.strip().lower() for name, value in headers if name.lower() == b"transfer-encoding"]
    return codings not in ([], [b"chunked"])


def upgrade_of(headers: Iterable[Line]) -> bytes | None:
    """The protocol that the client asks to change to, lower-case, or None."""
    upgrade = b""
    asked = False
    for name, value in headers:
        lower = name.lower()
        if lower == b"upgrade":
            upgrade = value.strip().lower()
        elif lower == b"connection":
            asked = asked or b"upgrade" in (token.strip().lower() for token in value.split(b","))
    # h2c is to be ignored where it is not spoken, as Envoy does.
    return upgrade if asked and upgrade not in (b"", b"h2c") else None
