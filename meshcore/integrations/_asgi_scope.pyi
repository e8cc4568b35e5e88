"""ASGI scopes: what of them is decided on, and what becomes of them."""

from collections.abc import MutableMapping
from typing import Any

from meshcore.engine import Decision

def edited_scope(decision: Decision, scope: MutableMapping[str, Any]) -> dict[str, Any]:
    """The scope of the request as the route makes it."""

def target_of(scope: MutableMapping[str, Any]) -> bytes:
    """The request target as it was received, as far as the server kept it."""
