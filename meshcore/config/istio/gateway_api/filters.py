"""Filters to the parts of an http rule."""

from __future__ import annotations

import re
from collections.abc import Iterable

from meshcore.config.istio.gateway_api.schema import filters as api
from meshcore.config.istio.schema import virtual_service as istio
from meshcore.config.istio.schema.common import Percent, StringMatch

__all__ = ["cors", "headers", "mirror_share", "redirect", "rewrite"]

#: What an origin may be where any is allowed (RFC 6454).
ANY_ORIGIN = r"^[a-zA-Z][a-zA-Z0-9+.-]*://[^/\s?#]+$"
#: What RE2 takes for an operator.
_OPERATORS = re.compile(r"([\\.+*?()|\[\]{}^$])")


def headers(filters: Iterable[api.Filter]) -> istio.Headers | None:
    """The operations on headers; the last modifier of a kind holds."""
    request = response = None
    last: api.Filter | None = None
    for given in filters:
        if given.request_header_modifier is not None:
            request, last = _operations(given.request_header_modifier), given
        if given.response_header_modifier is not None:
            response, last = _operations(given.response_header_modifier), given
    if last is None:
        return None
    return istio.Headers(
        request=request, response=response, record_node=last.record_node, record_path=last.record_path
    )


def _operations(given: api.HeaderModifier) -> istio.HeaderOperations:
    return istio.HeaderOperations(
        set=_values(given.set),
        add=_values(given.add),
        remove=given.remove,
        record_node=given.record_node,
        record_path=given.record_path,
    )


def _values(given: Iterable[api.Header]) -> dict[str, str]:
    """The first of several entries for one name, as the specification asks."""
    values: dict[str, str] = {}
    for header in given:
        values.setdefault(header.name.lower(), header.value)
    return values


def redirect(given: api.RequestRedirect) -> istio.Redirect:
    """A redirect; without a port that of the scheme, and without a scheme the listener's."""
    port = given.port
    derive = None
    if port is None:
        kept = given.scheme is None
        derive = istio.DerivePort.FROM_REQUEST_PORT if kept else istio.DerivePort.FROM_PROTOCOL_DEFAULT
    path = given.path
    return istio.Redirect(
        uri=path.replace_full_path if path else None,
        prefix_rewrite=path.replace_prefix_match if path else None,
        authority=given.hostname or "",
        scheme=given.scheme or "",
        port=port,
        derive_port=derive,
        redirect_code=given.status_code,
        record_node=given.record_node,
        record_path=given.record_path,
    )


def rewrite(given: api.URLRewrite) -> istio.Rewrite | None:
    """A rewrite; a prefix is replaced by segments, and ``/`` takes it away."""
    uri, regex = "", None
    path = given.path
    if path is not None and path.replace_prefix_match is not None:
        uri = path.replace_prefix_match.removesuffix("/") or "/"
    elif path is not None and path.replace_full_path is not None:
        # The text is no pattern: a backslash in it stands for itself.
        text = path.replace_full_path.replace("\\", "\\\\")
        regex = istio.RegexRewrite(
            match="/.*", rewrite=text, record_node=path.record_node, record_path=path.record_path
        )
    if not uri and regex is None and not given.hostname:
        return None
    return istio.Rewrite(
        uri=uri,
        authority=given.hostname or "",
        uri_regex_rewrite=regex,
        record_node=given.record_node,
        record_path=given.record_path,
    )


def mirror_share(given: api.RequestMirror) -> Percent | None:
    """The share that is mirrored; None for all."""
    share = given.fraction
    if share is not None:
        return Percent(
            value=100 * share.numerator / share.denominator,
            record_node=share.record_node,
            record_path=share.record_path,
        )
    if given.percent is None:
        return None
    return Percent(value=float(given.percent), record_node=given.record_node, record_path=given.record_path)


def cors(given: api.Cors) -> istio.CorsPolicy:
    """CORS; preflights that match nothing are not forwarded."""
    return istio.CorsPolicy(
        allow_origins=[_origin(it) for it in given.allow_origins if it],
        allow_methods=given.allow_methods,
        allow_headers=given.allow_headers,
        expose_headers=given.expose_headers,
        max_age=float(given.max_age) if given.max_age > 0 else None,
        allow_credentials=True if given.allow_credentials else None,
        unmatched_preflights=istio.UnmatchedPreflights.IGNORE,
        record_node=given.record_node,
        record_path=given.record_path,
    )


def _origin(text: str) -> StringMatch:
    if text == "*":
        return StringMatch(regex=ANY_ORIGIN)
    if "*" not in text:
        return StringMatch(exact=text)
    if text.index("*") == len(text) - 1:
        return StringMatch(prefix=text[:-1])
    return StringMatch(regex=f"^{_OPERATORS.sub(_quoted, text)}$")


def _quoted(found: re.Match[str]) -> str:
    return ".*" if found[1] == "*" else f"\\{found[1]}"
