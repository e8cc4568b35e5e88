"""What becomes of a request, in a form that can be compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

from meshcore.check.exchange import Request, text_lines
from meshcore.check.split import decide, split_of
from meshcore.diff.fields import FieldChange, differing_fields
from meshcore.engine import Decision, Engine, Outcome
from meshcore.model import ForwardAction, Origin, PathKind, PathMatch, Route, RouteMatch

__all__ = ["Fate", "changes", "fate_of"]

_ANY = RouteMatch(PathMatch(PathKind.PREFIX, "/"))


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a request. ``split`` tells the shares of the clusters in percents.

    ``route`` and ``rule`` say who decided; they are not compared.
    """

    outcome: str
    status: int | None
    details: str
    location: str | None
    body: bytes
    split: tuple[tuple[str, float], ...]
    path: str
    authority: str
    timeout: float | None
    request_headers: tuple[tuple[str, str], ...]
    response_headers: tuple[tuple[str, str], ...]
    policies: Route | None
    route: str | None
    rule: Origin | None

    @property
    def label(self) -> str:
        """The route's name, or why there is none."""
        if self.route is None:
            return f"({self.details or self.outcome})"
        place = f"{self.rule.file}:{self.rule.line}" if self.rule else ""
        return " ".join(part for part in (self.route, place) if part) or "(unnamed)"


def fate_of(engine: Engine, request: Request, seed: int) -> Fate:
    """Decide a request and keep what matters of the decision."""
    with decide(engine, request, seed) as decision:
        forwarded = decision.outcome is Outcome.FORWARD
        entry = decision.route_entry
        return Fate(
            decision.outcome.value,
            decision.status,
            decision.details,
            decision.location,
            decision.body,
            _split(decision, entry),
            decision.path if forwarded else "",
            decision.authority if forwarded else "",
            decision.timeout,
            _lines(decision.request_headers()) if forwarded else (),
            _lines(decision.response_headers([], status=200) if forwarded else decision.response_headers()),
            _policies(entry),
            decision.route,
            entry.origin if entry is not None else None,
        )


def changes(old: Fate, new: Fate) -> Iterator[FieldChange]:
    """What differs between two fates of one request under one seed."""
    same_cluster = old.split == new.split
    for field in fields(Fate):
        before, after = getattr(old, field.name), getattr(new, field.name)
        if field.name in ("route", "rule") or before == after:
            continue
        if field.name == "split":
            yield FieldChange("cluster", _shares(before), _shares(after))
        elif field.name == "policies" and before is not None and after is not None:
            yield from differing_fields(before, after)
        elif field.name.endswith("_headers"):
            if same_cluster:  # destinations may edit headers of their own
                yield from _headers(field.name, before, after)
        elif field.name != "policies":
            yield from differing_fields(before, after, field.name)


def _headers(
    name: str, old: tuple[tuple[str, str], ...], new: tuple[tuple[str, str], ...]
) -> Iterator[FieldChange]:
    gone = [line for line in old if line not in new]
    come = [line for line in new if line not in old]
    if gone or come:
        yield FieldChange(name, *(", ".join(": ".join(line) for line in it) or "none" for it in (gone, come)))


def _shares(split: tuple[tuple[str, float], ...]) -> str:
    if len(split) == 1:
        return split[0][0]
    return ", ".join(f"{share:.4g} % {cluster}" for cluster, share in split) or "none"


def _split(decision: Decision, entry: Route | None) -> tuple[tuple[str, float], ...]:
    split = split_of(entry)
    if split is not None and not (split.header_name or split.use_hash_policy):
        total = sum(it.weight for it in split.clusters)
        return tuple((it.cluster, 100 * it.weight / total) for it in split.clusters if it.weight)
    return ((decision.cluster, 100.0),) if decision.cluster is not None else ()


def _policies(entry: Route | None) -> Route | None:
    """The route without what the other fields tell: retries, faults, mirrors, hash policies and so on."""
    if entry is None or not isinstance(entry.action, ForwardAction):
        return None
    action = replace(
        entry.action,
        cluster="",
        cluster_header="",
        weighted_clusters=None,
        path_rewrite=None,
        host_rewrite=None,
        timeout=None,
    )
    return Route(_ANY, action, fault=entry.fault, typed_per_filter_config=entry.typed_per_filter_config)


def _lines(lines: Any) -> tuple[tuple[str, str], ...]:
    return tuple(text_lines(lines))
