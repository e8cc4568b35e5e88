"""Whether a workload's requests are logged: Telemetry over the defaults of the mesh."""

from __future__ import annotations

from collections.abc import Sequence

from meshcore.config.findings import Findings, did_you_mean
from meshcore.config.istio.matching import Client
from meshcore.config.istio.mesh import Mesh
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.schema.mesh import MeshConfig
from meshcore.config.istio.schema.telemetry import AccessLogging, Telemetry, WorkloadMode
from meshcore.config.istio.telemetries import BUILT_IN, applicable
from meshcore.config.schema import Record, warn_at

__all__ = ["is_logged"]

#: Providers that log, by their fields: a file, which stands for the program's own log, and services.
FILE = "envoy_file_access_log"
SERVICES = frozenset({"envoy_http_als", "envoy_tcp_als", "envoy_otel_als"})
#: By the name of a provider: what names it, for warnings.
Named = dict[str, tuple[Record, str]]


def is_logged(
    telemetries: Sequence[Resource[Telemetry]], mesh: Mesh, client: Client, findings: Findings
) -> bool:
    """False: every provider that would log is disabled. Where none is meant the program alone decides.

    As in Istio the providers are those of the last Telemetry that names any, or the mesh's defaults; of what
    is said of each the last word holds.
    """
    defaults = mesh.config.default_providers
    named: Named = {}
    if defaults is not None:
        named = dict.fromkeys(defaults.access_logging, (defaults, "access_logging"))
    found = applicable(telemetries, mesh.root_namespace, client)
    levels = [it.spec for it in found if it.spec.access_logging]
    enabled = _enabled(levels, named, findings) if levels else dict.fromkeys(named, True)
    logging = [on for name, on in enabled.items() if _logs(name, named, mesh.config, findings)]
    return any(logging) or not logging


def _enabled(levels: Sequence[Telemetry], named: Named, findings: Findings) -> dict[str, bool]:
    """Whether each provider is enabled, of those that are meant; adds to what is named."""
    in_scope = meant = list(named)
    for level in levels:
        of_clients = (it for it in level.access_logging if _is_of_clients(it))
        in_scope = [it.name for logging in of_clients for it in logging.providers] or in_scope
    enabled: dict[str, bool] = {}
    for level in levels:
        for logging in level.access_logging:
            named |= {it.name: (it, "name") for it in logging.providers}
            meant = [it.name for it in logging.providers] or meant
            if not meant:
                none = "neither it nor the mesh (defaultProviders.accessLogging) names a provider"
                warn_at(findings, level, "access_logging", f"has no effect: {none}")
            if _is_of_clients(logging):
                enabled |= {name: not logging.disabled for name in meant if name in in_scope}
    return enabled


def _is_of_clients(logging: AccessLogging) -> bool:
    """Requests go out of sidecars and through gateways."""
    return logging.match is None or logging.match.mode is not WorkloadMode.SERVER


def _logs(name: str, named: Named, config: MeshConfig, findings: Findings) -> bool:
    """Whether a provider logs; as in Istio one that is not there, or does something else, does not."""
    wanted = name.lower()
    provider = next((it for it in config.extension_providers if it.name.lower() == wanted), None)
    kind = provider.kind if provider is not None else FILE if wanted == "envoy" else ""
    if kind in SERVICES:
        warn_at(findings, *named[name], f"no logs are sent to {name!r}: the program writes its own")
    elif not kind and wanted not in BUILT_IN:
        guess = did_you_mean(name, [it.name for it in config.extension_providers])
        message = f"the mesh has no extension provider {name!r}{guess}; no log"
        warn_at(findings, *named[name], message)
    elif kind != FILE:
        warn_at(findings, *named[name], f"the provider {name!r} does not log")
    return kind == FILE or kind in SERVICES
