"""The rules of AuthorizationPolicy."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from meshcore.config.findings import Findings, did_you_mean, quoted
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.schema.security import (
    Action,
    AuthorizationPolicy,
    Condition,
    Operation,
    Rule,
    Source,
)
from meshcore.config.istio.validation.common import check_networks, has_items
from meshcore.config.istio.validation.selectors import check_targets
from meshcore.config.record import spellings
from meshcore.config.schema import Record, error_at, is_set, warn_at

__all__ = ["check_authorization_policy"]

_SOURCE = (
    "principals",
    "request_principals",
    "namespaces",
    "service_accounts",
    "ip_blocks",
    "remote_ip_blocks",
    "trust_domains",
)
_OPERATION = ("hosts", "ports", "methods", "paths")
#: Fields of a source that a connection tells, whatever it carries.
_CONNECTION = ("principals", "namespaces", "service_accounts", "ip_blocks", "remote_ip_blocks")
#: What an external authorizer is asked instead of.
_NOT_CUSTOM = ("principals", "request_principals", "namespaces", "service_accounts", "trust_domains")
_NOT_CUSTOM_KEYS = ("source.namespace", "source.serviceAccount", "source.trustDomain", "source.principal")
#: Attributes that hold one thing.
_PLAIN = frozenset(
    {
        "source.namespace",
        "source.principal",
        "request.auth.principal",
        "request.auth.audiences",
        "request.auth.presenter",
        "connection.sni",
    }
)
#: Attributes that hold several, named in brackets.
_KEYED = ("request.headers", "request.auth.claims", "experimental.envoy.filters.")
_ADDRESSES = frozenset({"source.ip", "remote.ip", "destination.ip"})
_ATTRIBUTES = [
    *_PLAIN,
    *_ADDRESSES,
    "destination.port",
    "source.serviceAccount",
    "source.trustDomain",
    "request.headers[NAME]",
    "request.auth.claims[NAME]",
]
#: Attributes of long ago.
_GONE = {
    "destination.namespace": "the policy's own namespace",
    "destination.labels": "the policy's selector",
    "destination.name": "the policy's selector",
    "destination.user": "the policy's selector",
}
_BRACKETS = re.compile(r"[^\[]+\[.+\]\Z", re.DOTALL)
#: What may stand in a path between slashes, according to RFC 3986.
_LITERAL = re.compile(r"[a-zA-Z0-9\-._~%!$&'()+,;:@=]+\Z")
_MAX_ACCOUNTS = 16


def check_authorization_policy(resource: Resource[AuthorizationPolicy], findings: Findings) -> None:
    spec = resource.spec
    check_targets(spec, spec.selector, spec.target_ref, spec.target_refs, findings)
    rules = has_items(spec, "rules")
    if spec.action in (Action.DENY, Action.CUSTOM) and not rules:
        message = f"{spec.action.name} without rules never does anything"
        error_at(findings, spec, "rules", message, expected="[{}] for every request")
    if spec.action is Action.CUSTOM and rules and not (spec.provider and spec.provider.name):
        error_at(findings, spec, "provider", "missing, but required for action CUSTOM", expected="its name")
    if spec.action is not Action.CUSTOM and spec.provider is not None:
        error_at(findings, spec, "provider", f"has no meaning for action {spec.action.name}")
    for rule in spec.rules:
        _check_rule(rule, findings)
        if spec.action is Action.CUSTOM:
            _check_custom(rule, findings)
        if spec.action is Action.DENY and _is_http_only(rule):
            message = "HTTP attributes alone: on TCP ports this denies every connection"
            warn_at(findings, rule, "", message, expected="ports in the rule")


def _check_rule(rule: Rule, findings: Findings) -> None:
    for origin in rule.from_:
        if origin.source is None:
            error_at(findings, origin, "source", "missing, but required")
        else:
            _check_source(origin.source, findings)
    for target in rule.to:
        if target.operation is None:
            error_at(findings, target, "operation", "missing, but required")
        else:
            _check_operation(target.operation, findings)
    for condition in rule.when:
        _check_condition(condition, findings)


def _both(*fields: str) -> tuple[str, ...]:
    """The fields, and those that deny the same."""
    return (*fields, *(f"not_{field}" for field in fields))


def _given(record: Record, *fields: str) -> list[str]:
    return [field for field in _both(*fields) if getattr(record, field)]


def _check_source(source: Source, findings: Findings) -> None:
    if not _given(source, *_SOURCE):
        error_at(findings, source, "", "a source must not be empty")
    for field in _both(*_SOURCE):
        _check_filled(source, field, getattr(source, field), findings)
    for field in _both("ip_blocks", "remote_ip_blocks"):
        check_networks(findings, source, field, [it for it in getattr(source, field) if it])
    for field in _both("trust_domains"):
        _check_wildcards(source, field, getattr(source, field), findings, slash=False)
    for field in _both("service_accounts"):
        _check_accounts(source, field, getattr(source, field), findings)
    others = [it for it in _both("principals", "namespaces") if is_set(source, it)]
    for field in _both("service_accounts"):
        if others and is_set(source, field):
            error_at(findings, source, field, f"cannot be together with {spellings(others[0])[-1]}")


def _check_operation(operation: Operation, findings: Findings) -> None:
    if not _given(operation, *_OPERATION):
        error_at(findings, operation, "", "an operation must not be empty")
    for field in _both(*_OPERATION):
        _check_filled(operation, field, getattr(operation, field), findings)
    for field in _both("ports"):
        _check_ports(operation, field, [it for it in getattr(operation, field) if it], findings)
    for field in _both("paths"):
        for path in getattr(operation, field):
            _check_path(operation, field, path, findings)


def _check_filled(record: Record, field: str, values: Sequence[str], findings: Findings) -> None:
    if "" in values:
        error_at(findings, record, field, "an empty value matches nothing")


def _check_ports(record: Record, field: str, ports: Sequence[str], findings: Findings) -> None:
    for port in ports:
        if not (port.isascii() and port.isdigit() and len(port) < 10 and int(port) <= 65535):
            expected = "the number of a port, in quotes"
            error_at(findings, record, field, found=quoted(port), expected=expected)


def _check_wildcards(
    record: Record, field: str, values: Sequence[str], findings: Findings, *, slash: bool = True
) -> None:
    """``*`` at the start or the end; ``slash`` allows one in the value."""
    for value in values:
        if value.count("*") > 1 or "*" in value[1:-1]:
            expected = "at most one *, at the start or the end"
            error_at(findings, record, field, found=quoted(value), expected=expected)
        if not slash and "/" in value:
            error_at(findings, record, field, found=quoted(value), expected="a trust domain, without a slash")


def _check_accounts(record: Record, field: str, values: Sequence[str], findings: Findings) -> None:
    if len(values) > _MAX_ACCOUNTS:
        error_at(findings, record, field, found=f"{len(values)} items", expected=f"at most {_MAX_ACCOUNTS}")
    for value in values:
        if value and ("*" in value or value.count("/") > 1 or not all(value.split("/"))):
            expected = "account or namespace/account, without wildcards"
            error_at(findings, record, field, found=quoted(value), expected=expected)


def _check_path(record: Record, field: str, path: str, findings: Findings) -> None:
    """``{*}`` stands for one segment and ``{**}``, the last of the operators, for any number."""
    template = "{*}" in path or "{**}" in path
    rest = False
    for segment in path.strip("/").split("/"):
        problem = ""
        if segment in ("{*}", "{**}"):
            if rest:
                problem = "{**} must be the last operator"
            rest = rest or segment == "{**}"
        elif "{" in segment or "}" in segment:
            problem = "braces are for {*} and {**}, alone between slashes"
        elif template and not _LITERAL.match(segment):
            problem = f"{segment!r} cannot stand beside {{*}} or {{**}}"
        if problem:
            error_at(findings, record, field, problem, found=quoted(path))
            return


def _check_condition(condition: Condition, findings: Findings) -> None:
    key = condition.key
    if not key:
        error_at(findings, condition, "key", "missing, but required")
        return
    if not _given(condition, "values"):
        error_at(findings, condition, "", "nothing to compare with", expected="values or notValues")
        return
    known, check = _attribute(condition, key, findings)
    for field in _both("values") if known else ():
        values = getattr(condition, field)
        _check_filled(condition, field, values, findings)
        if check is not None:
            check(condition, field, [it for it in values if it], findings)


_Check = Callable[[Record, str, Sequence[str], Findings], None]


def _attribute(condition: Condition, key: str, findings: Findings) -> tuple[bool, _Check | None]:
    """Whether an attribute can be asked for, and what its values must be."""
    name = key.partition("[")[0]
    if any(key.startswith(prefix) for prefix in _KEYED):
        if not _BRACKETS.match(key):
            error_at(findings, condition, "key", found=quoted(key), expected=f"{name}[NAME]")
        return True, None
    if name in _GONE:
        error_at(findings, condition, "key", f"{name} is no longer an attribute", expected=_GONE[name])
        return False, None
    checks: dict[str, _Check] = {
        **dict.fromkeys(_ADDRESSES, _check_addresses),
        "destination.port": _check_ports,
        "source.serviceAccount": _check_accounts,
        "source.trustDomain": _check_wildcards,
    }
    if key not in _PLAIN and key not in checks:
        expected = f"an attribute such as source.ip{did_you_mean(key, _ATTRIBUTES)}"
        error_at(findings, condition, "key", found=quoted(key), expected=expected)
        return False, None
    return True, checks.get(key)


def _check_addresses(record: Record, field: str, values: Sequence[str], findings: Findings) -> None:
    check_networks(findings, record, field, values)


def _check_custom(rule: Rule, findings: Findings) -> None:
    """An external authorizer is not told who calls."""
    for origin in rule.from_:
        for field in _given(origin.source, *_NOT_CUSTOM) if origin.source else ():
            assert origin.source is not None
            error_at(findings, origin.source, field, "not supported with action CUSTOM")
    for condition in rule.when:
        if condition.key in _NOT_CUSTOM_KEYS or condition.key.startswith("request.auth."):
            message = "not supported with action CUSTOM"
            error_at(findings, condition, "key", message, found=quoted(condition.key))


def _is_http_only(rule: Rule) -> bool:
    """Whether a rule compares what only HTTP requests have."""
    operations = [it.operation for it in rule.to if it.operation is not None]
    sources = [it.source for it in rule.from_ if it.source is not None]
    if operations:
        return not any(_given(it, "ports") for it in operations)
    return bool(sources) and not any(_given(it, *_CONNECTION) for it in sources)
