"""The rules of Sidecar."""

from __future__ import annotations

import re
from collections.abc import Sequence

from meshcore.config.findings import Findings, quoted
from meshcore.config.istio.names import is_address
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.schema.gateway import ServerTLS, TLSMode
from meshcore.config.istio.schema.sidecar import (
    CaptureMode,
    EgressListener,
    IngressListener,
    OutboundMode,
    OutboundTrafficPolicy,
    Sidecar,
    SidecarPort,
)
from meshcore.config.istio.validation.common import check_port, check_unix, has_items
from meshcore.config.istio.validation.connection_pool import check_connection_pool
from meshcore.config.istio.validation.destinations import check_destination
from meshcore.config.istio.validation.hosts import check_scoped_host
from meshcore.config.istio.validation.names import (
    PROTOCOLS,
    is_domain,
    is_label,
    is_protocol,
    speaks_http,
    speaks_tls,
)
from meshcore.config.istio.validation.selectors import check_selector
from meshcore.config.istio.validation.server_tls import check_server_tls
from meshcore.config.istio.workloads import UNIX
from meshcore.config.schema import error_at, warn_at

__all__ = ["check_sidecar"]

#: Where the application may listen: nowhere but on its own machine.
_LOCAL = frozenset({"", "127.0.0.1", "0.0.0.0", "::1", "::"})
_ENDPOINT = re.compile(r"(?:\[([^\]\[]*)\]|([^:\]\[]*)):([0-9]{1,9})\Z")
_UNSUPPORTED = (
    "subject_alt_names",
    "https_redirect",
    "credential_name",
    "credential_names",
    "tls_certificates",
)


def check_sidecar(resource: Resource[Sidecar], findings: Findings) -> None:
    spec = resource.spec
    check_selector(spec.workload_selector, findings)
    listening = has_items(spec, "ingress") or has_items(spec, "egress")
    if not listening and spec.outbound_traffic_policy is None and spec.inbound_connection_pool is None:
        expected = "egress, ingress, outboundTrafficPolicy or inboundConnectionPool"
        error_at(findings, spec, "", "a Sidecar must not be empty", expected=expected)
    _check_ingress(spec.ingress, findings)
    check_connection_pool(spec.inbound_connection_pool, findings)
    _check_egress(spec.egress, resource.namespace, findings)
    if spec.outbound_traffic_policy is not None:
        _check_outbound(spec.outbound_traffic_policy, findings)


def _check_ingress(listeners: Sequence[IngressListener], findings: Findings) -> None:
    numbers: set[int] = set()
    for listener in listeners:
        port = listener.port
        if port is None:
            error_at(findings, listener, "port", "missing, but required")
            continue
        _check_address(listener, port, numbers, findings)
        _check_default_endpoint(listener, findings)
        if listener.tls is not None:
            _check_tls(listener.tls, port, findings)
        pool = listener.connection_pool
        check_connection_pool(pool, findings)
        if pool is not None and pool.http is not None and not speaks_http(port.protocol):
            warn_at(
                findings, pool, "http", f"has no effect on a port that speaks {port.protocol or 'anything'}"
            )


def _check_tls(tls: ServerTLS, port: SidecarPort, findings: Findings) -> None:
    for field in _UNSUPPORTED:
        if getattr(tls, field):
            error_at(findings, tls, field, "not supported for the ingress of a Sidecar")
    if tls.mode in (TLSMode.ISTIO_MUTUAL, TLSMode.AUTO_PASSTHROUGH):
        expected = "SIMPLE, MUTUAL, OPTIONAL_MUTUAL or PASSTHROUGH"
        error_at(findings, tls, "mode", found=tls.mode.name, expected=expected)
    if not speaks_tls(port.protocol):
        error_at(findings, tls, "", f"has no meaning for protocol {port.protocol or '(none)'}")
    check_server_tls(tls, findings)


