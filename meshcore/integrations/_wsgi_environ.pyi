"""WSGI's environ (PEP 3333): what becomes of it."""

from collections.abc import Mapping
from typing import Any

from meshcore.engine import Decision

def edited_environ(decision: Decision, environ: Mapping[str, Any]) -> dict[str, Any]:
    """The environ of the request as the route makes it, where its ``header_lines()`` were decided on.

    Raises:
        ValueError: the request goes nowhere.
    """
