"""Timeouts, retries and faults that cannot do what they are there for."""

from __future__ import annotations

from meshcore.analysis.context import Context
from meshcore.config.istio.schema.virtual_service import VirtualService
from meshcore.config.schema import origin_of
from meshcore.model import DEFAULT_ROUTE_TIMEOUT, ForwardAction

__all__ = ["analyze_faults", "analyze_retries", "analyze_timeouts"]

#: Conditions of retryOn under which the server may have acted on the request already.
_AFTER_THE_FACT = frozenset(
    {"5xx", "gateway-error", "reset", "retriable-4xx", "internal", "deadline-exceeded", "cancelled"}
)
_UNSAFE = frozenset({"POST", "PATCH"})


def analyze_timeouts(ctx: Context) -> None:
    """A try should not be allowed more time than all tries together."""
    for resource in ctx.resources.of("VirtualService", VirtualService):
        for rule in resource.spec.http:
            each = rule.retries.per_try_timeout if rule.retries else None
            if rule.retries and rule.timeout and each and each >= rule.timeout:
                where = origin_of(rule.retries, "per_try_timeout")
                ctx.report("MC1204", where, _no_time(each, rule.timeout))
    for listener in ctx.config.listeners if ctx.config else ():
        for host in listener.route_configuration.virtual_hosts:
            for route in host.routes:
                if isinstance(route.action, ForwardAction) and route.origin is not None:
                    policy = route.action.retry_policy or host.retry_policy
                    each = policy.per_try_timeout if policy else None
                    stated = route.action.timeout
                    whole = DEFAULT_ROUTE_TIMEOUT if stated is None else stated
                    if whole and each and each >= whole:
                        ctx.report("MC1204", route.origin, _no_time(each, whole))


def _no_time(each: float, whole: float) -> str:
    return f"a try may take {each:g}s, all tries together {whole:g}s: there is no time for a second"


def analyze_retries(ctx: Context) -> None:
    """What is not safe to repeat should not be repeated after the server may have acted."""
    for item in ctx.virtual_services:
        for rule in item.spec.get("http").each():
            retries = rule.get("retries")
            conditions = {it.strip() for it in retries.get("retryOn").text.split(",")}
            risky = sorted(conditions & _AFTER_THE_FACT)
            if not risky or retries.get("attempts").number == 0:
                continue
            methods = [match.at("method", "exact").text for match in rule.get("match").each()]
            if methods and all(method in _UNSAFE for method in methods):
                message = (
                    f"{' and '.join(sorted(set(methods)))} is repeated on {', '.join(risky)}, "
                    "when the server may have acted on it already"
                )
                expected = "connect-failure, refused-stream and the like, or a server that notices repeats"
                ctx.report("MC1203", retries.get("retryOn"), message, expected=expected)


def analyze_faults(ctx: Context) -> None:
    """A fault without a percentage is a fault for nobody."""
    for item in ctx.virtual_services:
        for rule in item.spec.get("http").each():
            for what in ("delay", "abort"):
                fault = rule.at("fault", what)
                if fault and not fault.get("percentage") and not fault.get("percent"):
                    message = f"the {what} meets no request: without a percentage it is 0 %"
                    ctx.report("MC1205", fault, message, expected="percentage: {value: 100} for all")
