"""DestinationRules for hosts that nobody has, and subsets that select nothing."""

from __future__ import annotations

from meshcore.analysis.context import Context
from meshcore.analysis.inventory import NETWORKING, Item
from meshcore.analysis.services import ServiceHost
from meshcore.analysis.workloads import selector_text
from meshcore.config.istio.names import expand
from meshcore.config.istio.resources import same_labels

__all__ = ["analyze"]


def analyze(ctx: Context) -> None:
    for rule in ctx.inventory.of(NETWORKING, "DestinationRule"):
        where = rule.spec.get("host")
        service = ctx.services.find(where.text, rule.namespace, rule.spec.get("exportTo").texts)
        if service is None:
            name = expand(where.text, rule.namespace)
            covered = next(ctx.services.suffixes.of(name), None)  # a rule for many services at once
            if covered is None and not ctx.is_extra(name):
                ctx.report("IST0174", where, f"there is no service {name!r}{ctx.near_host(name)}")
            continue
        _check_subsets(ctx, rule, service)


def _check_subsets(ctx: Context, rule: Item, service: ServiceHost) -> None:
    for subset in rule.spec.get("subsets").each():
        labels = subset.get("labels").labels
        wanted = {**service.selector, **labels}
        if ctx.workloads.any(wanted) or _registered(ctx, service, labels):
            continue
        message = (
            f"no workload has the labels {selector_text(wanted)} of subset {subset.get('name').text!r}: "
            "requests to it get a 503"
        )
        pods = bool(service.selector) and ctx.workloads.any(service.selector)
        if not ctx.expects_endpoints and not pods:
            message += "; what no document has, such as labels of endpoints, can be given with --endpoints"
        ctx.report("IST0173", subset.get("labels"), message)


def _registered(ctx: Context, service: ServiceHost, labels: dict[str, str]) -> bool:
    """Whether an endpoint that is no pod has the labels: one of a ServiceEntry or of the endpoints file."""
    # istioctl takes a short host of a ServiceEntry for a whole one's (MC1109 says what comes of it).
    names = [service.host, *(it.lower() for it in service.item.spec.get("hosts").texts)]
    known = (workload for name in names for it in ctx.registry.get(name) for workload in it.workloads)
    return any(same_labels(labels, workload.labels) for workload in known)
