"""The codes of findings: what each is called, how bad it is, and what it means in one sentence.

``IST`` codes are those of istioctl, with its names and severities, so that rules which silence or
look for them keep working. ``MC`` codes are our own: MC10xx about documents as a whole, MC11xx about
matching, MC12xx about destinations and policies, MC13xx about endpoints.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from meshcore.config.findings import Severity

__all__ = ["CODES", "INCOMPLETE", "INEFFECTIVE_MATCH", "UNREACHABLE_RULE", "Code", "severity_of"]

_E, _W, _I = Severity.ERROR, Severity.WARNING, Severity.INFO


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding."""

    code: str
    name: str
    severity: Severity
    summary: str


def _table(rows: Iterable[tuple[str, str, Severity, str]]) -> dict[str, Code]:
    return {row[0]: Code(*row) for row in rows}


#: All codes, in the order in which they are listed.
CODES: dict[str, Code] = _table(
    (
        ("IST0002", "Deprecated", _W, "The field or feature is deprecated."),
        ("IST0101", "ReferencedResourceNotFound", _E, "What is referred to is not among the documents."),
        ("IST0106", "SchemaValidationError", _E, "The resource is invalid: it would not be accepted."),
        (
            "IST0109",
            "ConflictingMeshGatewayVirtualServiceHosts",
            _E,
            "Several VirtualServices of the mesh have the same host; only one of them decides.",
        ),
        (
            "IST0110",
            "ConflictingSidecarWorkloadSelectors",
            _E,
            "Several Sidecars select the same pod; which one it gets is undefined.",
        ),
        (
            "IST0111",
            "MultipleSidecarsWithoutWorkloadSelectors",
            _E,
            "A namespace has several Sidecars without a selector; only one of them counts.",
        ),
        (
            "IST0112",
            "VirtualServiceDestinationPortSelectorRequired",
            _E,
            "The destination names no port, and its service has several.",
        ),
        (
            "IST0118",
            "PortNameIsNotUnderNamingConvention",
            _I,
            "The name of a Service's port does not tell its protocol.",
        ),
        ("IST0127", "NoMatchingWorkloadsFound", _W, "The policy applies to no workload."),
        (
            "IST0128",
            "NoServerCertificateVerificationDestinationLevel",
            _W,
            "TLS is originated without caCertificates: the server's identity is not verified.",
        ),
        (
            "IST0129",
            "NoServerCertificateVerificationPortLevel",
            _W,
            "TLS is originated for a port without caCertificates: the server's identity is not verified.",
        ),
        (
            "IST0130",
            "VirtualServiceUnreachableRule",
            _W,
            "No request reaches the rule: those before it take everything.",
        ),
        (
            "IST0131",
            "VirtualServiceIneffectiveMatch",
            _I,
            "A match of a rule is without effect: an earlier one covers it.",
        ),
        (
            "IST0132",
            "VirtualServiceHostNotFoundInGateway",
            _W,
            "The Gateway offers none of the VirtualService's hosts.",
        ),
        ("IST0133", "SchemaWarning", _W, "The resource is valid, but part of it is doubtful."),
        (
            "IST0134",
            "ServiceEntryAddressesRequired",
            _W,
            "A TCP port of a ServiceEntry cannot be told from others without addresses.",
        ),
        (
            "IST0138",
            "GatewayDuplicateCertificate",
            _W,
            "Several Gateways use one certificate: clients that reuse HTTP/2 connections may get a 404.",
        ),
        (
            "IST0140",
            "IngressRouteRulesNotAffected",
            _W,
            "Rules with subsets are not bound to the gateway that routes to this host.",
        ),
        (
            "IST0145",
            "ConflictingGateways",
            _E,
            "Several Gateways bind the same host and port of the same workloads.",
        ),
        (
            "IST0149",
            "JwtClaimBasedRoutingWithoutRequestAuthN",
            _E,
            "A rule matches JWT claims, but nothing verifies tokens at the gateway.",
        ),
        (
            "IST0150",
            "ExternalNameServiceTypeInvalidPortName",
            _W,
            "The port name of an ExternalName Service makes its proxies treat it as TCP.",
        ),
        (
            "IST0151",
            "EnvoyFilterUsesRelativeOperation",
            _W,
            "An EnvoyFilter without priority patches relative to something that may not be there yet.",
        ),
        (
            "IST0152",
            "EnvoyFilterUsesReplaceOperationIncorrectly",
            _E,
            "REPLACE is only valid for HTTP_FILTER and NETWORK_FILTER.",
        ),
        (
            "IST0153",
            "EnvoyFilterUsesAddOperationIncorrectly",
            _E,
            "ADD is ignored for ROUTE_CONFIGURATION and HTTP_ROUTE.",
        ),
        (
            "IST0154",
            "EnvoyFilterUsesRemoveOperationIncorrectly",
            _E,
            "REMOVE is ignored for ROUTE_CONFIGURATION and HTTP_ROUTE.",
        ),
        (
            "IST0155",
            "EnvoyFilterUsesRelativeOperationWithProxyVersion",
            _W,
            "A relative patch without priority for one proxy version may be lost during an upgrade.",
        ),
        (
            "IST0157",
            "InvalidTelemetryProvider",
            _W,
            "Access logging without providers is ignored unless the mesh has a default.",
        ),
        (
            "IST0159",
            "ConflictingTelemetryWorkloadSelectors",
            _E,
            "Several Telemetry resources select the same pod; which one it gets is undefined.",
        ),
        (
            "IST0160",
            "MultipleTelemetriesWithoutWorkloadSelectors",
            _E,
            "A namespace has several Telemetry resources without a selector.",
        ),
        (
            "IST0162",
            "GatewayPortNotDefinedOnService",
            _W,
            "The Gateway listens on a port that the Service of its workloads does not have.",
        ),
        (
            "IST0165",
            "ReferencedInternalGateway",
            _W,
            "The Gateway is generated by Istio itself and not to be referred to.",
        ),
        (
            "IST0166",
            "IneffectiveSelector",
            _W,
            "Selectors do not reach workloads of a Kubernetes Gateway; targetRefs do.",
        ),
        ("IST0167", "IneffectivePolicy", _W, "The policy has no effect on workloads in ambient mode."),
        ("IST0171", "NegativeConditionStatus", _W, "The cluster reports a problem in the resource's status."),
        (
            "IST0173",
            "DestinationRuleSubsetNotSelectPods",
            _E,
            "A subset selects no pod: requests to it get a 503.",
        ),
        (
            "IST0174",
            "UnknownDestinationRuleHost",
            _W,
            "The DestinationRule is for a host that no service has.",
        ),
        (
            "IST0177",
            "ConflictingServiceEntryProtocol",
            _W,
            "Several ServiceEntries give one host and port different protocols.",
        ),
        ("MC1001", "UnreadableDocument", _E, "The file or document cannot be read."),
        ("MC1002", "InvalidEnvoyConfiguration", _E, "The Envoy configuration is invalid, or not supported."),
        (
            "MC1003",
            "EnvoyConfigurationWarning",
            _W,
            "The Envoy configuration is valid, but part of it has no effect.",
        ),
        ("MC1004", "IncompleteEnvoyConfiguration", _I, "The documents are a part of a configuration."),
        (
            "MC1005",
            "UnknownDocument",
            _I,
            "The document is neither Kubernetes' nor Envoy's, and is left aside.",
        ),
        ("MC1006", "InvalidRateLimits", _E, "The document of rate limits is invalid."),
        ("MC1101", "ShadowedMatch", _W, "A match never counts: an earlier one takes all its requests."),
        (
            "MC1102",
            "ShadowedByOlderVirtualService",
            _W,
            "A match never counts: an older VirtualService of the same hosts takes all its requests.",
        ),
        ("MC1103", "ImpossibleMatch", _W, "No request can meet the conditions of a match."),
        (
            "MC1104",
            "RegexNotNeeded",
            _I,
            "An exact text or a prefix says the same as the regex, and is faster.",
        ),
        ("MC1105", "RegexDotMatchesAnything", _I, "A dot in a regex for hosts matches any character."),
        (
            "MC1106",
            "PrefixWithinWord",
            _I,
            "A prefix ends within a word, so that longer words match as well.",
        ),
        (
            "MC1107",
            "DelegationWithoutEffect",
            _W,
            "A rule that delegates, or one that is delegated to, does nothing.",
        ),
        (
            "MC1108",
            "VirtualServiceHostUnknown",
            _W,
            "A short host of the VirtualService is no service: requests for it do not follow the rules.",
        ),
        (
            "MC1109",
            "ServiceEntryHostShort",
            _W,
            "A short host of a ServiceEntry is a whole name there: rules that name it in short mean another.",
        ),
        ("MC1110", "RewriteDoublesSlash", _W, "The rewrite of a prefix makes paths with two slashes."),
        ("MC1201", "ZeroWeightTakesAll", _W, "The only destination has weight 0, and takes all requests."),
        ("MC1202", "WeightsNotHundred", _I, "Weights do not add up to 100, so they are no percentages."),
        (
            "MC1203",
            "UnsafeRetries",
            _W,
            "Requests that must not be repeated are retried after the server may have acted.",
        ),
        ("MC1204", "TimeoutLeavesNoRetry", _W, "The timeout is over before a second try could begin."),
        ("MC1205", "FaultWithoutPercentage", _W, "A fault without a percentage meets no request."),
        ("MC1206", "MirrorToItself", _W, "The mirror is the destination itself."),
        ("MC1207", "UnusedSubset", _I, "No rule routes to the subset."),
        ("MC1208", "NothingCanBeEjected", _W, "maxEjectionPercent is too small for the number of endpoints."),
        ("MC1209", "LimitWithoutEffect", _W, "A local rate limit limits nothing, since it is not enabled."),
        ("MC1301", "SubsetWithoutWorkloads", _W, "No workload of the service has the labels of the subset."),
        ("MC1302", "NoEndpoints", _W, "A destination has no endpoints."),
        (
            "MC1401",
            "GatewayApiWithoutEffect",
            _W,
            "A route, a Gateway or a listener of the Gateway API has no effect.",
        ),
        ("MC1402", "BackendAnswers500", _W, "Requests for a backend of the Gateway API get a 500."),
    )
)

UNREACHABLE_RULE = "IST0130"
INEFFECTIVE_MATCH = "IST0131"
INCOMPLETE = "MC1004"
WITHOUT_EFFECT = "MC1401"
BAD_BACKEND = "MC1402"


def severity_of(code: str) -> Severity:
    """The severity that a code has, whoever reports it."""
    return CODES[code].severity
