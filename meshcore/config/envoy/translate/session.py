"""Stateful sessions: where they are kept, and at which levels."""

from __future__ import annotations

from meshcore.config.envoy.schema import session as schema
from meshcore.config.envoy.schema.base import TypedExtensionConfig
from meshcore.config.envoy.translate.context import Context
from meshcore.config.findings import did_you_mean, quoted
from meshcore.config.schema import Record, path_of
from meshcore.model import SessionCookie, SessionHeader, StatefulSession

__all__ = ["per_route_session", "stateful_session"]

_PREFIX = "envoy.extensions.http.stateful_session."
#: By the name of the extension, by which Envoy looks it up.
_STATES: dict[str, dict[str, type[Record]]] = {
    "envoy.http.stateful_session.cookie": {
        _PREFIX + "cookie.v3.CookieBasedSessionState": schema.CookieBasedSessionState
    },
    "envoy.http.stateful_session.header": {
        _PREFIX + "header.v3.HeaderBasedSessionState": schema.HeaderBasedSessionState
    },
}


def stateful_session(context: Context, config: schema.StatefulSession) -> StatefulSession:
    """What a filter says, or a route of its own."""
    state = config.session_state
    return StatefulSession(
        state=_state(context, state) if state is not None else None,
        strict=config.strict,
        missing_status=config.status_on_strict_destination_not_found or 503,
    )


def per_route_session(context: Context, config: schema.StatefulSessionPerRoute) -> StatefulSession:
    if config.stateful_session is None:
        return StatefulSession()
    return stateful_session(context, config.stateful_session)


def _state(context: Context, state: TypedExtensionConfig) -> SessionCookie | SessionHeader | None:
    types = _STATES.get(state.name)
    if types is None:
        near = did_you_mean(state.name, _STATES)
        context.error(state, "name", f"the session state {quoted(state.name)} is not supported{near}")
        return None
    _, config = context.decode_typed(state.typed_config, path_of(state, "typed_config"), types)
    if isinstance(config, schema.HeaderBasedSessionState):
        return SessionHeader(config.name.lower())
    if isinstance(config, schema.CookieBasedSessionState):
        cookie = config.cookie
        attributes = tuple((attribute.name, attribute.value) for attribute in cookie.attributes)
        return SessionCookie(cookie.name, int(cookie.ttl), cookie.path, attributes)
    return None
