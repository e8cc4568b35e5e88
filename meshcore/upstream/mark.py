"""How the processes of a mesh name themselves to those that they call."""

from __future__ import annotations

from collections.abc import Iterable

from meshcore.upstream.headers import Line

__all__ = ["MARK", "PROXY", "SPELLINGS", "is_name", "mark_line", "marks"]

#: A caller in the mesh names itself by this header: it has applied what the routes say to a caller (splits,
#: faults, redirects, rewrites, mirrors), as a sidecar on its side would, and nothing is to be done twice.
#: So do a middleware in what it forwards, a proxy, and copies for mirrors: whoever gets one of those answers
#: it, and no request goes in circles. A middleware believes it of its mesh's ``callers``: it leads past what
#: routes answer themselves, and to the app.
MARK = "x-meshcore-caller"

#: By which a proxy names itself where nothing else is said.
PROXY = "proxy"

#: The names of header lines that an app may take for it: CGI tells "-" and "_" not apart.
SPELLINGS = frozenset(f"x{one}meshcore{two}caller".encode() for one in "-_" for two in "-_")


def mark_line(name: str | None) -> Line:
    """The header line by which a process names itself; None: it has no name."""
    return MARK.encode(), (name or "-").encode()


def marks(headers: Iterable[Line]) -> list[bytes]:
    """Those who have named themselves in these header lines."""
    found = [value for name, value in headers if len(name) == len(MARK) and name.lower() == MARK.encode()]
    return b",".join(found).split(b",") if found else []


def is_name(text: str) -> bool:
    """Whether ``mark_line()`` makes one name of it: visible ASCII without a comma."""
    return bool(text) and "," not in text and all("!" <= it <= "~" for it in text)
