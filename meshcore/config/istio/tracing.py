"""Tracing of a workload: Telemetry over the settings of the mesh, down to what its listeners do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from meshcore.config.findings import Findings, did_you_mean
from meshcore.config.istio.matching import Client
from meshcore.config.istio.mesh import Mesh
from meshcore.config.istio.names import MESH
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.schema.mesh import MeshConfig
from meshcore.config.istio.schema.providers import ExtensionProvider
from meshcore.config.istio.schema.telemetry import CustomTag, Telemetry, Tracing, WorkloadMode
from meshcore.config.istio.span_tags import span_tags
from meshcore.config.istio.telemetries import BUILT_IN, applicable
from meshcore.config.schema import Record, warn_at
from meshcore.model import DEFAULT_PATH_TAG_LENGTH, Fraction, TraceSampling, TracingOptions

__all__ = ["tracing_options"]

#: Percent of the requests, where nobody says how many.
SAMPLING = 1.0
#: Providers that trace.
TRACERS = frozenset({"zipkin", "opentelemetry", "datadog", "skywalking", "lightstep"})


@dataclass(slots=True)
class _Spec:
    """What is in force; later words replace earlier ones, field by field."""

    provider: str = ""
    #: What names the provider, for warnings.
    named_by: tuple[Record, str] | None = None
    disabled: bool = False
    sampling: float | None = None
    use_request_id: bool = True
    propagate: bool = True
    custom_tags: Mapping[str, CustomTag] = field(default_factory=dict)
    istio_tags: bool | None = None

    def take(self, tracing: Tracing) -> None:
        if tracing.providers:
            self.provider, self.named_by = tracing.providers[0].name, (tracing.providers[0], "name")
        if tracing.disable_span_reporting is not None:
            self.disabled = tracing.disable_span_reporting
        if tracing.random_sampling_percentage is not None:
            self.sampling = tracing.random_sampling_percentage
        if tracing.use_request_id_for_trace_sampling is not None:
            self.use_request_id = tracing.use_request_id_for_trace_sampling
        if tracing.disable_context_propagation is not None:
            self.propagate = not tracing.disable_context_propagation
        if tracing.custom_tags:
            self.custom_tags = tracing.custom_tags
        if tracing.enable_istio_tags is not None:
            self.istio_tags = tracing.enable_istio_tags


def tracing_options(
    telemetries: Sequence[Resource[Telemetry]], mesh: Mesh, client: Client, findings: Findings
) -> TracingOptions | None:
    """What the listeners of a workload do for traces; None: nothing.

    Requests go out of sidecars and through gateways: of Telemetry the client's side counts. Without
    Telemetry and default providers the proxy's own settings hold (``MeshConfig.defaultConfig.tracing``).
    """
    config = mesh.config
    found = [
        tracing for it in applicable(telemetries, mesh.root_namespace, client) for tracing in it.spec.tracing
    ]
    defaults = config.default_providers
    if not found and (defaults is None or not defaults.tracing):
        return _of_proxies(config, client, findings)
    spec, server = _Spec(), _Spec()
    if defaults is not None and defaults.tracing:
        spec.provider, spec.named_by = defaults.tracing[0], (defaults, "tracing")
    for tracing in found:
        if tracing.match is None or tracing.match.mode is not WorkloadMode.SERVER:
            spec.take(tracing)
        if tracing.match is None or tracing.match.mode is not WorkloadMode.CLIENT:
            server.take(tracing)
    if spec.disabled or spec.named_by is None:
        return None
    provider = _provider(spec, config, findings)
    if provider is None:
        return None
    options = _of_provider(provider, spec, config, client, findings)
    return replace(options, server_spans=not server.disabled)


# ------------------------------------------------------------------ which provider


def _provider(spec: _Spec, config: MeshConfig, findings: Findings) -> ExtensionProvider | None:
    """The provider of a name, in any case; None, with a warning, where Istio does not trace either."""
    assert spec.named_by is not None
    record, field = spec.named_by
    wanted = spec.provider.lower()
    provider = next((it for it in config.extension_providers if it.name.lower() == wanted), None)
    off = "; there is no tracing"
    if provider is None and wanted not in BUILT_IN:
        names = [it.name for it in config.extension_providers]
        message = f"the mesh has no extension provider {spec.provider!r}{did_you_mean(spec.provider, names)}"
        warn_at(findings, record, field, message + off)
    elif provider is None or provider.kind not in TRACERS:
        warn_at(findings, record, field, f"the provider {spec.provider!r} does not trace{off}")
        provider = None
    elif provider.kind not in ("zipkin", "opentelemetry"):
        message = f"lines of {provider.kind} are not written; of tracing only the sampling takes place"
        warn_at(findings, record, field, message)
    return provider


def _of_provider(
    provider: ExtensionProvider, spec: _Spec, config: MeshConfig, client: Client, findings: Findings
) -> TracingOptions:
    zipkin, opentelemetry = provider.zipkin, provider.opentelemetry
    sampling = _proxy_sampling(config) if spec.sampling is None else spec.sampling
    if opentelemetry is not None and opentelemetry.dynatrace_sampler is not None:
        sampling = 100.0  # the provider's sampler decides
    own = config.default_config.tracing
    proxy_tags = own.custom_tags if own is not None else {}
    istio = spec.istio_tags
    if istio is None and own is not None:
        istio = own.enable_istio_tags
    settings = getattr(provider, provider.kind)
    return TracingOptions(
        provider=provider.kind if spec.propagate and (zipkin or opentelemetry) else "",
        sampling=_shares(sampling),
        trace_context=zipkin.trace_context_option.name if zipkin else "USE_B3",
        shared_span_context=False,
        trace_id_128bit=zipkin is not None and not zipkin.enable_64bit_trace_id,
        spawn_upstream_span=client.gateway != MESH,
        outbound=True,
        use_request_id=spec.use_request_id,
        custom_tags=span_tags(spec.custom_tags or proxy_tags, client, findings, istio=istio is not False),
        max_path_tag_length=getattr(settings, "max_tag_length", 0) or DEFAULT_PATH_TAG_LENGTH,
    )


def _of_proxies(config: MeshConfig, client: Client, findings: Findings) -> TracingOptions | None:
    """The older way: what each proxy is started with."""
    if not config.enable_tracing:
        return None
    own = config.default_config.tracing
    return TracingOptions(
        provider="zipkin" if own is not None and own.zipkin is not None else "",
        sampling=_shares(_proxy_sampling(config)),
        shared_span_context=False,
        trace_id_128bit=True,
        outbound=True,
        custom_tags=span_tags(
            own.custom_tags if own is not None else {},
            client,
            findings,
            istio=own is None or own.enable_istio_tags is not False,
        ),
        max_path_tag_length=(own.max_path_tag_length if own is not None else 0) or DEFAULT_PATH_TAG_LENGTH,
    )


def _proxy_sampling(config: MeshConfig) -> float:
    """``defaultConfig.tracing.sampling``; as in Istio, what is no percentage above 0 means the default."""
    own = config.default_config.tracing
    return own.sampling if own is not None and 0 < own.sampling <= 100 else SAMPLING


def _shares(percent: float) -> TraceSampling:
    """Envoy counts random sampling in hundredths of a percent."""
    return TraceSampling(random=Fraction(int(percent * 100 + 0.5), 10_000))
