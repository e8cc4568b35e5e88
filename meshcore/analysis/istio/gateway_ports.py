"""Ports of Gateways that the Services of their workloads do not have."""

from __future__ import annotations

from collections.abc import Iterator

from meshcore.analysis.context import Context
from meshcore.analysis.inventory import CORE, NETWORKING, Item
from meshcore.analysis.workloads import Workload, selector_text

__all__ = ["analyze"]


def analyze(ctx: Context) -> None:
    ports = _Ports(ctx)
    for gateway in ctx.inventory.of(NETWORKING, "Gateway"):
        where = gateway.spec.get("selector")
        selector = where.labels
        reachable = ports.of(selector)
        if reachable is None:
            message = f"no workload has the labels {selector_text(selector)} that this Gateway selects"
            ctx.report("IST0101", where, message)
            continue
        for server in gateway.spec.get("servers").each():
            port = server.get("port")
            number = port.get("number").number or 0
            if port and number not in reachable:
                message = (
                    f"port {number} is not a port of any Service of the workloads with the labels "
                    f"{selector_text(selector)}: nobody reaches it through a Service"
                )
                ctx.report("IST0162", port.get("number"), message)


class _Ports:
    """Ports and target ports of the Services in front of the workloads of a selector."""

    def __init__(self, ctx: Context) -> None:
        self._workloads = ctx.workloads
        self._known: dict[str, frozenset[int] | None] = {}
        #: Services by namespace and one label that they select; None: by none.
        self._services: dict[tuple[str, tuple[str, str] | None], list[Item]] = {}
        for service in ctx.inventory.of(CORE, "Service"):
            label = next(iter(service.spec.get("selector").labels.items()), None)
            self._services.setdefault((service.namespace, label), []).append(service)

    def of(self, selector: dict[str, str]) -> frozenset[int] | None:
        """The ports; None where the selector has no workload."""
        key = selector_text(selector)
        if key not in self._known:
            self._known[key] = self._find(selector)
        return self._known[key]

    def _find(self, selector: dict[str, str]) -> frozenset[int] | None:
        # Workloads of one namespace with the same labels have the same Services.
        distinct = {(it.namespace, *sorted(it.labels.items())): it for it in self._workloads.select(selector)}
        if not distinct:
            return None
        numbers: set[int] = set()
        for workload in distinct.values():
            for service in self._candidates(workload):
                wanted = service.spec.get("selector").labels
                if all(workload.labels.get(key) == value for key, value in wanted.items()):
                    numbers |= _numbers(service)
        return frozenset(numbers)

    def _candidates(self, workload: Workload) -> Iterator[Item]:
        for label in (None, *workload.labels.items()):
            yield from self._services.get((workload.namespace, label), ())


def _numbers(service: Item) -> set[int]:
    numbers = set()
    for port in service.spec.get("ports").each():
        if port.get("protocol").text in ("TCP", ""):
            numbers |= {port.get(key).number or 0 for key in ("port", "targetPort")}
    return numbers - {0}
