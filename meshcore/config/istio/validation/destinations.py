"""The rules of destinations and their weights."""

from __future__ import annotations

from collections.abc import Sequence

from meshcore.config.findings import Findings, quoted
from meshcore.config.istio.schema.common import Destination
from meshcore.config.istio.validation.common import check_port
from meshcore.config.istio.validation.names import is_label, is_wildcard_domain
from meshcore.config.schema import Record, error_at

__all__ = ["check_destination", "check_weights"]


def check_destination(destination: Destination, findings: Findings) -> None:
    host = destination.host
    if host == "*" or not is_wildcard_domain(host):
        error_at(findings, destination, "host", found=quoted(host), expected="the name of a service")
    if destination.subset and not is_label(destination.subset):
        error_at(
            findings, destination, "subset", found=quoted(destination.subset), expected="a name such as v1"
        )
    if destination.port is not None:
        check_port(findings, destination.port, "number", destination.port.number)


def check_weights(rule: Record, weights: Sequence[tuple[Record, int]], findings: Findings) -> None:
    for record, weight in weights:
        if weight < 0:
            error_at(findings, record, "weight", found=str(weight), expected="0 or more")
    total = sum(weight for _, weight in weights)
    if len(weights) > 1 and total == 0:
        error_at(findings, rule, "route", "the weights add up to 0, so no destination could be chosen")
    if total > 2**32 - 1:
        error_at(findings, rule, "route", f"the weights add up to {total}, more than 4294967295")
