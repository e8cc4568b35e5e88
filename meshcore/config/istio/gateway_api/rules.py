"""Rules of routes to http rules: one for each match, as Istio does it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from meshcore.config.istio.gateway_api import filters
from meshcore.config.istio.gateway_api.backends import Backends
from meshcore.config.istio.gateway_api.matching import grpc_match, http_match
from meshcore.config.istio.gateway_api.parents import Route
from meshcore.config.istio.gateway_api.schema import routes as api
from meshcore.config.istio.gateway_api.schema.common import GROUP, GroupKind
from meshcore.config.istio.gateway_api.schema.filters import RequestMirror
from meshcore.config.istio.schema import virtual_service as istio
from meshcore.config.istio.schema.common import Destination
from meshcore.config.istio.sticky import sticky_key

__all__ = ["convert"]

#: The status of a rule without backends that could take a request.
NO_BACKEND = 500
#: What is retried where a rule asks for retries; its status codes come on top.
RETRY_ON = ("connect-failure", "refused-stream", "unavailable", "cancelled")
#: How often is retried where a rule does not say.
ATTEMPTS = 2


def convert(resource: Route, backends: Backends, *, mesh: bool) -> list[istio.HTTPRoute]:
    """The http rules of a route, in its own order; ``mesh``: as sidecars use them."""
    rules: list[istio.HTTPRoute] = []
    given: Sequence[api.HTTPRule | api.GRPCRule] = resource.spec.rules
    sticky = sticky_key(resource.metadata)
    for position, rule in enumerate(given):
        name = rule.name or f"{resource.namespace}.{resource.name}.{position}"
        for match in _matches(rule):
            made = _Conversion(resource.kind, resource.namespace, backends, mesh).rule(rule, name)
            made.match = [match] if match else []
            made.record_sticky = sticky
            rules.append(made)
    return rules


def _matches(rule: api.HTTPRule | api.GRPCRule) -> Iterator[istio.HTTPMatch | None]:
    """The matches of a rule; none given is everything, which for HTTP is the prefix ``/``."""
    if isinstance(rule, api.GRPCRule):
        yield from map(grpc_match, rule.matches)
        if not rule.matches:
            yield None
        return
    everything = api.HTTPMatch(record_node=rule.record_node, record_path=rule.record_path)
    yield from map(http_match, rule.matches or [everything])


class _Conversion:
    """One rule under conversion."""

    def __init__(self, kind: str, namespace: str, backends: Backends, mesh: bool) -> None:
        self._route: GroupKind = (GROUP, kind)
        self._namespace = namespace
        self._backends = backends
        self._mesh = mesh

    def rule(self, rule: api.HTTPRule | api.GRPCRule, name: str) -> istio.HTTPRoute:
        made = istio.HTTPRoute(name=name, record_node=rule.record_node, record_path=rule.record_path)
        made.headers = filters.headers(rule.filters)
        for given in rule.filters:
            if given.request_redirect is not None:
                made.redirect = filters.redirect(given.request_redirect)
            if given.url_rewrite is not None:
                made.rewrite = filters.rewrite(given.url_rewrite)
            if given.cors is not None:
                made.cors_policy = filters.cors(given.cors)
            if given.request_mirror is not None:
                made.mirrors += self._mirrors(given.request_mirror)
        if isinstance(rule, api.HTTPRule):
            if rule.retry is not None:
                made.retries = _retries(rule.retry)
            _set_timeouts(made, rule.timeouts)
        chosen = [it for it in rule.backend_refs if it.weight]
        if chosen:
            made.route = self._destinations(chosen)
        elif made.redirect is None:
            made.direct_response = istio.DirectResponse(
                status=NO_BACKEND, record_node=rule.record_node, record_path=rule.record_path
            )
        return made

    def _destinations(self, chosen: Sequence[api.Backend]) -> list[istio.RouteDestination]:
        return [
            istio.RouteDestination(
                destination=self._find(backend),
                weight=backend.weight if len(chosen) > 1 else 0,
                headers=filters.headers(backend.filters),
                record_node=backend.record_node,
                record_path=backend.record_path,
            )
            for backend in chosen
        ]

    def _find(self, backend: api.Backend) -> Destination:
        return self._backends.find(backend, self._route, self._namespace, mesh=self._mesh).destination

    def _mirrors(self, given: RequestMirror) -> list[istio.MirrorPolicy]:
        """The mirror, unless it leads nowhere: nobody waits for its answer."""
        found = self._backends.find(given.backend_ref, self._route, self._namespace, mesh=self._mesh)
        if found.invalid:
            return []
        return [
            istio.MirrorPolicy(
                destination=found.destination,
                percentage=filters.mirror_share(given),
                record_node=given.record_node,
                record_path=given.record_path,
            )
        ]


def _retries(given: api.Retry) -> istio.Retries:
    attempts = ATTEMPTS if given.attempts is None else given.attempts
    reasons = [*RETRY_ON, *(str(code) for code in given.codes)]
    return istio.Retries(
        attempts=attempts,
        retry_on=",".join(reasons) if attempts else "",
        backoff=given.backoff,
        record_node=given.record_node,
        record_path=given.record_path,
    )


def _set_timeouts(made: istio.HTTPRoute, given: api.Timeouts | None) -> None:
    """``request`` bounds it all; ``backendRequest`` one try where there are retries, else it all, too."""
    if given is None:
        return
    if given.request:
        made.timeout = given.request
    if given.backend_request:
        if made.retries is not None:
            made.retries.per_try_timeout = given.backend_request
        else:
            made.timeout = given.backend_request
