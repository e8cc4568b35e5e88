"""CORS policies: the filter's, and the older field of routes and virtual hosts."""

from __future__ import annotations

from meshcore.config.envoy.schema.base import HeaderText, RuntimeFractionalPercent
from meshcore.config.envoy.schema.matching import StringMatcher
from meshcore.config.schema import Record

__all__ = ["Cors", "CorsPolicy"]


class Cors(Record):
    """The filter itself (``envoy.extensions.filters.http.cors.v3.Cors``): its policies are per route."""


class CorsPolicy(Record):
    allow_origin_string_match: list[StringMatcher] = []
    allow_methods: HeaderText = ""
    allow_headers: HeaderText = ""
    expose_headers: HeaderText = ""
    max_age: HeaderText = ""
    allow_credentials: bool | None = None
    allow_private_network_access: bool | None = None
    filter_enabled: RuntimeFractionalPercent | None = None
    shadow_enabled: RuntimeFractionalPercent | None = None
    forward_not_matching_preflights: bool | None = None
