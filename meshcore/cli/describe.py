"""Routes in words: each condition and each action of the model as one short line."""

from __future__ import annotations

from meshcore.config.istio.actions import is_default_retries
from meshcore.explain.faults import fault_of, fault_words
from meshcore.explain.retries import retry_words
from meshcore.model import (
    CookieMatch,
    DirectResponse,
    FilterSwitch,
    ForwardAction,
    HeaderEdits,
    HeaderMatch,
    HostRewrite,
    HostRewriteKind,
    Origin,
    PathKind,
    PathMatch,
    PathRewrite,
    PathRewriteKind,
    QueryParameterMatch,
    Redirect,
    RequireTls,
    Route,
    RouteMatch,
    StringKind,
    StringMatch,
    VirtualHost,
    WeightedCluster,
    WeightedClusters,
)
from meshcore.model.route import DEFAULT_ROUTE_TIMEOUT

__all__ = ["action_lines", "destinations", "https_line", "match_lines", "place", "switch_lines"]

_PATHS = {
    PathKind.EXACT: "path",
    PathKind.PREFIX: "prefix",
    PathKind.SEPARATED_PREFIX: "segments",
    PathKind.REGEX: "regex",
    PathKind.TEMPLATE: "template",
}
_STRINGS = {
    StringKind.EXACT: "is",
    StringKind.PREFIX: "starts with",
    StringKind.SUFFIX: "ends with",
    StringKind.CONTAINS: "contains",
    StringKind.REGEX: "matches",
}
_MAX_BODY = 48


def match_lines(match: RouteMatch) -> list[str]:
    """The conditions of a route, one a line; all of them must hold."""
    lines = [_path(match.path)]
    lines += [_header(header) for header in match.headers]
    lines += [_query(parameter) for parameter in match.query_parameters]
    lines += [_cookie(cookie) for cookie in match.cookies]
    if match.grpc:
        lines.append("gRPC only")
    if match.fraction is not None:
        lines.append(f"{_percent(match.fraction.numerator, match.fraction.denominator)} of requests")
    return lines


def action_lines(route: Route) -> list[str]:
    """What a route does, one effect a line; the outcome comes first."""
    action = route.action
    if isinstance(action, ForwardAction):
        lines = _forward(action)
    elif isinstance(action, Redirect):
        lines = [_redirect(action)]
    else:
        lines = [_respond(action)]
    if route.fault is not None:
        lines.append(f"fault: {fault_words(route.fault)}")
    lines += switch_lines(route.typed_per_filter_config)
    return lines + _edits(route.edits)


def destinations(action: ForwardAction) -> list[tuple[str, str]]:
    """Where a route forwards to: pairs of share ("90%"; "" for a single destination) and cluster."""
    if action.weighted_clusters is None:
        return [("", action.cluster or f"cluster named by header {action.cluster_header}")]
    parts = action.weighted_clusters.clusters
    total = sum(part.weight for part in parts)
    return [(_percent(part.weight, total), _destination(part)) for part in parts]


def https_line(host: VirtualHost) -> str:
    """Which plaintext requests a virtual host that requires TLS sends to https, and where it says so."""
    who = " that comes from outside" if host.require_tls is RequireTls.EXTERNAL_ONLY else ""
    about = f", {place(host.require_tls_origin)}" if host.require_tls_origin is not None else ""
    return f"plaintext{who} is sent to https (301) before any route is tried{about}"


def place(origin: Origin | None) -> str:
    """``file:line``, or "" where it is not known; of what two documents make, both."""
    if origin is None:
        return ""
    here = f"{origin.file}:{origin.line}"
    return f"{here} (via {place(origin.via)})" if origin.via else here


def _destination(part: WeightedCluster) -> str:
    return part.cluster or f"cluster named by header {part.cluster_header}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.4g}%" if whole else "0%"


def _path(path: PathMatch) -> str:
    if path.kind is PathKind.CONNECT:
        return "CONNECT requests"
    return f"{_PATHS[path.kind]} {path.value}{'' if path.case_sensitive else ' (any case)'}"


def _string(match: StringMatch) -> str:
    return f'{_STRINGS[match.kind]} "{match.value}"{" (any case)" if match.ignore_case else ""}'


def _header(header: HeaderMatch) -> str:
    if header.string is not None:
        test = _string(header.string)
    elif header.range is not None:
        test = f"is a number from {header.range.start} to {header.range.end - 1}"
    else:
        test = "is present" if header.present else "is absent"
    words = f"header {header.name} {test}"
    if header.invert:
        words = f"not: {words}"
    return f'{words} (missing: "")' if header.treat_missing_as_empty else words


def _query(parameter: QueryParameterMatch) -> str:
    if parameter.string is not None:
        return f"query {parameter.name} {_string(parameter.string)}"
    return f"query {parameter.name} is {'present' if parameter.present else 'absent'}"


