"""How the path and the authority of a request change."""

from __future__ import annotations

from enum import Enum

from meshcore.model._dataclass import dataclass

__all__ = ["HostRewrite", "HostRewriteKind", "PathRewrite", "PathRewriteKind", "RegexRewrite"]


@dataclass(frozen=True, slots=True)
class RegexRewrite:
    """Replace every match of ``pattern`` (RE2) by ``substitution`` (``\\1`` are groups)."""

    pattern: str
    substitution: str


class PathRewriteKind(Enum):
    PREFIX = "prefix_rewrite"
    REGEX = "regex_rewrite"
    TEMPLATE = "path_template_rewrite"
    FULL = "path_redirect"
    FORMAT = "path_rewrite"


@dataclass(frozen=True, slots=True)
class PathRewrite:
    """How the path changes: ``text`` for PREFIX, TEMPLATE, FULL and FORMAT, ``regex`` for REGEX.

    FULL replaces the whole path and keeps the query unless ``text`` has one of its own
    (redirects, and Istio's ``rewrite.uri`` on exact and regex matches). FORMAT writes ``text``, a
    format string, and keeps the query.
    """

    kind: PathRewriteKind
    text: str = ""
    regex: RegexRewrite | None = None


class HostRewriteKind(Enum):
    LITERAL = "host_rewrite_literal"
    HEADER = "host_rewrite_header"
    PATH_REGEX = "host_rewrite_path_regex"
    AUTO = "auto_host_rewrite"
    FORMAT = "host_rewrite"


@dataclass(frozen=True, slots=True)
class HostRewrite:
    """How the authority changes: ``text`` is the literal, the header's name or a format string."""

    kind: HostRewriteKind
    text: str = ""
    regex: RegexRewrite | None = None
    append_x_forwarded_host: bool = False
