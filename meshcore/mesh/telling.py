"""What a mesh logs of its configuration."""

from __future__ import annotations

import logging
from collections.abc import Collection

from meshcore.mesh.view import View, misspelt, unknown
from meshcore.model import Config, Discovery

__all__ = ["tell_passing", "tell_served", "tell_service", "tell_untraced", "tell_warnings"]

_log = logging.getLogger("meshcore.mesh")

#: Of so many hosts a process tells, and keeps the names.
_MOST_HOSTS = 1000


def tell_served(config: Config, before: Config) -> None:
    """Other documents are in force than before."""
    _log.info("now serving configuration %s", config.digest or "(unnamed)")
    tell_warnings(config, {(warning.code, warning.message) for warning in before.warnings})


def tell_warnings(config: Config, told: Collection[tuple[str, str]] = ()) -> None:
    """What the documents' author should know, and has not been told (at whatever line that was)."""
    for warning in config.warnings:
        if (warning.code, warning.message) not in told:
            _log.warning("%s", warning)
    known = [cluster.discovery is not Discovery.ORIGINAL_DST for cluster in config.clusters]
    if config.skipped and known and not any(known):  # Istio's two that are always there
        _log.warning("the documents name no service; left aside were: %s", ", ".join(config.skipped))


def tell_service(config: Config, service: str, namespace: str, *, answers: bool) -> bool:
    """That the name of a process's service looks wrong; whether it does. ``answers``: by a middleware."""
    wrong = misspelt(config, service, namespace, answers=answers)
    if wrong:
        _log.warning("%s A middleware forwards the requests for it: its app gets none.", wrong)
    elif answers and (wrong := unknown(config, service, namespace)):
        # No warning: documents that say how a service calls others need not name it.
        _log.info("%s: requests for those are forwarded, and all others are for the app", wrong)
    return bool(wrong)


def tell_untraced(config: Config, spans: object) -> None:
    """That little or nothing will be reported, though somebody is there to get it."""
    if spans is None:
        return
    tracing = [listener.options.tracing for listener in config.listeners if listener.options.tracing]
    if not tracing:
        _log.warning("no listener of the configuration traces requests: there will be no spans")
    elif not any(options.provider for options in tracing):
        _log.warning(
            "no provider of traces is configured (Istio: by a Telemetry): clients begin no trace, and"
            " of requests without one only what is sampled is reported (docs/tracing.md#spans)"
        )


def tell_passing(view: View, authority: str, told: set[str], namespace: str, *, refused: bool) -> None:
    """That the mesh has no word on a request's host, though it knows it at other ports, or one like it.

    Args:
        told: the hosts that were looked at before.
        namespace: of this process.
        refused: the request is answered by 502, whatever the host is like; else it goes past the mesh.
    """
    host, colon, port = authority.rpartition(":")
    host, port = (host.lower(), port) if colon and port.isdigit() else (authority.lower(), "")
    if host in told or len(told) >= _MOST_HOSTS:
        return
    told.add(host)
    if ports := view.ports_of(host):
        known = " and ".join(map(str, sorted(set(ports))))
        others = f"port {port} is that of other services, and " if port else ""
        why = f": {others}{host} is known at port {known} alone"
    elif other := view.elsewhere(host):
        node = f"this process is in namespace {namespace!r}, see node=Node({other.partition('.')[2]!r})"
        why = f", which has no such host; did you mean {other!r}? ({node})"
    elif near := view.like(host):
        why = f", which has no such host; did you mean {near!r}?"
    elif refused:
        why = ", which has no such host"
    else:
        return
    fate = "is refused by the mesh (502, REGISTRY_ONLY)" if refused else "goes past the mesh"
    _log.warning("a request for %s %s%s", authority, fate, why)
