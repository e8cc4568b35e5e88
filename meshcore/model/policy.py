"""What routes and virtual hosts ask for beside the way: hashes, retries, hedges, copies, CORS.

Durations are seconds as floats; ``None`` means that the document said nothing.
"""

from __future__ import annotations

from enum import Enum

from meshcore.model._dataclass import dataclass
from meshcore.model.headers import HeaderEdits
from meshcore.model.matching import Fraction, HeaderMatch, StringMatch
from meshcore.model.rewrite import RegexRewrite

__all__ = [
    "CorsFilter",
    "CorsPolicy",
    "HashPolicy",
    "HashPolicyKind",
    "HedgePolicy",
    "MirrorPolicy",
    "RetryPolicy",
    "StickyKey",
]


class HashPolicyKind(Enum):
    HEADER = "header"
    COOKIE = "cookie"
    SOURCE_IP = "source_ip"
    QUERY_PARAMETER = "query_parameter"
    FILTER_STATE = "filter_state"


@dataclass(frozen=True, slots=True)
class HashPolicy:
    """One source of the hash that picks the endpoint. ``ttl`` None: no cookie is generated."""

    kind: HashPolicyKind
    name: str = ""
    regex: RegexRewrite | None = None
    ttl: float | None = None
    cookie_path: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    terminal: bool = False


@dataclass(frozen=True, slots=True)
class StickyKey:
    """What keeps a request at its destination (an extension of ours; docs/sticky.md).

    A HEADER, a COOKIE or the SOURCE_IP. ``ttl``: seconds for which a cookie is given to clients without one,
    0: until their session ends; None: none is given. ``path``: where that cookie applies.
    """

    kind: HashPolicyKind
    name: str = ""
    ttl: float | None = None
    path: str = ""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Envoy's ``RetryPolicy``; ``num_retries`` counts attempts after the first.

    ``omit_host_metadata``: hosts that have all labels of one of these sets are passed over.
    """

    retry_on: tuple[str, ...] = ()
    num_retries: int = 1
    per_try_timeout: float | None = None
    per_try_idle_timeout: float | None = None
    retriable_status_codes: tuple[int, ...] = ()
    retriable_headers: tuple[HeaderMatch, ...] = ()
    retriable_request_headers: tuple[HeaderMatch, ...] = ()
    back_off_base: float | None = None
    back_off_max: float | None = None
    rate_limited_reset_headers: tuple[tuple[str, str], ...] = ()
    rate_limited_max_interval: float | None = None
    avoid_previous_hosts: bool = False
    omit_host_metadata: tuple[tuple[tuple[str, object], ...], ...] = ()
    previous_priorities_frequency: int | None = None
    host_selection_max_attempts: int = 1


@dataclass(frozen=True, slots=True)
class HedgePolicy:
    initial_requests: int = 1
    additional_request_chance: Fraction | None = None
    hedge_on_per_try_timeout: bool = False


@dataclass(frozen=True, slots=True)
class MirrorPolicy:
    """A copy of ``fraction`` (None: all) of the requests goes to ``cluster`` (or the one a header names).

    ``host_rewrite``: the copy's authority; without one it is the request's, with ``-shadow`` at the end of
    the host where ``append_shadow_suffix``. ``edits``: of the copy's request headers, one after the other.
    """

    cluster: str
    fraction: Fraction | None = None
    cluster_header: str = ""
    append_shadow_suffix: bool = True
    host_rewrite: str = ""
    edits: tuple[HeaderEdits, ...] = ()


@dataclass(frozen=True, slots=True)
class CorsFilter:
    """The CORS filter of a listener; what it does is said by :class:`CorsPolicy`."""


@dataclass(frozen=True, slots=True)
class CorsPolicy:
    """Envoy's ``CorsPolicy``. What is None or empty is left to the policy of the next level: a weighted
    cluster's, the route's, the virtual host's, the route configuration's. ``enabled``: the share of requests
    that the innermost policy applies to (None: all)."""

    allow_origins: tuple[StringMatch, ...] = ()
    allow_methods: str = ""
    allow_headers: str = ""
    expose_headers: str = ""
    max_age: str = ""
    allow_credentials: bool | None = None
    allow_private_network_access: bool | None = None
    forward_not_matching_preflights: bool | None = None
    enabled: Fraction | None = None
    shadow_enabled: Fraction | None = None
