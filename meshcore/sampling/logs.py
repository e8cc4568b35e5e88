"""Requests from a log: Envoy's, Istio's and our own access log, the combined log format, JSON lines."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from meshcore.check.exchange import Request

__all__ = ["Log", "read_log"]

#: A quoted text; one that the end of the line cuts off is taken too, so that none is looked at twice.
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)(?:"|\\?$)')
_REQUEST_LINE = re.compile(r'"([A-Z][A-Z0-9-]*) (\S+)(?: (HTTP/[0-9.]+))?"')
#: Envoy's and Istio's default formats: x-forwarded-for, user-agent, x-request-id, authority, upstream host.
_ENVOY_TAIL = 5
#: The combined log format of nginx and Apache: referer and user-agent close the line.
_COMBINED_TAIL = 2
_NAMES = {
    "method": ("method", ":method", "request_method", "req_method"),
    "path": ("path", ":path", "uri", "request_uri", "x-envoy-original-path"),
    "authority": ("authority", ":authority", "host", "server_name", "http_host"),
    "scheme": ("scheme", ":scheme"),
    "source": ("source", "source_ip"),
    "user-agent": ("user_agent", "user-agent", "http_user_agent"),
}


@dataclass(slots=True)
class Log:
    """What was read: each different request with how often it came, and the lines that were none."""

    requests: dict[Request, int] = field(default_factory=dict)
    #: Number and reason of the first lines that hold no request.
    unread: list[tuple[int, str]] = field(default_factory=list)
    unread_count: int = 0

    @property
    def total(self) -> int:
        return sum(self.requests.values())


class _NoRequest(Exception):
    """A line that holds no request; says why."""


def read_log(
    path: str | os.PathLike[str], *, authority: str | None = None, scheme: str = "http", shown: int = 3
) -> Log:
    """Read a log, line by line.

    Args:
        path: the file.
        authority: of requests whose lines name none.
        scheme: likewise; Envoy's own formats never name one.
        shown: how many unreadable lines to keep with their reasons.

    Raises:
        OSError: the file cannot be read.
    """
    log = Log()
    with Path(path).open(encoding="utf-8", errors="backslashreplace") as lines:
        for number, line in enumerate(lines, 1):
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            read = _json if text.startswith("{") else _text
            try:
                request = read(text, authority, scheme)
            except _NoRequest as reason:
                log.unread_count += 1
                if len(log.unread) < shown:
                    log.unread.append((number, str(reason)))
                continue
            log.requests[request] = log.requests.get(request, 0) + 1
    return log


def _text(line: str, authority: str | None, scheme: str) -> Request:
    found = _REQUEST_LINE.search(line)
    if found is None:
        raise _NoRequest('no request line such as "GET /path HTTP/1.1"')
    method, path = found[1], found[2]
    agent = ""
    rows = _quoted_rows(line, found.end())
    tail = next((row for row in rows if len(row) >= _ENVOY_TAIL), None)
    if tail is not None:
        agent, host = tail[1], tail[3]
        authority = host if host not in ("", "-") else authority
    else:
        combined = next((row for row in rows if len(row) >= _COMBINED_TAIL), None)
        agent = combined[1] if combined is not None else ""
    if not authority:
        raise _NoRequest("it names no authority; give one for all such lines")
    headers = (("user-agent", agent),) if agent not in ("", "-") else ()
    return Request(path, authority, method, headers, scheme)


def _quoted_rows(line: str, start: int) -> list[list[str]]:
    """The quoted texts; those with one blank between them make a row."""
    rows: list[list[str]] = []
    end = -1
    for found in _QUOTED.finditer(line, start):
        if not rows or line[end : found.start()] != " ":
            rows.append([])
        rows[-1].append(found[1])
        end = found.end()
    return rows


def _json(line: str, authority: str | None, scheme: str) -> Request:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _NoRequest(f"not a JSON object: {error}") from None
    texts = {name: _first(record, keys) for name, keys in _NAMES.items()}
    url = record.get("url")
    if isinstance(url, str):
        try:
            parts = urlsplit(url)
        except ValueError as error:
            raise _NoRequest(f"{url[:80]!r} is no URL: {error}") from None
        texts["scheme"], texts["authority"] = (
            texts["scheme"] or parts.scheme,
            parts.netloc or texts["authority"],
        )
        path = url.partition(parts.netloc)[2] if parts.netloc else url
        texts["path"] = texts["path"] or path or "/"
    headers = _headers(record.get("headers"))
    if not headers and texts["user-agent"]:
        headers = (("user-agent", texts["user-agent"]),)
    host = texts["authority"] or next((value for name, value in headers if name == "host"), "") or authority
    if not texts["path"]:
        raise _NoRequest("it has neither path nor url")
    if not host:
        raise _NoRequest("it names no authority; give one for all such lines")
    port = record.get("port")
    return Request(
        texts["path"],
        host,
        texts["method"] or "GET",
        tuple((name, value) for name, value in headers if name != "host"),
        texts["scheme"] or scheme,
        texts["source"].rpartition(":")[0] if texts["source"].count(":") == 1 else texts["source"] or None,
        port if isinstance(port, int) and 0 < port < 65536 else None,
    )


def _first(record: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    for key in keys:
        value = record.get(key)
        if isinstance(value, str) and value not in ("", "-"):
            return value
    return ""


def _headers(given: object) -> tuple[tuple[str, str], ...]:
    """Header lines: a mapping of names to a text or texts, or a list of pairs."""
    pairs: list[tuple[object, object]] = []
    if isinstance(given, Mapping):
        for name, value in given.items():
            pairs += [(name, it) for it in value] if isinstance(value, list) else [(name, value)]
    elif isinstance(given, list):
        pairs = [(it[0], it[1]) for it in given if isinstance(it, list) and len(it) == 2]
    return tuple((str(name).lower(), str(value)) for name, value in pairs if value is not None)
