"""Whether patterns of documents can be served: the matchers themselves say so.

Compiled patterns are asked once for each text: documents repeat theirs.
"""

from __future__ import annotations

from functools import lru_cache

from meshcore.match import PathTemplate, PathTemplateError, Regex, RegexError

__all__ = ["regex_error", "rewrite_error", "template_error"]


@lru_cache(maxsize=4096)
def regex_error(pattern: str) -> str:
    """Why a regex cannot be served; "" if it can."""
    try:
        Regex(pattern)
    except RegexError as error:
        return str(error)
    return ""


@lru_cache(maxsize=4096)
def template_error(template: str) -> str:
    """Why a path template cannot be served; "" if it can."""
    try:
        PathTemplate(template)
    except PathTemplateError as error:
        return str(error)
    return ""


def rewrite_error(template: str, rewrite: str) -> str:
    """Why a path template cannot be rewritten so; "" if it can, or if the template itself is bad."""
    if template_error(template):
        return ""
    try:
        PathTemplate(template).check_rewrite(rewrite)
    except PathTemplateError as error:
        return str(error)
    return ""