def _check_port(port: SidecarPort, findings: Findings) -> None:
    if port.target_port:
        error_at(findings, port, "target_port", "has no meaning for a Sidecar")
    if port.name and not is_label(port.name):
        error_at(findings, port, "name", found=quoted(port.name), expected="a name such as http")
    if port.protocol and not is_protocol(port.protocol):
        error_at(findings, port, "protocol", found=quoted(port.protocol), expected=PROTOCOLS)


def _check_address(
    listener: IngressListener | EgressListener, port: SidecarPort, known: set[int], findings: Findings
) -> None:
    """A listener of an IP address and a port, which no other listener may have."""
    _check_port(port, findings)
    check_port(findings, port, "number", port.number)
    if listener.bind and not is_address(listener.bind):
        error_at(findings, listener, "bind", found=quoted(listener.bind), expected="an IP address")
    if port.number in known:
        error_at(findings, port, "number", f"there is another listener of port {port.number}")
    known.add(port.number)


def _check_default_endpoint(listener: IngressListener, findings: Findings) -> None:
    text = listener.default_endpoint
    if not text or check_unix(findings, listener, "default_endpoint"):
        return
    found = _ENDPOINT.match(text)
    if found is None or (found[1] or found[2] or "") not in _LOCAL:
        expected = f"127.0.0.1:PORT, 0.0.0.0:PORT, [::1]:PORT, [::]:PORT, :PORT or {UNIX}/path"
        error_at(findings, listener, "default_endpoint", found=quoted(text), expected=expected)
    else:
        check_port(findings, listener, "default_endpoint", int(found[3]))


def _check_egress(listeners: Sequence[EgressListener], namespace: str, findings: Findings) -> None:
    numbers: set[int] = set()
    paths: set[str] = set()
    for index, listener in enumerate(listeners):
        port = listener.port
        if port is None:
            if index < len(listeners) - 1:
                message = "a listener without a port takes what the others leave, so that it must be the last"
                error_at(findings, listener, "port", message)
        elif port.number:
            _check_address(listener, port, numbers, findings)
        else:
            _check_port(port, findings)
            _check_path(listener, findings)
            if listener.bind in paths:
                error_at(findings, listener, "bind", f"there is another listener of {listener.bind!r}")
            paths.add(listener.bind)
        _check_hosts(listener, namespace, findings)


def _check_path(listener: EgressListener, findings: Findings) -> None:
    if not check_unix(findings, listener, "bind"):
        expected = f"{UNIX}/path, since the port has no number"
        error_at(findings, listener, "bind", found=quoted(listener.bind), expected=expected)
    if listener.capture_mode is CaptureMode.IPTABLES:
        found = listener.capture_mode.name
        error_at(findings, listener, "capture_mode", found=found, expected="DEFAULT or NONE for a unix path")


def _check_hosts(listener: EgressListener, namespace: str, findings: Findings) -> None:
    if not has_items(listener, "hosts"):
        error_at(findings, listener, "hosts", "a listener needs at least one host")
    seen: dict[str, set[str]] = {}
    for text in listener.hosts:
        check_scoped_host(listener, "hosts", text, findings, gateway=False)
        space, slash, host = text.partition("/")
        if not slash or space.startswith("~"):
            continue
        known = seen.setdefault(namespace if space == "." else space, set())
        if known if host == "*" else known & {host, "*"}:
            warn_at(findings, listener, "hosts", f"{text!r} says again what another host says")
        known.add(host)
    if "*" in seen.get("*", ()) and len(seen) > 1:
        warn_at(findings, listener, "hosts", "*/* is all there is; the other hosts add nothing")


def _check_outbound(policy: OutboundTrafficPolicy, findings: Findings) -> None:
    proxy = policy.egress_proxy
    if proxy is None:
        return
    if policy.mode is not OutboundMode.ALLOW_ANY:
        error_at(findings, policy, "egress_proxy", "only for mode ALLOW_ANY")
        return
    if not is_domain(proxy.host):
        error_at(findings, proxy, "host", found=quoted(proxy.host), expected="a host name without wildcards")
    else:
        check_destination(proxy, findings)
    if proxy.port is None:
        error_at(findings, proxy, "port", "missing, but required")
