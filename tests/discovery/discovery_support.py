"""Clusters by name, a clock that stands still, and a resolver that says what a test wants."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from meshcore import Engine
from meshcore.discovery import Answer, LookupFailed, Question
from meshcore.model import (
    Cluster,
    Config,
    Discovery,
    DnsSettings,
    Endpoint,
    ForwardAction,
    Listener,
    Locality,
    LocalityEndpoints,
    PathKind,
    PathMatch,
    Route,
    RouteConfiguration,
    RouteMatch,
    VirtualHost,
)

__all__ = ["Clock", "Script", "addresses", "by_name", "config", "group", "picked"]


DEFAULT = DnsSettings()


def group(*endpoints: Endpoint | str, zone: str = "", priority: int = 0) -> LocalityEndpoints:
    made = tuple(Endpoint(one, 80) if isinstance(one, str) else one for one in endpoints)
    return LocalityEndpoints(made, Locality(zone=zone), priority)


def by_name(
    name: str,
    *groups: LocalityEndpoints | str,
    discovery: Discovery = Discovery.STRICT_DNS,
    dns: DnsSettings = DEFAULT,
    **fields: Any,
) -> Cluster:
    localities = tuple(group(one) if isinstance(one, str) else one for one in groups)
    return Cluster(name, discovery, localities, dns, **fields)


def config(*clusters: Cluster) -> Config:
    """A configuration whose path ``/NAME`` goes to the cluster of that name."""
    routes = tuple(
        Route(RouteMatch(PathMatch(PathKind.PREFIX, f"/{one.name}")), ForwardAction(cluster=one.name))
        for one in clusters
    )
    table = RouteConfiguration("t", (VirtualHost("v", ("*",), routes),))
    return Config((Listener("l", None, table),), clusters)


def addresses(engine: Engine, name: str) -> list[str]:
    """The endpoints that the engine has for a cluster."""
    return next(
        [host["address"] for host in one["endpoints"]] for one in engine.clusters() if one["name"] == name
    )


def picked(engine: Engine, name: str) -> str | None:
    with engine.decide("GET", "a", f"/{name}") as decision:
        return decision.endpoint


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Script:
    """Answers by ``answers``: addresses of a name, an Answer, or an error's text. What is held waits."""

    def __init__(self, **answers: Sequence[str] | Answer | str) -> None:
        self.answers: dict[str, Sequence[str] | Answer | str] = {
            name.replace("_", "."): answer for name, answer in answers.items()
        }
        self.asked: list[str] = []
        self.held: dict[str, threading.Event] = {}

    def hold(self, name: str) -> threading.Event:
        """Keep lookups of a name waiting until the event is set."""
        return self.held.setdefault(name, threading.Event())

    def lookup(self, question: Question) -> Answer:
        self.asked.append(question.name)
        if question.name in self.held and not self.held[question.name].wait(30):
            raise AssertionError("a lookup was never let go")
        found = self.answers.get(question.name, "no script for it")
        if isinstance(found, str):
            raise LookupFailed(found)
        return found if isinstance(found, Answer) else Answer(tuple(found))
