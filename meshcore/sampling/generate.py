"""Requests made from the routes of a configuration: for each, some that it should take."""

from __future__ import annotations

from collections.abc import Iterator

from meshcore.check.exchange import Request
from meshcore.model import (
    Config,
    CookieMatch,
    HeaderMatch,
    PathKind,
    PathMatch,
    QueryParameterMatch,
    RouteMatch,
    StringKind,
    StringMatch,
)
from meshcore.sampling.pattern import example_of

__all__ = ["requests_for"]

#: A path that hardly any route means, to see what becomes of the rest.
_ELSEWHERE = "/meshcore-sample"


def requests_for(config: Config) -> Iterator[Request]:
    """For each route requests that meet its conditions, and one for each domain that meets hardly any.

    A route before it may take them; regexes for which no text is found are left out.
    """
    for listener in config.listeners:
        scheme = "https" if listener.tls else "http"
        for host in listener.route_configuration.virtual_hosts:
            authorities = list(dict.fromkeys(map(_authority, host.domains)))
            for authority in authorities:
                yield Request(_ELSEWHERE, authority, scheme=scheme, port=listener.port)
            for route in host.routes:
                for path in _paths(route.match.path):
                    made = _request(route.match, path, authorities[0], scheme, listener.port)
                    if made is not None:
                        yield made


def _authority(domain: str) -> str:
    if domain == "*":
        return "sample.example"
    if domain.startswith("*"):
        return "sample" + domain[1:]
    return domain[:-1] + "sample" if domain.endswith("*") else domain


def _paths(match: PathMatch) -> list[str]:
    """Paths that the specifier takes, on and beyond its edge."""
    value = match.value
    if match.kind is PathKind.PREFIX:
        return [value, f"{value}a", f"{value.rstrip('/')}/a"]
    if match.kind is PathKind.SEPARATED_PREFIX:
        return [value, f"{value}/a"]
    if match.kind is PathKind.REGEX:
        text = example_of(value)
        return [] if text is None else [text]
    if match.kind is PathKind.TEMPLATE:
        return [_fill(value)]
    return [value] if match.kind is PathKind.EXACT else []


def _fill(template: str) -> str:
    """A path template with each variable and wildcard filled in."""
    segments = []
    for segment in template.split("/"):
        if segment.startswith("{"):
            _, _, pattern = segment.strip("{}").partition("=")
            segments.append(pattern.strip("}").replace("**", "a").replace("*", "a") or "a")
        else:
            segments.append("a" if segment.startswith("*") else segment.strip("}"))
    return "/".join(segments)


def _request(match: RouteMatch, path: str, authority: str, scheme: str, port: int | None) -> Request | None:
    method = "GET"
    headers: list[tuple[str, str]] = []
    for header in match.headers:
        value = _header_value(header)
        if value is None:
            continue
        if header.name == ":method":
            method = value
        elif header.name == ":authority":
            authority = value
        elif header.name == ":scheme":
            scheme = value
        elif not header.name.startswith(":"):
            headers.append((header.name, value))
    if match.grpc:
        headers.append(("content-type", "application/grpc"))
    cookies = [f"{it.name}={_text(it.string)}" for it in match.cookies if not _absent(it)]
    if cookies:
        headers.append(("cookie", "; ".join(cookies)))
    query = [it for it in map(_query, match.query_parameters) if it]
    if query:
        path = f"{path}?{'&'.join(query)}"
    if not path.startswith("/") or not all(" " < character < "\x7f" for character in path):
        return None
    return Request(path, authority, method, tuple(headers), scheme, port=port)


def _header_value(header: HeaderMatch) -> str | None:
    """A value that the matcher takes; None: better without the header."""
    if header.string is not None:
        return _other(header.string) if header.invert else _text(header.string)
    if header.range is not None:
        return str(header.range.end if header.invert else header.range.start)
    return "a" if header.present is not header.invert else None


def _query(parameter: QueryParameterMatch) -> str:
    if parameter.string is not None:
        return f"{parameter.name}={_text(parameter.string) or ''}"
    return f"{parameter.name}=a" if parameter.present else ""


def _absent(cookie: CookieMatch) -> bool:
    return cookie.invert or _text(cookie.string) is None


def _text(match: StringMatch) -> str | None:
    return example_of(match.value) if match.kind is StringKind.REGEX else match.value


def _other(match: StringMatch) -> str:
    """A text that the matcher does not take, unless it takes nearly all."""
    return "-" if match.value != "-" else "--"
