"""What both dialects ask of the key of a sticky split, an extension of ours (docs/sticky.md)."""

from __future__ import annotations

import re

from meshcore.config.findings import quoted

__all__ = ["NAME", "bad_name", "bad_path"]

#: What names the extension where a document has room for others' data.
NAME = "meshcore.sticky"

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_PSEUDO = (":authority", ":method", ":path", ":scheme")
_PATH = re.compile(r"/[ -:<-~]*\Z")


def bad_name(name: str, what: str) -> str:
    """Why ``name`` can be no ``what`` ("header" or "cookie"); "" where it can."""
    if _TOKEN.match(name) or (what == "header" and name in _PSEUDO):
        return ""
    return f"{quoted(name)} is no name of a {what}"


def bad_path(path: str) -> str:
    """Why ``path`` can be no cookie's path; "" where it can."""
    return "" if not path or _PATH.match(path) else f"{quoted(path)} is no path of a cookie"
