"""What is valid for Istio and cannot be served here, or not yet: refused, or warned about."""

from __future__ import annotations

import re

from meshcore.config.enforcement import warn_pending
from meshcore.config.findings import Findings, quoted
from meshcore.config.istio.actions import REDIRECT_CODES
from meshcore.config.istio.gateway import routes_http
from meshcore.config.istio.reading import Resources
from meshcore.config.istio.schema import destination_rule as policy
from meshcore.config.istio.schema.gateway import Gateway, Server
from meshcore.config.istio.schema.service_entry import Resolution, ServiceEntry
from meshcore.config.istio.schema.sidecar import CaptureMode, Sidecar
from meshcore.config.istio.schema.telemetry import Telemetry, WorkloadMode
from meshcore.config.istio.schema.virtual_service import (
    Headers,
    HTTPMatch,
    HTTPRoute,
    RegexRewrite,
    VirtualService,
)
from meshcore.config.istio.validation.headers import is_claim, is_token
from meshcore.config.schema import Record, error_at, is_set, warn_at
from meshcore.match import Regex
from meshcore.model.format import FormatError, parse_format

__all__ = ["check_kinds", "check_serving"]

#: What may stand in a request line.
_VISIBLE = re.compile(r"[!-~]*\Z")
#: A backslash of a substitution, and what it escapes.
_REFERENCE = re.compile(r"\\(.?)", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_COOKIE_TEXT = re.compile(r"[ -:<-~]*\Z")
_PERIODS = ("weight_expiration_period", "weight_stabilization_period", "weight_update_period")
MAX_RING = 8 * 1024 * 1024


def check_kinds(resources: Resources, findings: Findings) -> None:
    """Errors for documents whose kind is not supported: what they ask for would be missing, unseen."""
    for refused in resources.refused:
        kind = refused.kind
        message = f"{kind} is not supported yet, and {refused.reason}; leave it out by name "
        message += f"(ignore_kinds, --ignore-kind {kind}) if that is meant"
        findings.error(refused.origin, "kind", message)


def check_serving(resources: Resources, findings: Findings) -> None:
    """Errors for what would change decisions and is not supported, warnings for what waits."""
    for virtual_service in resources.of("VirtualService", VirtualService):
        spec = virtual_service.spec
        for field in ("tls", "tcp"):
            if getattr(spec, field):
                warn_at(findings, spec, field, f"{field} rules are left aside: only HTTP is routed")
        for rule in spec.http:
            _check_rule(rule, findings)
    for sidecar in resources.of("Sidecar", Sidecar):
        _check_sidecar(sidecar.spec, findings)
    for destination_rule in resources.of("DestinationRule", policy.DestinationRule):
        _check_policy(destination_rule.spec.traffic_policy, findings)
        for subset in destination_rule.spec.subsets:
            _check_policy(subset.traffic_policy, findings)
    for gateway in resources.of("Gateway", Gateway):
        for server in gateway.spec.servers:
            _check_server(server, findings)
    for telemetry in resources.of("Telemetry", Telemetry):
        _check_telemetry(telemetry.spec, findings)
    for entry in resources.of("ServiceEntry", ServiceEntry):
        if entry.spec.resolution is Resolution.DYNAMIC_DNS:
            warn_at(
                findings,
                entry.spec,
                "resolution",
                "names are not resolved by request yet: there are no endpoints",
            )


def _check_sidecar(spec: Sidecar, findings: Findings) -> None:
    inbound = "requests that come in go to the program itself"
    for field in ("ingress", "inbound_connection_pool"):
        if is_set(spec, field):
            warn_at(findings, spec, field, f"has no effect here: {inbound}")
    for listener in spec.egress:
        if listener.capture_mode is not CaptureMode.DEFAULT:
            warn_at(findings, listener, "capture_mode", "has no effect here: no traffic is captured")
        if listener.port is None and listener.bind:
            warn_at(findings, listener, "bind", "has no effect without a port")
        if listener.port is not None and not listener.port.number:
            warn_at(findings, listener, "bind", "unix paths are not listened on")


def _check_telemetry(spec: Telemetry, findings: Findings) -> None:
    """Requests that come in are the program's: of them no more is asked than whether they are reported."""
    if spec.metrics:
        warn_at(findings, spec, "metrics", "has no effect here: the engine's counters are always kept")
    tracing = [it.match for it in spec.tracing if not it.disable_span_reporting]
    for match in (*tracing, *(it.match for it in spec.access_logging)):
        if match is not None and match.mode is WorkloadMode.SERVER:
            message = "has no effect here: requests that come in go to the program itself"
            warn_at(findings, match, "mode", message)
    for logging in spec.access_logging:
        if logging.filter is not None and logging.filter.expression:
            warn_at(findings, logging.filter, "expression", "is not evaluated: every request is logged")


def _check_rule(rule: HTTPRoute, findings: Findings) -> None:
    for match in rule.match:
        _check_match(match, findings)
    _check_headers(rule.headers, findings)
    for destination in rule.route:
        _check_headers(destination.headers, findings)
    _check_texts(rule, findings)
    redirect = rule.redirect
    if redirect is not None and redirect.redirect_code and redirect.redirect_code not in REDIRECT_CODES:
        expected = f"one of {', '.join(map(str, REDIRECT_CODES))}"
        error_at(findings, redirect, "redirect_code", found=str(redirect.redirect_code), expected=expected)
    if rule.cors_policy is not None and (redirect is not None or rule.direct_response is not None):
        warn_at(findings, rule, "cors_policy", "has no effect on a rule that answers by itself")


def _check_texts(rule: HTTPRoute, findings: Findings) -> None:
    """What becomes part of a request line or of a Location must not break out of it."""
    rewrite, redirect = rule.rewrite, rule.redirect
    texts: list[tuple[Record, str]] = []
    if rewrite is not None:
        texts += [(rewrite, "uri"), (rewrite, "authority")]
        if rewrite.uri_regex_rewrite is not None:
            texts.append((rewrite.uri_regex_rewrite, "rewrite"))
            _check_groups(rewrite.uri_regex_rewrite, findings)
    if redirect is not None:
        texts += [(redirect, field) for field in ("uri", "prefix_rewrite", "authority")]
    for record, field in texts:
        text = getattr(record, field)
        if text and not _VISIBLE.match(text):
            expected = "visible ASCII characters; others are written %XX"
            error_at(findings, record, field, found=quoted(text), expected=expected)
        elif text and field in ("uri", "prefix_rewrite") and not text.startswith("/"):
            error_at(findings, record, field, found=quoted(text), expected="a path that begins with /")
    named: list[HTTPRoute | HTTPMatch] = [rule, *rule.match]
    for part in named:
        if _CONTROL.search(part.name):
            error_at(findings, part, "name", found=quoted(part.name), expected="no control characters")


def _check_groups(rewrite: RegexRewrite, findings: Findings) -> None:
    """A reference to a group that is not there would leave every path unchanged."""
    known = Regex(rewrite.match).groups  # validated
    for found in _REFERENCE.finditer(rewrite.rewrite):
        if found[1] == "\\":
            continue
        if not found[1].isdigit():
            error_at(
                findings,
                rewrite,
                "rewrite",
                found=quoted(found[0]),
                expected=r"\0 to \9, or \\ for a backslash",
            )
        elif int(found[1]) > known:
            message = f"{found[0]} refers to a group that the pattern has not (it has {known})"
            error_at(findings, rewrite, "rewrite", message)


def _check_match(match: HTTPMatch, findings: Findings) -> None:
    for field in ("headers", "without_headers"):
        for name in getattr(match, field):
            if is_claim(name):
                message = f"{name!r}: claims of tokens cannot be asked for yet, since tokens are not verified"
                error_at(findings, match, field, message)


def _check_headers(headers: Headers | None, findings: Findings) -> None:
    """Values are format strings; a command that is not known here cannot be filled in."""
    if headers is None:
        return
    for operations in (headers.request, headers.response):
        if operations is None:
            continue
        for field in ("set", "add"):
            for name, value in getattr(operations, field).items():
                try:
                    parse_format(value)
                except FormatError as error:
                    message = f"the value of {name!r} cannot be served: {error}"
                    error_at(findings, operations, field, message, found=quoted(value))


def _check_policy(given: policy.TrafficPolicy | None, findings: Findings) -> None:
    if given is None:
        return
    parts: list[policy.TrafficPolicy | policy.PortPolicy] = [given, *given.port_level_settings]
    for blocks in parts:
        if blocks.load_balancer is not None:
            _check_balancer(blocks.load_balancer, findings)
        if blocks.connection_pool is not None:
            _check_pool(blocks.connection_pool, findings)
        if blocks.tls is not None:
            _check_tls(blocks.tls, findings)
    if given.retry_budget is not None:
        warn_pending(findings, given, "retry_budget", "circuit breakers")
    if given.tunnel is not None:
        warn_at(findings, given, "tunnel", "connections are not tunnelled yet")
    if given.proxy_protocol is not None:
        warn_at(findings, given, "proxy_protocol", "the PROXY protocol is not spoken yet")


def _check_balancer(balancer: policy.LoadBalancer, findings: Findings) -> None:
    if balancer.consistent_hash is not None:
        _check_hash(balancer.consistent_hash, findings)
    if balancer.backend_utilization is not None:
        for field in _PERIODS:
            _check_not_negative(balancer.backend_utilization, field, findings)


def _check_hash(hashing: policy.ConsistentHash, findings: Findings) -> None:
    name, cookie = hashing.http_header_name, hashing.http_cookie
    if name is not None and not is_token(name):
        error_at(findings, hashing, "http_header_name", found=quoted(name), expected="the name of a header")
    if cookie is not None:
        _check_not_negative(cookie, "ttl", findings)
        if not is_token(cookie.name):
            error_at(findings, cookie, "name", found=quoted(cookie.name), expected="the name of a cookie")
        if not _COOKIE_TEXT.match(cookie.path):
            error_at(
                findings,
                cookie,
                "path",
                found=quoted(cookie.path),
                expected="a path without ; or control characters",
            )
        for attribute in cookie.attributes:
            if not is_token(attribute.name) or not _COOKIE_TEXT.match(attribute.value):
                found = quoted(f"{attribute.name}={attribute.value}")
                error_at(findings, attribute, "", found=found, expected="an attribute such as SameSite=Lax")
    sizes: list[tuple[Record, int]] = [(hashing, hashing.minimum_ring_size)]
    if hashing.ring_hash is not None:
        sizes.append((hashing.ring_hash, hashing.ring_hash.minimum_ring_size))
    for record, size in sizes:
        if size > MAX_RING:
            error_at(findings, record, "minimum_ring_size", found=str(size), expected=f"at most {MAX_RING}")


def _check_not_negative(record: Record, field: str, findings: Findings) -> None:
    seconds = getattr(record, field)
    if seconds is not None and seconds < 0:
        error_at(findings, record, field, found=f"{seconds:g}s", expected="0s or more")


def _check_pool(pool: policy.ConnectionPool, findings: Findings) -> None:
    if pool.http is None:
        return
    upgrades = pool.http.h2_upgrade_policy is policy.H2UpgradePolicy.UPGRADE
    for field, asked in (
        ("h2_upgrade_policy", upgrades),
        ("use_client_protocol", pool.http.use_client_protocol),
    ):
        if asked:
            warn_at(findings, pool.http, field, "the bundled proxy speaks HTTP/1.1 to endpoints")


def _check_tls(tls: policy.ClientTLS, findings: Findings) -> None:
    if tls.mode is policy.TLSMode.ISTIO_MUTUAL:
        message = "the mesh's own certificates are not known here: the bundled proxy cannot connect so"
        warn_at(findings, tls, "mode", message, expected="mode DISABLE, or SIMPLE or MUTUAL with files")
    if tls.credential_name:
        expected = "files: clientCertificate, privateKey, caCertificates"
        warn_at(findings, tls, "credential_name", "secrets are not read here", expected=expected)
    if tls.subject_alt_names:
        warn_at(
            findings, tls, "subject_alt_names", "not compared yet: certificates are checked for the host name"
        )


def _check_server(server: Server, findings: Findings) -> None:
    if server.port is None:
        return
    if not routes_http(server):
        warn_at(findings, server, "port", f"{server.port.protocol} is left aside: only HTTP is routed")
    elif not server.port.number:
        warn_at(findings, server, "bind", "unix paths are not listened on")
    elif server.tls is not None and not server.tls.https_redirect:
        message = "TLS is not terminated by the bundled proxy; decisions are made as if it were"
        warn_at(findings, server, "tls", message)
