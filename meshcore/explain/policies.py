"""The policies that a route's requests meet: what they say, and what came of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from meshcore.explain.faults import fault_of
from meshcore.explain.serving import CorsJudged, MirrorTried
from meshcore.model import (
    CorsFilter,
    CorsPolicy,
    FaultPolicy,
    FilterSwitch,
    ForwardAction,
    HeaderEdits,
    Listener,
    RetryPolicy,
    Route,
    StatefulSession,
    VirtualHost,
    WeightedCluster,
)

__all__ = ["Levels"]


@dataclass(frozen=True, slots=True)
class Levels:
    """The places where a policy may stand. ``choice`` is the weighted cluster's number in its split."""

    route: Route
    host: VirtualHost
    listener: Listener
    choice: int | None

    @property
    def action(self) -> ForwardAction | None:
        return self.route.action if isinstance(self.route.action, ForwardAction) else None

    @property
    def weighted(self) -> WeightedCluster | None:
        split = self.action.weighted_clusters if self.action is not None else None
        return split.clusters[self.choice] if split is not None and self.choice is not None else None

    def edits(self) -> list[HeaderEdits]:
        """Header edits of all levels."""
        found = [self.route.edits, self.host.edits, self.listener.route_configuration.edits]
        return [self.weighted.edits, *found] if self.weighted is not None else found

    def metadata_match(self) -> dict[str, object]:
        """The labels that the route asks endpoints for; the weighted cluster's over those of the route."""
        outer = dict(self.action.metadata_match) if self.action is not None else {}
        return {**outer, **dict(self.weighted.metadata_match)} if self.weighted is not None else outer

    def retries(self) -> RetryPolicy | None:
        return (self.action.retry_policy or self.host.retry_policy) if self.action is not None else None

    def fault(self) -> FaultPolicy | None:
        """The innermost one; None where its filter does nothing."""
        if not self._acts(FaultPolicy):
            return None
        outer = (self.host.typed_per_filter_config, self.listener.route_configuration.typed_per_filter_config)
        inner = fault_of(self.weighted.typed_per_filter_config) if self.weighted is not None else None
        found = (inner, self.route.fault, *map(fault_of, outer), self.listener.fault)
        return next((policy for policy in found if policy is not None), None)

    def session(self) -> StatefulSession | None:
        """Of the innermost level that says anything, be it that there is none."""
        found = (config for config in self._filter_configs() if isinstance(config, StatefulSession))
        return next(found, self.listener.session)

    def mirrors(self, sent: Sequence[tuple[str, str]]) -> tuple[MirrorTried, ...]:
        """The copies that are ``sent`` (cluster and authority), and the policies that make none this time."""
        if self.action is None:
            return ()
        made = [MirrorTried(cluster, authority, True, None) for cluster, authority in sent]
        named = {"", *(cluster for cluster, _ in sent)}
        policies = self.action.mirrors or self.host.mirrors or self.listener.route_configuration.mirrors
        rest = [policy for policy in policies if policy.cluster not in named]
        return (*made, *(MirrorTried(policy.cluster, None, False, policy.fraction) for policy in rest))

    def cors(self, verdict: str) -> CorsJudged | None:
        """The core's verdict, with the origins of the innermost policy that names any; None without one."""
        policies = self._cors_policies()
        if not policies or not self._acts(CorsFilter):
            return None
        origins = next((policy.allow_origins for policy in policies if policy.allow_origins), ())
        return CorsJudged(verdict, origins)

    def _cors_policies(self) -> list[CorsPolicy]:
        """Policies of the filter hide the older fields, at whatever level they are."""
        of_filter = [config for config in self._filter_configs() if isinstance(config, CorsPolicy)]
        fields = (self.action.cors if self.action is not None else None, self.host.cors)
        return of_filter or [policy for policy in fields if policy is not None]

    def _acts(self, kind: type) -> bool:
        """Whether the filter of that kind acts on the route, as far as anybody says something of it."""
        name = next((name for name, config in self.listener.filters if isinstance(config, kind)), None)
        said = (config for other, config in self._named_configs() if other == name)
        switch = next(said, FilterSwitch(name not in self.listener.disabled_filters))
        return switch.on if isinstance(switch, FilterSwitch) else True

    def _filter_configs(self) -> Iterator[object]:
        return (config for _, config in self._named_configs())

    def _named_configs(self) -> Iterator[tuple[str, object]]:
        """What configures filters at any level, the innermost first."""
        outer = (self.route, self.host, self.listener.route_configuration)
        for level in (self.weighted, *outer) if self.weighted is not None else outer:
            yield from level.typed_per_filter_config
