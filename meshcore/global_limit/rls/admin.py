"""The admin pages of the rate limit server: /healthz, /ready, /config, /stats and /metrics. Read only."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from meshcore._version import __version__
from meshcore.global_limit.rls.rules import Rule
from meshcore.listening import ListenError, shown
from meshcore.telemetry.prometheus import Sample, exposition

if TYPE_CHECKING:
    from meshcore.global_limit.rls.server import RateLimitServer

__all__ = ["Admin"]

_PAGES = "/healthz\n/ready\n/config\n/stats\n/stats?format=json\n/stats?format=prometheus\n/metrics\n"


class Admin:
    """The pages' server, in a thread of its own.

    Raises:
        ListenError: an OSError: the address cannot be listened on.
    """

    def __init__(self, server: RateLimitServer, host: str, port: int) -> None:
        self._server = server
        pages = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10  # seconds for a request line

            def do_GET(self) -> None:
                status, kind, text = pages.page(self.path)
                body = text.encode("utf-8", "backslashreplace")
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nobody reads it."""

        try:
            self._http = ThreadingHTTPServer((host, port), Handler)
        except OSError as error:
            raise ListenError(shown(host, port), error, admin=True) from error
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def page(self, target: str) -> tuple[int, str, str]:
        """Status, type and text of a page."""
        url = urlsplit(target)
        plain = "text/plain; charset=utf-8"
        if url.path == "/":
            return 200, plain, _PAGES
        if url.path == "/healthz":
            return 200, plain, "ok\n"
        if url.path == "/ready":
            # Others are to send no more, though what comes is still answered.
            return (503, plain, "DRAINING\n") if self._server.draining else (200, plain, "LIVE\n")
        if url.path == "/config":
            return 200, "application/json", self._config()
        if url.path == "/metrics":
            return 200, plain, self._prometheus()
        if url.path != "/stats":
            return 404, plain, f"no such page; there are\n{_PAGES}"
        form = parse_qs(url.query).get("format", ["text"])[0]
        if form == "json":
            return 200, "application/json", _json({"counters": self._counters(), "gauges": self._gauges()})
        if form == "prometheus":
            return 200, plain, self._prometheus()
        if form != "text":
            return 400, plain, "format is one of text, json and prometheus\n"
        values = {**self._counters(), **self._gauges()}
        return 200, plain, "".join(f"{name}: {value}\n" for name, value in sorted(values.items()))

    def _counters(self) -> dict[str, int]:
        return self._server.service.stats.counters()

    def _gauges(self) -> dict[str, int]:
        return {
            "ratelimit.service.forgotten_keys": self._server.service.forgotten,
            "server.live": int(not self._server.draining),
        }

    def _prometheus(self) -> str:
        stats = self._server.service.stats
        samples = [Sample("counter", name, value) for name, value in stats.service().items()]
        samples += [Sample("gauge", name, value) for name, value in self._gauges().items()]
        samples += [
            Sample(
                "counter", f"ratelimit.service.rate_limit.{kind}", value, (("domain", d), ("descriptor", n))
            )
            for d, n, kind, value in stats.limits()
        ]
        return exposition(samples)

    def _config(self) -> str:
        service = self._server.service
        return _json(
            {
                "version": __version__,
                "digest": service.config.digest,
                "reload_error": service.reload_error,
                "warnings": [str(warning) for warning in service.config.warnings],
                "limits": [_shown(rule) for rule in service.config.rules],
            }
        )


def _shown(rule: Rule) -> dict[str, object]:
    limit = rule.limit
    shown: dict[str, object] = {
        "domain": rule.domain,
        "descriptor": [{"key": key, "value": value} if value else {"key": key} for key, value in rule.path],
        "unit": limit.unit.name.lower() if limit is not None else None,
        "requests_per_unit": limit.requests_per_unit if limit is not None else None,
        "unlimited": limit is None,
        "name": limit.name if limit is not None else "",
        "replaces": sorted(rule.replaces),
        "shadow_mode": rule.shadow_mode,
        "quota_mode": rule.quota_mode,
        "origin": str(rule.origin),
    }
    return {name: value for name, value in shown.items() if value not in (None, "", False, [])}


def _json(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"
