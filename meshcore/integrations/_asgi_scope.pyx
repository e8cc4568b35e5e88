"""ASGI scopes: what of them is decided on, and what becomes of them."""

from urllib.parse import quote

from meshcore._core cimport mc_decision_timeouts, mc_timeouts
from meshcore.decision cimport Decision
from meshcore.integrations._asgi_answer cimport scope_for_app

__all__ = ["edited_scope", "target_of"]


def target_of(scope):
    path = scope.get("raw_path")
    if not path:
        path = quote(scope["path"] or "/", errors="surrogateescape").encode()
    query = scope.get("query_string")
    return path + b"?" + query if query else path


def edited_scope(Decision decision, scope):
    cdef mc_timeouts timeouts
    mc_decision_timeouts(&decision._block.decision, &timeouts)
    return scope_for_app(decision, dict(scope), &timeouts)
