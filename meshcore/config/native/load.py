"""Documents of our own among those of a load."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from meshcore.config.findings import Findings, did_you_mean, quoted
from meshcore.config.native.schema import RateLimits
from meshcore.config.native.translate import local_rate_limit
from meshcore.config.schema import decode, error_at, warn_at
from meshcore.config.tree import Document, MappingNode
from meshcore.model import (
    Config,
    CorsFilter,
    DirectResponse,
    EscapedSlashes,
    FaultPolicy,
    HttpOptions,
    Listener,
    LocalRateLimit,
    PathKind,
    PathMatch,
    Route,
    RouteConfiguration,
    RouteMatch,
    VirtualHost,
)

__all__ = ["API_VERSION", "NativeLimits", "alone", "rate_limits_of", "with_rate_limits"]

API_VERSION = "meshcore/v1"
#: The listener of limits that stand alone.
ALONE = "rate limits"

_KIND = "RateLimits"


@dataclass(frozen=True, slots=True)
class NativeLimits:
    """The limits of all documents of our own, each with the name of its filter."""

    filters: tuple[tuple[str, LocalRateLimit], ...]
    trusted_proxies: int  #: before whoever asks, where there are no other documents


def rate_limits_of(documents: Sequence[Document], findings: Findings, *, alone: bool) -> NativeLimits:
    """What the documents say; ``alone``: there are no others."""
    made: dict[str, LocalRateLimit] = {}
    places: dict[str, str] = {}
    proxies = 0
    for document in documents:
        root = document.root
        assert isinstance(root, MappingNode)
        version, kind = root.text("apiVersion"), root.text("kind")
        if not version:
            findings.error(root, "apiVersion", "missing", expected=f"apiVersion: {API_VERSION}")
            continue
        if version != API_VERSION:
            where = root.entries["apiVersion"]
            findings.error(where, "apiVersion", "", found=quoted(version), expected=API_VERSION)
            continue
        if kind != _KIND:
            near = did_you_mean(kind, [_KIND])
            where = root.entries.get("kind", root)
            findings.error(where, "kind", f"there is no kind {quoted(kind)} of {API_VERSION}{near}")
            continue
        document.kind = kind
        source = decode(root, RateLimits, findings)
        if source is None:
            continue
        document.name = source.metadata.name if source.metadata is not None else ""
        name = f"{_KIND} {document.name}".rstrip()
        if name in made:
            _same_name(document, places[name], source, findings)
        places.setdefault(name, f"{document.file}:{root.line}" if root.line else document.file)
        made[name] = local_rate_limit(source, name, findings)
        proxies = max(proxies, source.trusted_proxies)
        if not alone and source.trusted_proxies:
            warn_at(findings, source, "trusted_proxies", "has no effect beside other documents, which say it")
    return NativeLimits(tuple(made.items()), proxies)


def _same_name(document: Document, other: str, source: RateLimits, findings: Findings) -> None:
    if source.metadata is not None and document.name:
        message = f"another document of {_KIND} has this name ({other})"
        error_at(findings, source.metadata, "name", message, found=quoted(document.name))
    else:
        message = f"missing, and another document of {_KIND} has no name either ({other})"
        findings.error(document.root, "metadata.name", message, expected="a name for each")


def with_rate_limits(config: Config, limits: NativeLimits) -> Config:
    """The limits before all else that a listener's filters do, at every listener."""
    listeners = []
    for listener in config.listeners:
        # A listener that says nothing of its filters has the usual ones.
        others = listener.filters or (("fault", FaultPolicy()), ("cors", CorsFilter()))
        listeners.append(replace(listener, filters=(*limits.filters, *others)))
    return replace(config, listeners=tuple(listeners))


def alone(limits: NativeLimits) -> Config:
    """Limits that stand alone: what they let through is answered 200, for whoever asks to go on.

    Nobody is believed to be another client than the peer, but by as many proxies as are trusted. Apps
    decode paths, so that one that is written in another way must not be another one here; nor is a host with
    a dot at its end.
    """
    options = HttpOptions(
        use_remote_address=True,
        preserve_external_request_id=True,  # it tells nothing of who asks, and logs are to be found by it
        xff_num_trusted_hops=limits.trusted_proxies,
        normalize_path=True,
        merge_slashes=True,
        escaped_slashes=EscapedSlashes.UNESCAPE_AND_FORWARD,
        upgrades=(("*", True),),  # else a request for another protocol would be refused before it is counted
        strip_trailing_host_dot=True,
    )
    passed = Route(RouteMatch(PathMatch(PathKind.PREFIX, "/")), DirectResponse(200), name="passed")
    table = RouteConfiguration("rate limits", (VirtualHost("all", ("*",), (passed,)),))
    return Config((Listener(ALONE, None, table, options, filters=limits.filters),))
