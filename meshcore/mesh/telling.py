"""What a mesh logs of its configuration."""

from __future__ import annotations

import logging
from collections.abc import Collection

from meshcore.mesh.view import View, misspelt
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


def tell_service(config: Config, service: str, namespace: str) -> None:
    """That the name of a middleware's service looks wrong, if it does."""
    if wrong := misspelt(config, service, namespace):
        _log.warning("%s Its requests are forwarded, not answered by the app.", wrong)


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


def tell_passing(view: View, authority: str, told: set[str]) -> None:
    """That a request goes past the mesh though its host is known at other ports, or a host like it is.

    ``told``: the hosts that were looked at before.
    """
    host, colon, port = authority.rpartition(":")
    host = (host if colon and port.isdigit() else authority).lower()
    if host in told or len(told) >= _MOST_HOSTS:
        return
    told.add(host)
    if ports := view.ports_of(host):
        known = " and ".join(map(str, sorted(set(ports))))
        _log.warning(
            "a request for %s goes past the mesh: it knows %s at port %s alone", authority, host, known
        )
    elif near := view.like(host):
        _log.warning(
            "a request for %s goes past the mesh, which has no such host; did you mean %r?", authority, near
        )
