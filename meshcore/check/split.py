"""Which share of the requests goes where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import sqrt
from random import Random

from meshcore.check.exchange import Request
from meshcore.check.seen import labels_of
from meshcore.engine import Decision, Engine
from meshcore.model import ForwardAction, HashPolicyKind, Route, StickyKey, WeightedClusters

__all__ = ["decide", "differing_shares", "draws", "split_of"]

#: Draws over which a split is seen where its weights alone don't tell it.
_SAMPLES = 10_000
#: Standard deviations by which such a share may miss, and the percents by which an exact one may.
_DEVIATIONS = 4.5
_EXACT = 0.005
#: How many draws an expectation has to outlast where the test names no seed.
_DRAWS = 40


def decide(engine: Engine, request: Request, seed: int) -> Decision:
    """Decide a request of a test; time stands still."""
    return engine.decide(
        request.method,
        request.authority,
        request.path,
        request.headers,
        scheme=request.scheme,
        source=request.source,
        port=request.port or engine.config.port_of_scheme(request.scheme, request.authority),
        now_ns=0,
        seed=seed,
    )


def draws(route: Route | None) -> Iterable[int]:
    """Seeds that make every choice of a route's split, and many of any other chance.

    As in Envoy, a random number modulo the sum of the weights falls on a destination.
    """
    split = split_of(route)
    start = 0
    for cluster in split.clusters if split is not None else ():
        if cluster.weight:
            yield start
            start += cluster.weight
    random = Random(0)
    yield from (random.getrandbits(64) for _ in range(_DRAWS))


def split_of(route: Route | None) -> WeightedClusters | None:
    """The split of a route, where it has one."""
    action = route.action if route is not None else None
    return action.weighted_clusters if isinstance(action, ForwardAction) else None


def differing_shares(engine: Engine, request: Request, wanted: Mapping[str, float]) -> list[str]:
    """How the shares of ``request``, in percents, differ from ``wanted``.

    Where all requests take one route, its weights tell the shares exactly; otherwise they are counted
    over many draws, or over many users where the split is sticky.
    """
    routes: set[int] = set()
    counts: Counter[str] = Counter()
    entry: Route | None = None
    random = Random(0)
    sticky = _sticky_key(engine, request)
    for number in range(_SAMPLES):
        asked = request if sticky is None else _of_user(request, sticky, number)
        with decide(engine, asked, random.getrandbits(64)) as decision:
            entry = decision.route_entry
            routes.add(id(entry))
            counts[_label(decision, wanted)] += 1
    split = split_of(entry) if len(routes) == 1 else None
    exact = split is not None and not (split.header_name or split.use_hash_policy or split.sticky)
    shares = {label: 100 * count / _SAMPLES for label, count in counts.items()}
    if exact:
        assert split is not None
        shares = _weights(engine, request, split, wanted)
    differences = []
    for label in dict.fromkeys((*wanted, *shares)):
        share, got = wanted.get(label, 0.0), shares.get(label, 0.0)
        part = share / 100
        tolerance = _EXACT if exact else 100 * _DEVIATIONS * sqrt(part * (1 - part) / _SAMPLES)
        if abs(share - got) > tolerance:
            about = "" if exact else "about "
            differences.append(f"split: expected {share:g} % of {label}, got {about}{got:.4g} %")
    return differences


def _sticky_key(engine: Engine, request: Request) -> StickyKey | None:
    with decide(engine, request, 0) as decision:
        split = split_of(decision.route_entry)
    return split.sticky if split is not None else None


def _of_user(request: Request, key: StickyKey, number: int) -> Request:
    """The request as another user sends it: with another value of the key, where it has one."""
    if key.kind is HashPolicyKind.SOURCE_IP:
        return replace(request, source=f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    if key.kind is HashPolicyKind.COOKIE:
        return replace(request, headers=(("cookie", f"{key.name}={number}"), *request.headers))
    others = tuple(line for line in request.headers if line[0].lower() != key.name)
    return replace(request, headers=(*others, (key.name, str(number))))


def _weights(
    engine: Engine, request: Request, split: WeightedClusters, wanted: Mapping[str, float]
) -> dict[str, float]:
    """The exact shares: one decision for each destination, made by the number that falls on it."""
    total = sum(cluster.weight for cluster in split.clusters)
    shares: dict[str, float] = {}
    start = 0
    for cluster in split.clusters:
        if cluster.weight:
            with decide(engine, request, start) as decision:
                label = _label(decision, wanted)
            shares[label] = shares.get(label, 0.0) + 100 * cluster.weight / total
            start += cluster.weight
    return shares


def _label(decision: Decision, wanted: Mapping[str, float]) -> str:
    labels = labels_of(decision)
    return next((label for label in labels if label in wanted), labels[0] if labels else "nothing")
