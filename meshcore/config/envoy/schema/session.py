"""The stateful session filter, and where sessions are kept."""

from __future__ import annotations

import re
from typing import Annotated

from meshcore.config.envoy.schema.base import HeaderName, HeaderText, TimeSpan, TypedExtensionConfig
from meshcore.config.envoy.schema.retry import CookieAttribute
from meshcore.config.scalar_types import Check, UInt32
from meshcore.config.schema import OneOf, Record

__all__ = [
    "CookieBasedSessionState",
    "HeaderBasedSessionState",
    "SessionCookie",
    "StatefulSession",
    "StatefulSessionPerRoute",
]

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_Token = Annotated[str, Check(lambda name: _TOKEN.match(name) is not None, "the name of a header")]
#: Envoy takes any number, and sends it.
_Status = Annotated[UInt32, Check(lambda status: status == 0 or 200 <= status <= 599, "200 to 599")]


class StatefulSession(Record):
    """``envoy.extensions.filters.http.stateful_session.v3.StatefulSession``."""

    __ignored__ = frozenset({"stat_prefix"})

    session_state: TypedExtensionConfig | None = None
    strict: bool = False
    status_on_strict_destination_not_found: _Status = 0


class StatefulSessionPerRoute(Record):
    __oneofs__ = (OneOf("override", ("disabled", "stateful_session"), True),)

    disabled: Annotated[bool, Check(lambda value: value is True, "true")] = True
    stateful_session: StatefulSession | None = None


class SessionCookie(Record):
    """``envoy.type.http.v3.Cookie``."""

    name: HeaderName
    ttl: TimeSpan = 0.0
    path: HeaderText = ""
    attributes: list[CookieAttribute] = []


class CookieBasedSessionState(Record):
    cookie: SessionCookie


class HeaderBasedSessionState(Record):
    name: _Token