def _cookie(cookie: CookieMatch) -> str:
    return f"{'not: ' if cookie.invert else ''}cookie {cookie.name} {_string(cookie.string)}"


def _forward(action: ForwardAction) -> list[str]:
    targets = destinations(action)
    width = max(len(share) for share, _ in targets)
    lines = [f"{share:>{width}}  {cluster}" if share else cluster for share, cluster in targets]
    split = action.weighted_clusters
    if split is not None and (chooser := _chooser(split)):
        lines.append(f"split by {chooser}")
    if action.path_rewrite is not None:
        lines.append(f"rewrite {_path_rewrite(action.path_rewrite)}")
    if action.host_rewrite is not None:
        lines.append(f"rewrite host to {_host_rewrite(action.host_rewrite)}")
    lines += _times(action)
    for part in split.clusters if split is not None else ():
        fault = fault_of(part.typed_per_filter_config)
        if fault is not None:
            lines.append(f"fault for {_destination(part)}: {fault_words(fault)}")
        lines += [f"for {_destination(part)}: {line}" for line in switch_lines(part.typed_per_filter_config)]
    lines += [f"mirror to {mirror.cluster or mirror.cluster_header}" for mirror in action.mirrors]
    return lines


def switch_lines(configs: tuple[tuple[str, object], ...]) -> list[str]:
    """Filters that are turned on or off."""
    switches = [(name, config) for name, config in configs if isinstance(config, FilterSwitch)]
    return [f"filter {name}: {'on' if config.on else 'off'}" for name, config in switches]


def _times(action: ForwardAction) -> list[str]:
    """How long it may take, and how often it is tried; in short, as nearly all of Istio's routes are."""
    lines = []
    if action.timeout is None and not action.stream_limits:
        lines.append(f"timeout {DEFAULT_ROUTE_TIMEOUT:g}s, since none is set")
    elif action.timeout:
        lines.append(f"timeout {action.timeout:g}s")
    policy = action.retry_policy
    if policy is not None:
        default = is_default_retries(policy)
        lines.append(f"retries {f'{policy.num_retries}, by default' if default else retry_words(policy)}")
    hedge = action.hedge_policy
    if hedge is not None and hedge.hedge_on_per_try_timeout:
        lines.append("hedges what takes longer than a try may")
    return lines


def _chooser(split: WeightedClusters) -> str:
    """What chooses among the clusters of a split; "" for chance."""
    if split.header_name:
        return f"header {split.header_name}"
    if split.sticky is not None:
        return f"{split.sticky.kind.value} {split.sticky.name}".rstrip() + ", sticky"
    return "hash policy" if split.use_hash_policy else ""


def _path_rewrite(rewrite: PathRewrite) -> str:
    if rewrite.kind is PathRewriteKind.REGEX and rewrite.regex is not None:
        return f"path: {rewrite.regex.pattern} becomes {rewrite.regex.substitution}"
    if rewrite.kind is PathRewriteKind.PREFIX:
        return f"prefix to {rewrite.text}"
    return f"path to {rewrite.text}"


def _host_rewrite(rewrite: HostRewrite) -> str:
    if rewrite.kind in (HostRewriteKind.LITERAL, HostRewriteKind.FORMAT):
        return rewrite.text
    if rewrite.kind is HostRewriteKind.HEADER:
        return f"the value of header {rewrite.text}"
    if rewrite.kind is HostRewriteKind.AUTO:
        return "the endpoint's host name"
    return f"part of the path: {rewrite.regex.pattern if rewrite.regex else ''}"


def _redirect(action: Redirect) -> str:
    parts = []
    scheme = "https" if action.https else action.scheme
    if scheme:
        parts.append(f"scheme {scheme}")
    if action.host:
        parts.append(f"host {action.host}")
    if action.port is not None:
        parts.append(f"port {action.port}")
    if action.path is not None:
        parts.append(_path_rewrite(action.path))
    if action.strip_query:
        parts.append("without query")
    return f"redirect {action.status}, {', '.join(parts)}" if parts else f"redirect {action.status}"


def _respond(action: DirectResponse) -> str:
    body = action.body_format or action.body.decode("utf-8", "backslashreplace")
    if not body:
        return f"respond {action.status}"
    shown = body if len(body) <= _MAX_BODY else f"{body[:_MAX_BODY]}..."
    return f"respond {action.status} {shown!r}"


def _edits(edits: HeaderEdits) -> list[str]:
    lines = []
    for side, added, removed in (
        ("request", edits.request_add, edits.request_remove),
        ("response", edits.response_add, edits.response_remove),
    ):
        lines += [f"{side} header {header.name}: {header.value}" for header in added]
        lines += [f"{side} header {name} removed" for name in removed]
    return lines
