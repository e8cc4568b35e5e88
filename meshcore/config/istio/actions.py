"""The parts of an http rule's action: header operations, retries, faults, redirects and the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping

from meshcore.config.istio.matching import comparison, is_presence
from meshcore.config.istio.schema import virtual_service as schema
from meshcore.config.istio.schema.common import Percent
from meshcore.config.istio.schema.destination_rule import ConsistentHash
from meshcore.model import (
    AppendAction,
    CorsPolicy,
    DirectResponse,
    FaultAbort,
    FaultDelay,
    FaultPolicy,
    Fraction,
    HashPolicy,
    HashPolicyKind,
    HeaderEdits,
    HeaderValue,
    PathRewrite,
    PathRewriteKind,
    Redirect,
    RegexRewrite,
    RetryPolicy,
    StringKind,
)
from meshcore.model import StringMatch as Comparison

__all__ = [
    "GRPC_STATUS",
    "NO_EDITS",
    "REDIRECT_CODES",
    "RETRY_ON",
    "cors",
    "direct_response",
    "fault",
    "fraction",
    "hash_policy",
    "header_edits",
    "is_authority",
    "is_default_retries",
    "joined",
    "redirect",
    "retries",
    "rewrite",
    "without_prefix",
]

NO_EDITS = HeaderEdits()
RETRY_ON = ("connect-failure", "refused-stream", "unavailable", "cancelled", "retriable-status-codes")
STATUS_CODES = "retriable-status-codes"
RETRIES = 2
#: What must be escaped in a regex to stand for itself (and may be).
_NOT_WORD = re.compile(r"[^A-Za-z0-9_]")
#: How often another host is looked for when one was tried already.
HOST_SELECTIONS = 5
DEFAULT_BACKOFF = 0.025
REDIRECT_CODES = (301, 302, 303, 307, 308)
GRPC_STATUS = {
    name: number
    for number, name in enumerate(
        (
            "OK",
            "CANCELLED",
            "UNKNOWN",
            "INVALID_ARGUMENT",
            "DEADLINE_EXCEEDED",
            "NOT_FOUND",
            "ALREADY_EXISTS",
            "PERMISSION_DENIED",
            "RESOURCE_EXHAUSTED",
            "FAILED_PRECONDITION",
            "ABORTED",
            "OUT_OF_RANGE",
            "UNIMPLEMENTED",
            "INTERNAL",
            "UNAVAILABLE",
            "DATA_LOSS",
            "UNAUTHENTICATED",
        )
    )
}


def is_authority(name: str) -> bool:
    return name.lower() in (":authority", "host")


def header_edits(headers: schema.Headers | None) -> tuple[HeaderEdits, str]:
    """Header operations, and the authority that they set ("" for none).

    Removals come first, then ``set``, then ``add``.
    """
    if headers is None:
        return NO_EDITS, ""
    request, response = headers.request, headers.response
    authority = ""
    for operations in (request.set, request.add) if request else ():
        authority = authority or next((value for name, value in operations.items() if is_authority(name)), "")
    return HeaderEdits(*_operations(request), *_operations(response)), authority


def _operations(
    operations: schema.HeaderOperations | None,
) -> tuple[tuple[HeaderValue, ...], tuple[str, ...]]:
    if operations is None:
        return (), ()
    written = _values(operations.set, AppendAction.OVERWRITE_IF_EXISTS_OR_ADD)
    written += _values(operations.add, AppendAction.APPEND_IF_EXISTS_OR_ADD)
    return written, tuple(name.lower() for name in operations.remove if not _internal(name))


def _values(headers: Mapping[str, str], action: AppendAction) -> tuple[HeaderValue, ...]:
    return tuple(
        HeaderValue(name.lower(), value, action)
        for name, value in sorted(headers.items())
        if not _internal(name)
    )


def _internal(name: str) -> bool:
    return name.startswith(":") or name.lower() == "host"


def joined(first: HeaderEdits, then: HeaderEdits) -> HeaderEdits:
    if not first or not then:
        return first or then
    return HeaderEdits(
        first.request_add + then.request_add,
        first.request_remove + then.request_remove,
        first.response_add + then.response_add,
        first.response_remove + then.response_remove,
    )


def _default_retries(*, hashing: bool) -> RetryPolicy:
    """What applies where a rule says nothing. Hashing must come back to the same host."""
    return RetryPolicy(
        retry_on=RETRY_ON,
        num_retries=RETRIES,
        avoid_previous_hosts=not hashing,
        host_selection_max_attempts=1 if hashing else HOST_SELECTIONS,
    )


def is_default_retries(policy: RetryPolicy) -> bool:
    """Whether it is what a rule that says nothing gets."""
    return policy in (_default_retries(hashing=False), _default_retries(hashing=True))


def retries(given: schema.Retries | None, *, hashing: bool) -> RetryPolicy | None:
    """The retry policy of a rule; None: no retries."""
    if given is None:
        return _default_retries(hashing=hashing)
    if given.attempts <= 0:
        return None
    reasons, codes = _retry_on(given.retry_on) if given.retry_on else (RETRY_ON, ())
    avoid = given.retry_ignore_previous_hosts
    avoid = not hashing if avoid is None else avoid
    return RetryPolicy(
        retry_on=reasons,
        num_retries=given.attempts,
        per_try_timeout=given.per_try_timeout,
        retriable_status_codes=codes,
        back_off_base=given.backoff,
        back_off_max=None if given.backoff is None else given.backoff * 10,
        avoid_previous_hosts=avoid,
        previous_priorities_frequency=2 if given.retry_remote_localities else None,
        host_selection_max_attempts=HOST_SELECTIONS if avoid else 1,
    )


def _retry_on(text: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    parts = [part.strip() for part in text.split(",")]
    codes = tuple(int(part) for part in parts if part.isdigit())
    reasons = tuple(part for part in parts if part and not part.isdigit())
    if codes and STATUS_CODES not in reasons:
        reasons += (STATUS_CODES,)
    return reasons, codes


def fraction(percent: Percent) -> Fraction:
    """A percentage in millionths, the finest that is served."""
    return Fraction(int(percent.value * 10_000), 1_000_000)


def fault(given: schema.Fault | None) -> FaultPolicy | None:
    """Faults; a percentage that is not given injects nothing."""
    if given is None:
        return None
    delay = abort = None
    if given.delay is not None and given.delay.fixed_delay is not None:
        share = fraction(given.delay.percentage) if given.delay.percentage else Fraction(given.delay.percent)
        delay = FaultDelay(share, given.delay.fixed_delay)
    stop = given.abort
    if stop is not None:
        share = fraction(stop.percentage) if stop.percentage else Fraction(0)
        if stop.http_status is not None:
            abort = FaultAbort(share, http_status=stop.http_status)
        elif stop.grpc_status is not None:
            abort = FaultAbort(share, grpc_status=GRPC_STATUS.get(stop.grpc_status, 2))
    return FaultPolicy(delay, abort) if delay or abort else None


def cors(given: schema.CorsPolicy | None) -> CorsPolicy | None:
    if given is None:
        return None
    origins = tuple(comparison(it) for it in given.allow_origins if not is_presence(it))
    return CorsPolicy(
        allow_origins=origins or tuple(Comparison(StringKind.EXACT, it) for it in given.allow_origin),
        allow_methods=",".join(given.allow_methods),
        allow_headers=",".join(given.allow_headers),
        expose_headers=",".join(given.expose_headers),
        max_age="" if given.max_age is None else str(int(given.max_age)),
        allow_credentials=given.allow_credentials,
        forward_not_matching_preflights=given.unmatched_preflights is not schema.UnmatchedPreflights.IGNORE,
    )


def rewrite(given: schema.Rewrite | None) -> PathRewrite | None:
    """``uri`` replaces what the rule's path matched: a prefix, or the whole path."""
    if given is None:
        return None
    regex = given.uri_regex_rewrite
    if regex is not None:
        return PathRewrite(PathRewriteKind.REGEX, regex=RegexRewrite(regex.match, regex.rewrite))
    return PathRewrite(PathRewriteKind.PREFIX, given.uri) if given.uri else None


