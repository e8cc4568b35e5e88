"""Where nothing matched: what came nearest, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher, get_close_matches
from heapq import nsmallest
from itertools import takewhile

from meshcore.explain.places import file_line
from meshcore.explain.quoting import quoted
from meshcore.explain.routing import Condition, RouteTried
from meshcore.model import Listener

__all__ = ["near_domains", "near_listeners", "near_routes"]

_MOST = 3
#: Candidates that are compared letter by letter; they are those with the longest common beginning.
_COMPARED = 50
#: Texts that are less alike than this (of 1) are not worth telling.
_ALIKE = 0.6


def near_listeners(listeners: Sequence[Listener]) -> tuple[str, ...]:
    """For a port that no listener has."""
    if not listeners:
        return ("the documents make no listener for whom they were loaded (see --gateway and --node)",)
    ports = ", ".join(str(listener.port) for listener in listeners)
    return (f"there are listeners for the ports {ports}",)


def near_domains(host: str | None, listener: Listener, listeners: Sequence[Listener]) -> tuple[str, ...]:
    """For a host that no virtual host of the listener has for its own."""
    if host is None:
        named_by = listener.route_configuration.vhost_header
        return (f"the request has no header {named_by}, which names the virtual host",)
    wanted = host.lower()
    found = [
        f"{_port(other)} serves {quoted(wanted)}; this is {_port(listener)}"
        for other in listeners
        if other is not listener and wanted in _domains((other,))
    ]
    domains = _domains((listener,))
    name, colon, port = wanted.rpartition(":")
    if colon and port.isdigit() and name in domains:
        found.append(f"{quoted(name)}, without the port, is a domain of virtual host {domains.pop(name)}")
    # A service has half a dozen names that look alike; one of each, the nearest, says it.
    close: dict[str, str] = {}
    for domain in get_close_matches(wanted, domains, n=_COMPARED, cutoff=_ALIKE):
        close.setdefault(domains[domain], domain)
    found += [f"{quoted(domain)} is a domain of virtual host {host}" for host, domain in close.items()]
    return tuple(found[:_MOST]) or _known(domains, listener)


def _known(domains: Mapping[str, str], listener: Listener) -> tuple[str, ...]:
    """Where no name is near: which there are."""
    hosts: dict[str, str] = {}
    for domain, host in domains.items():
        hosts.setdefault(host, domain)
    if not hosts:
        return ()
    names = ", ".join(map(quoted, [*hosts.values()][:_MOST]))
    more = f" and those of {len(hosts) - _MOST} more virtual hosts" if len(hosts) > _MOST else ""
    return (f"{_port(listener)} knows {names}{more}",)


def near_routes(routes: Sequence[RouteTried], paths: Sequence[str]) -> tuple[str, ...]:
    """For a request that none of the routes matches; ``paths`` are what their path specifiers say."""
    missed = [(route, route.failed) for route in routes if route.failed is not None]

    def path_of(route: RouteTried) -> str:
        return paths[route.number - 1].lower()

    by_start = nsmallest(
        _COMPARED, missed, key=lambda miss: (miss[0].failures, -_common(miss[1], path_of(miss[0])))
    )
    ranked = sorted(
        (route.failures, failed.kind == "path", -_likeness(failed, path_of(route)), route.number)
        for route, failed in by_start
    )
    near = [rank for rank in ranked if not rank[1] or -rank[2] >= _ALIKE] or ranked[:1]
    by_number = {route.number: (route, failed) for route, failed in by_start}
    return tuple(_miss(*by_number[number]) for *_, number in near[:_MOST])


def _miss(route: RouteTried, failed: Condition) -> str:
    name = f"route {route.number}"
    about = ", ".join(part for part in (route.name, file_line(route.origin)) if part)
    if about:
        name = f"{name} ({about})"
    if route.failures == 1:
        case = ", which differs by case alone" if failed.but_case else ""
        return f"{name} would match, but {failed.subject} is {failed.value}, wanted {failed.wanted}{case}"
    return f"{name} fails {route.failures} conditions, first {failed}"


def _common(failed: Condition, path: str) -> int:
    """How many characters the wanted and the given path have in common at their beginning."""
    if failed.kind != "path" or not failed.got:
        return 0
    pairs = zip(path, failed.got[0].lower(), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _likeness(failed: Condition, path: str) -> float:
    """How alike they are, from 0 to 1; of the given path as much as there is of the wanted one."""
    if failed.kind != "path" or not failed.got:
        return 0.0
    return SequenceMatcher(None, path, failed.got[0][: len(path) + 1].lower()).ratio()


def _domains(listeners: Iterable[Listener]) -> dict[str, str]:
    """Names of virtual hosts by their domains, lower-case; those that take any host left out."""
    return {
        domain.lower(): host.name
        for listener in listeners
        for host in listener.route_configuration.virtual_hosts
        for domain in host.domains
        if domain != "*"
    }


def _port(listener: Listener) -> str:
    return "the listener of all other ports" if listener.port is None else f"port {listener.port}"
