"""HTTP filters, in the connection manager and per route."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from meshcore.config.envoy.schema import filters as schema
from meshcore.config.envoy.schema.concurrency import AdaptiveConcurrency as ConcurrencySchema
from meshcore.config.envoy.schema.cors import Cors, CorsPolicy
from meshcore.config.envoy.schema.global_limit import RateLimit, RateLimitPerRoute
from meshcore.config.envoy.schema.ratelimit import LocalRateLimit
from meshcore.config.envoy.schema.session import StatefulSession as SessionSchema
from meshcore.config.envoy.schema.session import StatefulSessionPerRoute
from meshcore.config.envoy.translate.concurrency import adaptive_concurrency
from meshcore.config.envoy.translate.context import Context, type_name
from meshcore.config.envoy.translate.faults import fault_policy
from meshcore.config.envoy.translate.global_limits import global_rate_limit, per_route_rate_limit
from meshcore.config.envoy.translate.headers import edits_of_mutations
from meshcore.config.envoy.translate.policies import cors_policy
from meshcore.config.envoy.translate.ratelimits import local_rate_limit
from meshcore.config.envoy.translate.session import per_route_session, stateful_session
from meshcore.config.findings import quoted
from meshcore.config.schema import Record, path_of
from meshcore.config.tree import MappingNode, join_path
from meshcore.model import CorsFilter, FaultPolicy, FilterSwitch, StatefulSession

__all__ = ["FilterChain", "http_filters", "per_route_filters", "warn_of_disabled"]

_PREFIX = "envoy.extensions.filters.http."
_ROUTER = _PREFIX + "router.v3.Router"
_WRAPPER = "envoy.config.route.v3.FilterConfig"

#: Messages that configure a filter in the connection manager, and the feature they ask for.
_FILTERS: dict[str, type[Record]] = {
    _ROUTER: schema.Router,
    _PREFIX + "fault.v3.HTTPFault": schema.HttpFault,
    _PREFIX + "local_ratelimit.v3.LocalRateLimit": LocalRateLimit,
    _PREFIX + "ratelimit.v3.RateLimit": RateLimit,
    _PREFIX + "adaptive_concurrency.v3.AdaptiveConcurrency": ConcurrencySchema,
    _PREFIX + "cors.v3.Cors": Cors,
    _PREFIX + "header_mutation.v3.HeaderMutation": schema.HeaderMutationFilter,
    _PREFIX + "stateful_session.v3.StatefulSession": SessionSchema,
}
#: Those that configure one for a route, virtual host, weighted cluster or route configuration.
_PER_ROUTE: dict[str, type[Record]] = {
    _PREFIX + "fault.v3.HTTPFault": schema.HttpFault,
    _PREFIX + "local_ratelimit.v3.LocalRateLimit": LocalRateLimit,
    _PREFIX + "ratelimit.v3.RateLimitPerRoute": RateLimitPerRoute,
    _PREFIX + "cors.v3.CorsPolicy": CorsPolicy,
    _PREFIX + "header_mutation.v3.HeaderMutationPerRoute": schema.HeaderMutationPerRoute,
    _PREFIX + "stateful_session.v3.StatefulSessionPerRoute": StatefulSessionPerRoute,
    _WRAPPER: schema.FilterConfig,
}
#: What the engine does not act upon yet.
_FEATURES = {
    "header_mutation": "filter mutations",
}


#: Those that there may be one of.
_SINGLE = {"cors": "CORS", "adaptive_concurrency": "adaptive concurrency"}


@dataclass(frozen=True, slots=True)
class FilterChain:
    """The filters before the router. ``kinds``: name -> "fault", "local_ratelimit", ...; ``disabled``:
    names of those that do nothing where no route speaks to them."""

    kinds: Mapping[str, str]
    fault: FaultPolicy | None
    session: StatefulSession | None
    filters: tuple[tuple[str, object], ...]
    disabled: frozenset[str]
    router: schema.Router


def _kind(message: str) -> str:
    """``envoy.extensions.filters.http.fault.v3.HTTPFault`` is a ``fault``."""
    return message.removeprefix(_PREFIX).partition(".")[0]


def http_filters(context: Context, filters: list[schema.HttpFilter]) -> FilterChain:
    """The filter chain of a connection manager; its router must come last."""
    kinds: dict[str, str] = {}
    made: list[tuple[str, object]] = []
    fault: FaultPolicy | None = None
    session: StatefulSession | None = None
    disabled: set[str] = set()
    router = schema.Router()
    for index, item in enumerate(filters):
        if item.typed_config is None:
            context.error(item, "typed_config", "missing, but required")
            continue
        message = type_name(item.typed_config)
        if item.is_optional and message and message not in _FILTERS:
            context.warn(item, "", f"the optional filter {quoted(item.name)} is not supported and left out")
            continue
        path = path_of(item, "typed_config")
        _, config = context.decode_typed(item.typed_config, path, _FILTERS)
        last = index == len(filters) - 1
        if (message == _ROUTER) != last:
            problem = (
                "must be the last filter" if message == _ROUTER else "the last filter must be the router"
            )
            context.error(item, "name", problem, found=quoted(item.name))
        if isinstance(config, schema.Router):
            router = config
            if item.disabled:
                context.error(item, "disabled", "the router cannot be disabled")
        elif config is not None:
            kind = _kind(message)
            if item.name in kinds:
                context.error(item, "name", "another filter has this name", found=quoted(item.name))
            if kind in _SINGLE and kind in kinds.values():
                context.error(item, "", f"only one {_SINGLE[kind]} filter is supported")
            kinds[item.name] = kind
            if item.disabled:
                disabled.add(item.name)
            if kind in _FEATURES:
                context.pending(item, "", _FEATURES[kind])
            value = _value(context, config)
            made.append((item.name, value))
            if isinstance(value, StatefulSession):
                if session is not None:
                    context.error(item, "", "only one stateful session filter is supported")
                session = value
            if isinstance(value, FaultPolicy):
                if fault is not None:
                    context.error(item, "", "only one fault filter is supported")
                fault = value
    return FilterChain(kinds, fault, session, tuple(made), frozenset(disabled), router)


def per_route_filters(
    context: Context, holder: Record, configs: Mapping[str, MappingNode]
) -> tuple[tuple[str, object], ...]:
    """``typed_per_filter_config``: filter name -> its configuration at this level."""
    if not configs:
        return ()
    made: list[tuple[str, object]] = []
    base = path_of(holder, "typed_per_filter_config")
    for name, node in configs.items():
        path = join_path(base, name)
        _, config = context.decode_typed(node, path, _PER_ROUTE)
        if config is None:
            continue
        message = type_name(node)
        if isinstance(config, schema.FilterConfig) and _is_switch(config):
            made += _switch(context, config, name)
            continue
        if isinstance(config, schema.FilterConfig):
            unwrapped = _unwrap(context, config)
            if unwrapped is None:
                continue
            message, config = unwrapped
        value = _value(context, config, per_route=True)
        if context.filters is not None and name not in context.filters:
            note = f"has no effect: no filter of the listener is named {quoted(name)}"
            context.findings.warn(node, path, note)
        elif context.filters is not None and context.filters[name] != _kind(message):
            problem = f"the filter {quoted(name)} is of another kind"
            context.findings.error(node, path, problem, found=quoted(message))
        else:
            if _kind(message) in _FEATURES:
                context.pending(config, "", _FEATURES[_kind(message)])
            context.turned_on.add(name)
            made.append((name, value))
    return tuple(made)


def warn_of_disabled(context: Context, filters: list[schema.HttpFilter]) -> None:
    """Of those that nothing turns on; the routes have been read."""
    for item in filters:
        if item.disabled and item.name not in context.turned_on:
            context.warn(item, "disabled", "the filter does nothing: no route turns it on")


def _is_switch(wrapper: schema.FilterConfig) -> bool:
    """Whether it says no more than that the filter acts (``config: {}``), or does not."""
    return wrapper.disabled or (wrapper.config is not None and not wrapper.config.entries)


def _switch(context: Context, wrapper: schema.FilterConfig, name: str) -> list[tuple[str, object]]:
    if context.filters is not None and name not in context.filters:
        note = f"has no effect: no filter of the listener is named {quoted(name)}"
        context.warn(wrapper, "", note)
        return []
    if context.filters is None:
        context.error(wrapper, "", "no listener says which filter this is")
    if not wrapper.disabled:
        context.turned_on.add(name)
    return [(name, FilterSwitch(on=not wrapper.disabled))]


def _unwrap(context: Context, wrapper: schema.FilterConfig) -> tuple[str, Record] | None:
    if wrapper.config is None:
        context.error(wrapper, "config", "missing, but required")
        return None
    inner = {name: cls for name, cls in _PER_ROUTE.items() if name != _WRAPPER}
    message, config = context.decode_typed(wrapper.config, path_of(wrapper, "config"), inner)
    return (message, config) if config is not None else None


def _value(context: Context, config: Record, *, per_route: bool = False) -> object:
    if isinstance(config, schema.HttpFault):
        return fault_policy(context, config)
    if isinstance(config, LocalRateLimit):
        return local_rate_limit(context, config, per_route=per_route)
    if isinstance(config, RateLimit):
        return global_rate_limit(context, config)
    if isinstance(config, RateLimitPerRoute):
        return per_route_rate_limit(context, config)
    if isinstance(config, ConcurrencySchema):
        return adaptive_concurrency(context, config)
    if isinstance(config, Cors):
        return CorsFilter()
    if isinstance(config, CorsPolicy):
        return cors_policy(context, config)
    if isinstance(config, SessionSchema):
        return stateful_session(context, config)
    if isinstance(config, StatefulSessionPerRoute):
        return per_route_session(context, config)
    if isinstance(config, schema.HeaderMutationFilter | schema.HeaderMutationPerRoute):
        return edits_of_mutations(context, config.mutations)
    return None