def without_prefix(prefix: str) -> PathRewrite:
    """Take a prefix away by segments; what is left begins with one slash."""
    pattern = f"^{_NOT_WORD.sub(_escaped, prefix)}(/?)(.*)"
    return PathRewrite(PathRewriteKind.REGEX, regex=RegexRewrite(pattern, r"/\2"))


def _escaped(found: re.Match[str]) -> str:
    return f"\\{found[0]}"


def redirect(given: schema.Redirect, port: int, *, tls: bool) -> Redirect:
    """A redirect as seen through a listener on ``port``; the default port of the scheme is left out."""
    number = port if given.derive_port is schema.DerivePort.FROM_REQUEST_PORT else given.port
    scheme = given.scheme or ("https" if tls else "http")
    if (number, scheme) in ((80, "http"), (443, "https"), (0, scheme)):
        number = None
    path = None
    if given.prefix_rewrite:
        path = PathRewrite(PathRewriteKind.PREFIX, given.prefix_rewrite)
    elif given.uri:
        path = PathRewrite(PathRewriteKind.FULL, given.uri)
    return Redirect(
        status=given.redirect_code or 301,
        scheme=given.scheme,
        host=given.authority,
        port=number,
        path=path,
    )


def direct_response(given: schema.DirectResponse) -> DirectResponse:
    body = given.body
    if body is None:
        return DirectResponse(given.status)
    return DirectResponse(
        given.status, body.bytes if body.bytes is not None else (body.string or "").encode()
    )


def hash_policy(hashing: ConsistentHash) -> HashPolicy | None:
    """The hash key of a route; None where the document names no key."""
    if hashing.http_header_name is not None:
        return HashPolicy(HashPolicyKind.HEADER, hashing.http_header_name.lower())
    cookie = hashing.http_cookie
    if cookie is not None:
        return HashPolicy(
            HashPolicyKind.COOKIE,
            cookie.name,
            ttl=cookie.ttl,
            cookie_path=cookie.path,
            attributes=tuple((it.name, it.value) for it in cookie.attributes),
        )
    if hashing.use_source_ip:
        return HashPolicy(HashPolicyKind.SOURCE_IP)
    if hashing.http_query_parameter_name is not None:
        return HashPolicy(HashPolicyKind.QUERY_PARAMETER, hashing.http_query_parameter_name)
    return None
