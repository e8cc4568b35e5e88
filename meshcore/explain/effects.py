"""What a decision does, in words: the answer, the split, the endpoint, what is written on the way."""

from __future__ import annotations

from collections.abc import Iterator

from meshcore.config.enforcement import PENDING
from meshcore.explain.faults import fault_words, share_words
from meshcore.explain.places import file_line, resource
from meshcore.explain.quoting import quoted
from meshcore.explain.retries import retry_words
from meshcore.explain.structure import (
    CorsJudged,
    EndpointChosen,
    Explain,
    HeaderChange,
    LimitTried,
    SessionTried,
    Split,
    SubsetTried,
)
from meshcore.ink import Ink
from meshcore.model.printable import printable

__all__ = ["answer", "effects"]

_CORS = {
    "none": "origin {origin} is not allowed, or its request is none that is to be checked",
    "allowed": "origin {origin} is allowed",
    "preflight": "a preflight, answered here: origin {origin} is allowed",
    "preflight_denied": "a preflight, answered here: origin {origin} is not allowed",
}
#: Istio's cluster for where a request came to.
_PASSTHROUGH = "PassthroughCluster"
#: Endpoints of bad health that are shown by name.
_UNWELL = 3
_DRAWN = {"random": "at random", "header": "by header {header}", "hash": "by the route's hash policy"}


def answer(it: Explain, ink: Ink) -> list[str]:
    """What becomes of the request, in a line or two."""
    if it.outcome == "forward":
        endpoint = it.endpoint.address if it.endpoint is not None else "the service itself"
        return [ink.good(f"forward to {endpoint}"), f"of cluster {it.cluster}"]
    if it.cluster == _PASSTHROUGH and it.outcome == "reject":
        return [ink.bad("nobody knows the host"), "clients of the mesh go past it, the proxy answers 404"]
    if it.unknown_host and it.outcome == "respond":
        return [ink.bad("nobody knows the host"), f"answered by {it.status}: the mesh is REGISTRY_ONLY"]
    why = f", {it.details}" if it.details else ""
    flags = f" ({it.flags})" if it.flags else ""
    to = [f"to {printable(it.location)}"] if it.location is not None else []
    paint = ink.bad if it.outcome == "reject" else ink.good
    return [paint(f"{it.outcome} {it.status}{why}{flags}"), *to]


def effects(it: Explain, ink: Ink) -> Iterator[str]:
    """Everything that follows from the route."""
    if it.split is not None:
        yield from _split(it.split, it.seed, ink)
    if it.cluster is not None:
        at = ", ".join(part for part in (file_line(it.cluster_origin), resource(it.cluster_origin)) if part)
        if it.cluster == _PASSTHROUGH:
            at = "for hosts that nobody knows at this port"
        yield f"{ink.label('cluster')}{it.cluster}{f' ({at})' if at else ''}"
    if it.endpoint is not None:
        yield f"{ink.label('endpoint')}{_endpoint(it.endpoint)}"
    if it.overflow is not None:
        limit, priority = it.overflow.max_requests, it.overflow.priority
        which = "" if it.overflow.adaptive else f" of {priority} priority"
        full = f"full: {limit} requests{which} are under way already"
        moves = ", the limit of adaptive concurrency now" if it.overflow.adaptive else ""
        yield f"{ink.label('breaker')}{ink.bad(full)}{moves}"
    if it.cors is not None:
        yield from _cors(it.cors, it, ink)
    if it.fault is not None:
        yield f"{ink.label('fault')}{fault_words(it.fault)}; this request: {_injected(it)}"
    for tried in it.limits:
        yield f"{ink.label('limit')}{_limit(tried, ink)}"
    for asked in it.rate_limits:
        what = "; ".join(_entries(descriptor) for descriptor in asked.descriptors)
        yield f"{ink.label('limit')}asks {asked.service} for {asked.domain}: {what}"
    if it.outcome == "forward":
        yield f"{ink.label('timeout')}{'none' if it.timeout is None else f'{it.timeout:g} s'}"
        yield from _policies(it, ink)
        yield from _rewrites(it, ink)
    yield from _headers("request headers", it.request_changes, ink)
    yield from _headers("response headers", it.response_changes, ink)


def _split(split: Split, seed: int, ink: Ink) -> Iterator[str]:
    if split.key is not None:
        given = ", which the answer gives" if split.by == "cookie" else ""
        how = f"by key {quoted(split.key)} of {split.key_in}{given}: the highest score"
    else:
        drawn = _DRAWN[split.by].format(header=split.header)
        seeded = f", seed {seed}" if split.by == "random" else ""
        missing = f": {split.key_in} is not there" if split.key_in else ""
        how = f"place {split.place} of {split.total}, drawn {drawn}{seeded}{missing}"
    yield f"{ink.label('split')}{how}"
    for share in split.shares:
        if split.key is not None:
            got = f"score {share.score:.5g}" if share.weight else "no score"
        else:
            got = f"places {share.start} to {share.end - 1}" if share.weight else "no place"
        part = f"{100 * share.weight / split.total:.4g}%"
        line = f"{'+' if share.chosen else ' '} {part:>6}  {got}  {share.cluster}"
        at = file_line(share.origin)
        yield f"  {ink.good(line) if share.chosen else line}{f'  {at}' if at else ''}"


