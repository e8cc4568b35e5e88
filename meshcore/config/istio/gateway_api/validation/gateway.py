"""The rules of Gateways and of ReferenceGrants."""

from __future__ import annotations

from collections.abc import Sequence

from meshcore.config.findings import Findings, did_you_mean, quoted
from meshcore.config.istio.gateway_api.gateways import PORTS
from meshcore.config.istio.gateway_api.listeners import PROTOCOLS
from meshcore.config.istio.gateway_api.schema import gateway as api
from meshcore.config.istio.gateway_api.schema.common import GATEWAY
from meshcore.config.istio.gateway_api.validation.common import check_hostname, check_name, check_unique
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.validation.common import check_labels, has_items
from meshcore.config.schema import error_at

__all__ = ["check_gateway", "check_grant", "check_listener_set"]

MAX_LISTENERS = 64
#: Protocols of the specification, and Istio's own.
KNOWN = (*PROTOCOLS, "UDP", "HBONE")


def check_gateway(resource: Resource[api.Gateway], findings: Findings) -> None:
    gateway = resource.spec
    if len(gateway.listeners) > MAX_LISTENERS:
        found = f"{len(gateway.listeners)} listeners"
        error_at(findings, gateway, "listeners", found=found, expected=f"at most {MAX_LISTENERS}")
    if not has_items(gateway, "listeners") and gateway.allowed_listeners is None:
        error_at(findings, gateway, "listeners", "a Gateway needs a listener")
    allowed = gateway.allowed_listeners
    if allowed is not None and allowed.namespaces is not None and allowed.namespaces.selector is not None:
        _check_selector(allowed.namespaces.selector, findings)
    _check_listeners(gateway.listeners, findings)
    for listener in gateway.listeners:
        if not listener.port:
            error_at(findings, listener, "port", "missing, but required")


def check_listener_set(resource: Resource[api.ListenerSet], findings: Findings) -> None:
    spec = resource.spec
    if not has_items(spec, "listeners"):
        error_at(findings, spec, "listeners", "a ListenerSet needs a listener")
    reference = spec.parent_ref
    if (reference.group, reference.kind) != GATEWAY:
        found = quoted(f"{reference.group}/{reference.kind}")
        error_at(findings, reference, "kind", found=found, expected="a Gateway")
    _check_listeners(spec.listeners, findings)
    for listener in spec.listeners:
        if not listener.port and listener.protocol not in PORTS:
            error_at(findings, listener, "port", f"missing, but required for {listener.protocol}")


def _check_listeners(listeners: Sequence[api.Listener], findings: Findings) -> None:
    check_unique(findings, listeners)
    seen: set[tuple[int, str, str]] = set()
    for listener in listeners:
        _check_listener(listener, findings)
        key = (listener.port, listener.protocol, listener.hostname.lower())
        if key in seen:
            message = "another listener has this port, protocol and host name already"
            error_at(findings, listener, "", message)
        seen.add(key)


def _check_listener(listener: api.Listener, findings: Findings) -> None:
    check_name(findings, listener, "name", listener.name)
    if listener.hostname:
        check_hostname(findings, listener, "hostname", listener.hostname)
        if listener.protocol in ("TCP", "UDP"):
            error_at(findings, listener, "hostname", f"{listener.protocol} knows no host names")
    # Others, with a domain as a prefix, are left to whoever knows them.
    if listener.protocol not in KNOWN and "/" not in listener.protocol:
        expected = f"one of {', '.join(KNOWN)}{did_you_mean(listener.protocol.upper(), KNOWN)}"
        error_at(findings, listener, "protocol", found=quoted(listener.protocol), expected=expected)
    _check_tls(listener, findings)
    routes = listener.allowed_routes
    given = routes.namespaces if routes else None
    if given is None:
        return
    if given.from_ is api.NamespacesFrom.Selector and given.selector is None:
        error_at(findings, given, "selector", "missing, but required for from: Selector")
    if given.selector is not None:
        _check_selector(given.selector, findings)


def _check_selector(selector: api.LabelSelector, findings: Findings) -> None:
    check_labels(findings, selector, "match_labels", selector.match_labels)
    for requirement in selector.match_expressions:
        _check_requirement(requirement, findings)


def _check_requirement(requirement: api.Requirement, findings: Findings) -> None:
    listed = requirement.operator in (api.Operator.In, api.Operator.NotIn)
    if listed and not requirement.values:
        error_at(findings, requirement, "values", f"missing, but required for {requirement.operator.name}")
    elif requirement.values and not listed:
        error_at(findings, requirement, "values", f"{requirement.operator.name} takes no values")


def _check_tls(listener: api.Listener, findings: Findings) -> None:
    tls = listener.tls
    if tls is None:
        return
    if listener.protocol in ("HTTP", "TCP", "UDP"):
        error_at(
            findings, listener, "tls", f"{listener.protocol} has no TLS", expected="protocol HTTPS or TLS"
        )
        return
    if listener.protocol == "HTTPS" and tls.mode is not api.TLSMode.Terminate:
        error_at(findings, tls, "mode", found="'Passthrough'", expected="Terminate, or protocol TLS")
    if tls.mode is api.TLSMode.Terminate and not (has_items(tls, "certificate_refs") or tls.options):
        message = "missing, but required for mode Terminate"
        error_at(findings, tls, "certificate_refs", message)
    for reference in tls.certificate_refs:
        if (reference.group, reference.kind) != ("", "Secret"):
            found = quoted(f"{reference.group}/{reference.kind}".lstrip("/"))
            error_at(findings, reference, "kind", found=found, expected="Secret")


def check_grant(resource: Resource[api.ReferenceGrant], findings: Findings) -> None:
    grant = resource.spec
    for field in ("from_", "to"):
        if not has_items(grant, field):
            error_at(findings, grant, field, "missing, but required")
