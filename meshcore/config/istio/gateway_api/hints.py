"""What is valid and has no effect, or another one than meant: warnings with their positions."""

from __future__ import annotations

from collections.abc import Iterator

from meshcore.config.codes import BAD_BACKEND, WITHOUT_EFFECT
from meshcore.config.findings import Findings, did_you_mean
from meshcore.config.istio.gateway_api.derive import Derived
from meshcore.config.istio.gateway_api.listeners import HTTP_KINDS
from meshcore.config.istio.gateway_api.parents import SERVICE_ENTRY, Route, refusal
from meshcore.config.istio.gateway_api.schema import routes
from meshcore.config.istio.gateway_api.schema.common import (
    GATEWAY,
    GROUP,
    LISTENER_SET,
    SERVICE,
    BackendReference,
    ParentReference,
)
from meshcore.config.istio.reading import Resources
from meshcore.config.schema import warn_at

__all__ = ["check_served"]


def check_served(resources: Resources, derived: Derived, findings: Findings, *, mesh: bool) -> None:
    """Warn about listeners, parents and backends that lead nowhere; ``mesh``: for whom routes are made."""
    for remark in derived.gateways.remarks:
        warn_at(
            findings,
            remark.record,
            remark.field,
            remark.message,
            expected=remark.expected,
            code=remark.code,
        )
    every: list[Route] = [
        *resources.of("HTTPRoute", routes.HTTPRoute),
        *resources.of("GRPCRoute", routes.GRPCRoute),
    ]
    for route in every:
        for reference in route.spec.parent_refs:
            _check_parent(route, reference, derived, findings)
        if not route.spec.parent_refs:
            warn_at(
                findings,
                route.spec,
                "",
                "the route names no parent, so it has no effect",
                code=WITHOUT_EFFECT,
            )
        for rule in route.spec.rules:
            _check_rule(route, rule, derived, findings)
    made = derived.virtual_services
    if mesh and made and not any("mesh" in it.spec.gateways for it in made):
        name = next(name for name, listeners in derived.gateways.served.items() if listeners)
        message = (
            f"no route is for workloads of the mesh, only for gateways; to serve as one: --gateway {name}"
        )
        warn_at(findings, made[0].spec, "parent_refs", message)


def _check_parent(route: Route, reference: ParentReference, derived: Derived, findings: Findings) -> None:
    parents = derived.parents
    where = f"{reference.namespace or route.namespace}/{reference.name}"
    if reference.target in (SERVICE, SERVICE_ENTRY):
        if not parents.mesh_hosts(reference, route.namespace):
            message = f"there is no {reference.kind} {where!r}"
            warn_at(findings, reference, "name", message, code=WITHOUT_EFFECT)
        return
    if reference.target not in (GATEWAY, LISTENER_SET):
        message = f"routes attach to Gateways, Services and the like, not to a {reference.kind}"
        warn_at(findings, reference, "kind", message, code=WITHOUT_EFFECT)
        return
    listeners = parents.listeners.get((reference.target, where))
    what = reference.kind
    if listeners is None:
        hint = did_you_mean(where, [name for kind, name in parents.listeners if kind == reference.target])
        message = f"there is no {what} {where!r} among the documents{hint}"
        warn_at(findings, reference, "name", message, code=WITHOUT_EFFECT)
        return
    hostnames = [it.lower() for it in route.spec.hostnames] or ["*"]
    reasons = {
        it.section: refusal(it, reference, route.kind, route.namespace, hostnames)
        for it in listeners
        if it.kinds & HTTP_KINDS or (GROUP, route.kind) not in it.kinds
    }
    if reasons and all(reasons.values()):
        said = "; ".join(f"{name!r}: {why}" for name, why in reasons.items())
        message = f"no listener of {what} {where!r} takes the route ({said})"
        warn_at(findings, reference, "", message, code=WITHOUT_EFFECT)


def _check_rule(
    route: Route, rule: routes.HTTPRule | routes.GRPCRule, derived: Derived, findings: Findings
) -> None:
    if not any(it.weight for it in rule.backend_refs):
        redirects = any(it.request_redirect is not None for it in rule.filters)
        if not redirects:
            what = "every backend has weight 0" if rule.backend_refs else "the rule has no backends"
            warn_at(findings, rule, "backend_refs", f"{what}: requests get a 500", code=BAD_BACKEND)
        return
    mesh = not any(it.target == GATEWAY for it in route.spec.parent_refs)
    for problem, reference in _problems(route, rule, derived, mesh):
        warn_at(findings, reference, "name", problem, code=BAD_BACKEND)


def _problems(
    route: Route, rule: routes.HTTPRule | routes.GRPCRule, derived: Derived, mesh: bool
) -> Iterator[tuple[str, BackendReference]]:
    kind = (GROUP, route.kind)
    for backend in rule.backend_refs:
        found = derived.backends.find(backend, kind, route.namespace, mesh=mesh)
        if found.problem and backend.weight:
            yield f"{found.problem}: its share of the requests gets a 500", backend
    for given in rule.filters:
        mirror = given.request_mirror
        if mirror is None:
            continue
        found = derived.backends.find(mirror.backend_ref, kind, route.namespace, mesh=mesh)
        if found.problem:
            yield f"{found.problem}, so nothing is mirrored", mirror.backend_ref