def _endpoint(endpoint: EndpointChosen) -> str:
    unwell = ", ".join(f"{address} is {health}" for address, health in endpoint.unwell[:_UNWELL])
    more = ", ..." if len(endpoint.unwell) > _UNWELL else ""
    health = f" ({unwell}{more})" if unwell else ""
    if endpoint.address is None:
        subset, asked = _subset(endpoint.subset), _session(endpoint.session)
        names = (
            ["no DNS name of it has an address: engine.clusters() says why"] if endpoint.unresolved else []
        )
        return ", ".join([f"none of {endpoint.total} can be picked{health}", *names, *subset, *asked])
    how = [f"by {endpoint.policy} among {endpoint.candidates} of {endpoint.total}{health}"]
    how += [*_subset(endpoint.subset), *_session(endpoint.session)]
    if endpoint.session is not None and endpoint.session.reason == "kept":
        how = _session(endpoint.session)
    priority = f"priority {endpoint.priority}" if endpoint.priority else ""
    parts = (endpoint.address, how[0], _dns(endpoint), *how[1:], priority, file_line(endpoint.origin))
    return ", ".join(part for part in parts if part)


def _session(session: SessionTried | None) -> list[str]:
    """What the request's session has to do with it."""
    if session is None:
        return []
    where = f"the {session.kind} {quoted(session.name)}"
    how = {
        "kept": f"by {where}",
        "new": f"{where} asks for none",
        "unknown": f"{where} asks for {quoted(session.asked)}, which the cluster has not",
        "unfit": f"{where} asks for {quoted(session.asked)}, of a health that sessions may not use",
    }
    alone = ["which is strict"] if session.strict and session.reason in ("unknown", "unfit") else []
    return [how[session.reason], *alone]


def _dns(endpoint: EndpointChosen) -> str:
    if not endpoint.dns:
        return ""
    unresolved = (endpoint.address or "").startswith(f"{endpoint.dns}:")
    return "a name, which DNS resolves" if unresolved else f"of {endpoint.dns} by DNS"


def _subset(subset: SubsetTried | None) -> list[str]:
    """The subset that was used, and what led there."""
    if subset is None:
        return []
    used = f"subset {_labels(subset.used)}" if subset.used else "any endpoint"
    if subset.reason == "matched":
        return [f"in {used}"]
    missing = f"no subset {_labels(subset.asked)}" if subset.asked else "the route asks for no subset"
    if subset.reason == "none":
        return [missing, "and there is no fallback"]
    how = {
        "fewer keys": f"by fewer keys {used}",
        "selector": f"the selector falls back to {used}",
        "fallback": f"the cluster falls back to {used}",
        "panic": "nor any endpoint in what the cluster falls back to: any endpoint, in panic",
    }
    return [missing, how[subset.reason]]


def _labels(labels: tuple[tuple[str, str], ...]) -> str:
    return " ".join(f"{printable(key)}={printable(value)}" for key, value in labels)


def _policies(it: Explain, ink: Ink) -> Iterator[str]:
    """Policies of the route; those that the engine only holds yet say so."""
    if it.retries is not None:
        yield f"{ink.label('retries')}{retry_words(it.retries)}"
    for mirror in it.mirrors:
        if mirror.sent:
            host = printable(mirror.authority or "")
            yield f"{ink.label('mirror')}to {mirror.cluster}, host {host}"
        else:
            share = share_words(mirror.fraction)
            yield ink.dim(f"{ink.label('mirror')}not this one: {share} to {mirror.cluster}")


def _cors(cors: CorsJudged, it: Explain, ink: Ink) -> Iterator[str]:
    headers = dict(it.seen.headers) if it.seen is not None else {}
    origin = next((quoted(value) for name, value in headers.items() if name.lower() == "origin"), None)
    allowed = " or ".join(f"{one.kind.value} {quoted(one.value)}" for one in cors.origins) or "none"
    if origin is None:
        yield f"{ink.label('cors')}nothing to do: the request has no origin header"
    else:
        yield f"{ink.label('cors')}{_CORS[cors.verdict].format(origin=origin)}; allowed: {allowed}"


def _limit(limit: LimitTried, ink: Ink) -> str:
    left = f"{limit.remaining} of {limit.limit} left"
    of = f"{printable(limit.rule)} of {limit.filter}"
    of += f" ({_entries(limit.descriptor)})" if limit.descriptor else ""
    if limit.allowed:
        return f"{of}: {left}"
    again = "never again" if limit.retry_after is None else f"again in {limit.retry_after:.4g} s"
    if limit.enforced:
        return f"{of}: {ink.bad('refused')}, {left}, {again}"
    return f"{of}: would be refused, which is not enforced; {left}"


def _entries(descriptor: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{printable(key)} {quoted(value)}" for key, value in descriptor)


def _pending(feature: str) -> str:
    return f" ({PENDING[feature]})" if feature in PENDING else ""


def _injected(it: Explain) -> str:
    parts = []
    if it.delay:
        parts.append(f"delay {it.delay:g} s")
    if it.details == "fault_filter_abort":
        parts.append("abort")
    if it.response_rate is not None:
        parts.append(f"answer at {it.response_rate / 1024:g} KiB/s")
    return ", ".join(parts) or "none"


def _rewrites(it: Explain, ink: Ink) -> Iterator[str]:
    if it.seen is None:
        return
    query = "" if it.seen.query is None else f"?{it.seen.query}"
    for name, before, after in (
        ("path", it.seen.path + query, it.path),
        ("host", it.seen.authority, it.authority),
    ):
        if before != after:
            yield f"{ink.label(name)}{printable(before)} -> {printable(after)}"


def _headers(title: str, changes: tuple[HeaderChange, ...], ink: Ink) -> Iterator[str]:
    if not changes:
        return
    yield ink.bold(title)
    for change in changes:
        name, before, after = printable(change.name), _shown(change.before), _shown(change.after)
        if before is None:
            yield ink.good(f"  + {name}: {after}")
        elif after is None:
            yield ink.bad(f"  - {name}: {before}")
        else:
            yield f"  ~ {name}: {before} -> {after}"


def _shown(value: str | None) -> str | None:
    return None if value is None else printable(value)
