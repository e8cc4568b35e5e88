"""Whether patterns of documents can be served: regexes and path templates.

The matchers themselves say so; both dialects ask here.
"""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["regex_error", "template_error"]


def _matcher(name: str) -> Any:
    try:
        return getattr(importlib.import_module("meshcore.match"), name, None)
    except ImportError:
        return None


def regex_error(pattern: str) -> str:
    """Why a regex cannot be served; "" if it can."""
    return _error("Regex", pattern)


def template_error(template: str) -> str:
    """Why a path template cannot be served; "" if it can."""
    return _error("PathTemplate", template)


def _error(name: str, pattern: str) -> str:
    matcher = _matcher(name)
    if matcher is None:
        return ""
    try:
        matcher(pattern)
    except ValueError as error:
        return str(error)
    return ""
