"""Delegation: rules that a VirtualService leaves to others, put in place as Istio's control plane does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from msgspec.structs import replace

from meshcore.config.findings import Findings, did_you_mean
from meshcore.config.istio.names import expand, gateway_name, visible
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.schema.common import Destination, StringMatch
from meshcore.config.istio.schema.virtual_service import HTTPMatch, HTTPRoute, VirtualService
from meshcore.config.record import Record
from meshcore.config.schema import origin_of, warn_at

__all__ = ["merge_delegates"]

#: Its name among the codes of findings.
_CODE = "MC1107"

R = TypeVar("R", bound=Record)

#: Fields that the delegating rule gives where the delegate's rule has none: each as a whole.
_INHERITED = (
    "rewrite",
    "direct_response",
    "timeout",
    "retries",
    "fault",
    "mirror",
    "mirror_percent",
    "mirror_percentage",
    "cors_policy",
    "mirrors",
    "headers",
    "record_sticky",
)


def merge_delegates(
    resources: Iterable[Resource[VirtualService]],
    findings: Findings,
    *,
    domain: str,
    default_export: tuple[str, ...],
) -> list[Resource[VirtualService]]:
    """VirtualServices without delegates, which are merged into those that refer to them.

    A delegate that is missing, not exported to the namespace that refers to it, or that conflicts
    with it yields no route there (as in Istio, with a warning). A delegate's own delegates do not
    count. Merged records say in ``record_via`` where the rule stands that delegates them.

    Args:
        resources: all VirtualServices.
        findings: takes the warnings.
        domain: the cluster's domain.
        default_export: the mesh's exportTo for VirtualServices that have none.
    """
    listed = list(resources)
    delegates = {it.full_name: it for it in listed if not it.spec.hosts}
    used: set[str] = set()
    merged: list[Resource[VirtualService]] = []
    for root in listed:
        if not root.spec.hosts:
            continue
        if not any(rule.delegate for rule in root.spec.http):
            merged.append(root)
            continue
        rules: list[HTTPRoute] = []
        for rule in root.spec.http:
            rule = _resolved(rule, root.namespace, domain)
            if rule.delegate is None:
                rules.append(rule)
                continue
            name = f"{rule.delegate.namespace or root.namespace}/{rule.delegate.name}"
            used.add(name)
            delegate = delegates.get(name)
            problem = ""
            if delegate is None:
                problem = f"there is no delegate {name!r}, so this rule does nothing"
                problem += did_you_mean(name, delegates)
            elif not visible(delegate.spec.export_to or default_export, delegate.namespace, root.namespace):
                problem = f"{name!r} is not exported to {root.namespace!r}, so this rule does nothing"
            if delegate is None or problem:
                warn_at(findings, rule, "delegate", problem, code=_CODE)
                continue
            for part in delegate.spec.http:
                rules += _merge(rule, _resolved(part, delegate.namespace, domain), findings)
        merged.append(root.with_spec(replace(root.spec, http=rules)))
    for name, delegate in delegates.items():
        if name not in used:
            message = "a VirtualService without hosts is a delegate, and nothing refers to it"
            warn_at(findings, delegate.spec, "", message, code=_CODE)
    return merged


def _resolved(rule: HTTPRoute, namespace: str, domain: str) -> HTTPRoute:
    """The rule with full names, so that it means the same wherever it is put."""

    def destination(given: Destination | None) -> Destination | None:
        return given and replace(given, host=expand(given.host, namespace, domain))

    return replace(
        rule,
        match=[
            replace(it, gateways=[gateway_name(name, namespace) for name in it.gateways]) for it in rule.match
        ],
        route=[replace(it, destination=destination(it.destination)) for it in rule.route],
        mirror=destination(rule.mirror),
        mirrors=[replace(it, destination=destination(it.destination)) for it in rule.mirrors],
    )


def _merge(root: HTTPRoute, part: HTTPRoute, findings: Findings) -> list[HTTPRoute]:
    """The rule that two make together: one, or none where they conflict."""
    if part.delegate is not None:
        message = "a delegate cannot delegate further: this rule does nothing"
        warn_at(findings, part, "delegate", message, code=_CODE)
        return []
    matches = _matches(root, part)
    if matches is None:
        where = origin_of(root)
        fields = filter(None, (_conflict(it, leaf) for leaf in part.match for it in root.match))
        names = ", ".join(dict.fromkeys(fields))
        message = f"conflicts with what {where.file}:{where.line} delegates by its {names}, "
        message += "so this rule does nothing there"
        warn_at(findings, part, "match", message, code=_CODE)
        return []
    inherited = {field: getattr(root, field) for field in _INHERITED if getattr(part, field) in (None, [])}
    return [
        replace(
            part, name=_joined(root.name, part.name), match=matches, record_via=origin_of(root), **inherited
        )
    ]


def _joined(root: str, part: str) -> str:
    return f"{root}-{part}" if root and part else root or part


def _matches(root: HTTPRoute, part: HTTPRoute) -> list[HTTPMatch] | None:
    """The conditions of both, the delegate's in order; None: one of them fits none of the root's."""
    if not root.match:
        return [replace(it, record_via=origin_of(root)) for it in part.match]
    if not part.match:
        # The delegate's rule decides; the root's condition is where its second half stands.
        node, path = part.record_node, part.record_path
        return [
            replace(it, record_node=node, record_path=path, record_via=origin_of(it)) for it in root.match
        ]
    merged: list[HTTPMatch] = []
    for leaf in part.match:
        fitting = [_merged_match(it, leaf) for it in root.match if not _conflict(it, leaf)]
        if not fitting:
            return None
        merged += fitting
    return merged


def _merged_match(root: HTTPMatch, leaf: HTTPMatch) -> HTTPMatch:
    return replace(
        leaf,
        name=_joined(root.name, leaf.name),
        uri=leaf.uri or root.uri,
        scheme=leaf.scheme or root.scheme,
        method=leaf.method or root.method,
        authority=leaf.authority or root.authority,
        headers=root.headers | leaf.headers,
        without_headers=root.without_headers | leaf.without_headers,
        query_params=root.query_params | leaf.query_params,
        port=leaf.port or root.port,
        source_labels=root.source_labels | leaf.source_labels,
        source_namespace=leaf.source_namespace or root.source_namespace,
        gateways=leaf.gateways or root.gateways,
        stat_prefix=leaf.stat_prefix or root.stat_prefix,
        record_via=origin_of(root),
    )


def _conflict(root: HTTPMatch, leaf: HTTPMatch) -> str:
    """The field by which the delegate's condition could hold where the root's does not; "" if none."""
    pairs = [
        ("uri", root.uri, leaf.uri),
        ("scheme", root.scheme, leaf.scheme),
        ("method", root.method, leaf.method),
        ("authority", root.authority, leaf.authority),
    ]
    for field, ours, theirs in (
        ("headers", root.headers, leaf.headers),
        ("withoutHeaders", root.without_headers, leaf.without_headers),
        ("queryParams", root.query_params, leaf.query_params),
    ):
        pairs += [(f"{field}.{name}", ours.get(name), it) for name, it in theirs.items()]
    for field, mine, other in pairs:
        if _wider(mine, other):
            return field
    differing = {
        "ignoreUriCase": root.ignore_uri_case != leaf.ignore_uri_case,
        "port": bool(root.port and leaf.port and root.port != leaf.port),
        "sourceNamespace": bool(root.source_namespace and leaf.source_namespace != root.source_namespace),
        "sourceLabels": any(
            root.source_labels.get(key, value) != value for key, value in leaf.source_labels.items()
        ),
        "gateways": bool(root.gateways and not set(leaf.gateways) <= set(root.gateways)),
    }
    return next((field for field, differs in differing.items() if differs), "")


def _wider(root: StringMatch | None, leaf: StringMatch | None) -> bool:
    """Whether a comparison of the delegate is not within the root's.

    Presence tests and regexes fit nothing, not even each other, and an empty text counts as none:
    that is how Istio compares.
    """
    if root is None or leaf is None:
        return False
    if root.regex or leaf.regex:
        return True
    if root.exact:
        return bool(leaf.prefix) or leaf.exact != root.exact
    if root.prefix:
        return not (leaf.prefix or leaf.exact or "").startswith(root.prefix)
    return True
