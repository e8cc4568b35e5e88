"""The list of analyzers. A new one is a file with a function, and a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from meshcore.analysis.context import Context
from meshcore.analysis.istio import (
    authorization,
    conditions,
    deprecation,
    destination_rule_certificates,
    destination_rule_subsets,
    envoy_filters,
    gateway_certificates,
    gateway_conflicts,
    gateway_ports,
    gateway_selectors,
    jwt_claims,
    selectors,
    service_entry_addresses,
    service_entry_conflicts,
    service_port_names,
    telemetry_providers,
    virtual_service_destinations,
    virtual_service_gateways,
    virtual_service_hosts,
    virtual_service_subsets,
)
from meshcore.analysis.rules import (
    delegates,
    endpoints,
    gateway_api,
    hosts,
    limits,
    mirrors,
    never,
    prefixes,
    regexes,
    resilience,
    rewrites,
    shadowed,
    short_entries,
    subsets,
    weights,
)

__all__ = ["ANALYZERS", "Analyzer", "named"]


@dataclass(frozen=True, slots=True)
class Analyzer:
    """One analyzer: istioctl's name or our own, what it runs, and the codes that it may report.

    ``pedantic``: what it reports is right as often as not, so it runs only on request.
    """

    name: str
    run: Callable[[Context], None]
    codes: tuple[str, ...]
    pedantic: bool = False


ANALYZERS: tuple[Analyzer, ...] = (
    Analyzer("authz.AuthorizationPoliciesAnalyzer", authorization.analyze, ("IST0127", "IST0101")),
    Analyzer("conditions.ConditionAnalyzer", conditions.analyze, ("IST0171",)),
    Analyzer("deprecation.FieldAnalyzer", deprecation.analyze, ("IST0002",)),
    Analyzer(
        "destinationrule.CaCertificateAnalyzer", destination_rule_certificates.analyze, ("IST0128", "IST0129")
    ),
    Analyzer(
        "destinationrule.PodNotSelectedAnalyzer", destination_rule_subsets.analyze, ("IST0173", "IST0174")
    ),
    Analyzer(
        "envoyfilter.EnvoyPatchAnalyzer",
        envoy_filters.analyze,
        ("IST0151", "IST0152", "IST0153", "IST0154", "IST0155"),
    ),
    Analyzer("gateway.CertificateAnalyzer", gateway_certificates.analyze, ("IST0138",)),
    Analyzer("gateway.ConflictingGatewayAnalyzer", gateway_conflicts.analyze, ("IST0145",)),
    Analyzer("gateway.IngressGatewayPortAnalyzer", gateway_ports.analyze, ("IST0101", "IST0162")),
    Analyzer("k8sgateway.SelectorAnalyzer", gateway_selectors.analyze, ("IST0166",)),
    Analyzer("service.PortNameAnalyzer", service_port_names.analyze, ("IST0118", "IST0150")),
    Analyzer(
        "serviceentry.ConflictingServiceEntryProtocolAnalyzer", service_entry_conflicts.analyze, ("IST0177",)
    ),
    Analyzer("serviceentry.ProtocolAddressesAnalyzer", service_entry_addresses.analyze, ("IST0134",)),
    Analyzer(
        "sidecar.SelectorAnalyzer",
        selectors.analyze_sidecars,
        ("IST0101", "IST0110", "IST0111", "IST0167"),
    ),
    Analyzer("telemetry.DefaultSelectorAnalyzer", selectors.analyze_telemetry_defaults, ("IST0160",)),
    Analyzer("telemetry.LightstepAnalyzer", telemetry_providers.analyze_lightstep, ("IST0002",)),
    Analyzer("telemetry.ProviderAnalyzer", telemetry_providers.analyze_providers, ("IST0157",)),
    Analyzer("telemetry.SelectorAnalyzer", selectors.analyze_telemetry_selectors, ("IST0101", "IST0159")),
    Analyzer(
        "virtualservice.ConflictingMeshGatewayHostsAnalyzer", virtual_service_hosts.analyze, ("IST0109",)
    ),
    Analyzer(
        "virtualservice.DestinationHostAnalyzer",
        virtual_service_destinations.analyze,
        ("IST0101", "IST0112", "IST0140"),
    ),
    Analyzer("virtualservice.DestinationRuleAnalyzer", virtual_service_subsets.analyze, ("IST0101",)),
    Analyzer(
        "virtualservice.GatewayAnalyzer", virtual_service_gateways.analyze, ("IST0101", "IST0132", "IST0165")
    ),
    Analyzer("virtualservice.JWTClaimRouteAnalyzer", jwt_claims.analyze, ("IST0149",)),
    Analyzer("rules.never", never.analyze, ("MC1103",)),
    Analyzer("rules.shadowed", shadowed.analyze, ("MC1101",)),
    Analyzer("rules.merged", shadowed.analyze_merged, ("MC1102",)),
    Analyzer("rules.regexes", regexes.analyze, ("MC1104", "MC1105")),
    Analyzer("rules.prefixes", prefixes.analyze, ("MC1106",), pedantic=True),
    Analyzer("rules.rewrites", rewrites.analyze, ("MC1110",)),
    Analyzer("rules.delegates", delegates.analyze, ("MC1107",)),
    Analyzer("rules.hosts", hosts.analyze, ("MC1108",)),
    Analyzer("rules.short_entries", short_entries.analyze, ("MC1109",)),
    Analyzer("rules.weights", weights.analyze, ("MC1201", "MC1202")),
    Analyzer("rules.retries", resilience.analyze_retries, ("MC1203",)),
    Analyzer("rules.timeouts", resilience.analyze_timeouts, ("MC1204",)),
    Analyzer("rules.faults", resilience.analyze_faults, ("MC1205",)),
    Analyzer("rules.mirrors", mirrors.analyze, ("MC1206",)),
    Analyzer("rules.unused_subsets", subsets.analyze_unused, ("MC1207",)),
    Analyzer("rules.ejection", endpoints.analyze_ejection, ("MC1208",)),
    Analyzer("rules.limits", limits.analyze, ("MC1209",)),
    Analyzer("rules.empty_subsets", subsets.analyze_empty, ("MC1301",)),
    Analyzer("rules.endpoints", endpoints.analyze_missing, ("MC1302",)),
    Analyzer("rules.gateway_api", gateway_api.analyze, ("MC1401", "MC1402")),
)


def named(names: Iterable[str]) -> tuple[Analyzer, ...]:
    """The analyzers of these names.

    Raises:
        ValueError: for a name that there is not.
    """
    known = {analyzer.name: analyzer for analyzer in ANALYZERS}
    wanted = list(names)
    for name in wanted:
        if name not in known:
            raise ValueError(f"there is no analyzer {name!r}; known: {', '.join(known)}")
    return tuple(known[name] for name in wanted)
