"""All names of a configuration: which to look up when, and which clusters an answer changes. No I/O."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from meshcore.discovery.answer import Answer, Question
from meshcore.discovery.endpoints import current_address, questions_of, resolved
from meshcore.discovery.lookup import Lookup, Wish
from meshcore.model import Cluster, Config, Discovery

__all__ = ["Names", "with_clusters"]


class Names:
    """The lookups of a configuration's clusters.

    Not safe from several threads at once: whoever drives it holds a lock. Times are seconds of any clock
    that never goes back.

    Args:
        random: gives numbers from 0 to 1, without 1, for jitter and backoff.
    """

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._clusters: dict[str, Cluster] = {}  #: as declared, those with names alone
        self._upcoming: dict[str, Cluster] | None = None  #: of a configuration that is being prepared
        self._lookups: dict[Question, Lookup] = {}
        self._users: dict[Question, list[str]] = {}
        #: (due, a number that no other has, question); what is not due then any longer is passed over.
        self._timers: list[tuple[float, int, Question]] = []
        self._numbers = itertools.count()

    def prepare(self, config: Config, now: float) -> None:
        """Look up what a configuration to come will need beside what is needed now."""
        self._upcoming = _by_name(config)
        self._arrange(now)

    def abandon(self, now: float) -> None:
        """The configuration that was prepared will not be served."""
        self._upcoming = None
        self._arrange(now)

    def commit(self, config: Config, now: float) -> None:
        """This configuration is served from now on, prepared or not."""
        self._clusters, self._upcoming = _by_name(config), None
        self._arrange(now)

    @property
    def clusters(self) -> dict[str, Cluster]:
        """The clusters by DNS that are served, as they are declared."""
        return self._clusters

    def questions(self) -> Collection[Question]:
        """All that is looked up."""
        return self._lookups.keys()

    def waiting(self) -> set[Question]:
        """What a cluster that is to be warm (``wait_for_warm_on_init``) has never got an answer to."""
        return {
            question
            for cluster in (self._clusters if self._upcoming is None else self._upcoming).values()
            if cluster.dns.wait_for_warm
            for question in questions_of(cluster)
            if not self._lookups[question].tried
        }

    def due(self, now: float, limit: int) -> list[Question]:
        """At most ``limit`` questions to ask now, those that wait longest first; they are under way then."""
        found: list[Question] = []
        while self._timers and self._timers[0][0] <= now and len(found) < limit:
            due_at, _, question = heapq.heappop(self._timers)
            lookup = self._lookups.get(question)
            if lookup is not None and lookup.due_at == due_at:
                lookup.begin()
                found.append(question)
        return found

    def next_at(self) -> float | None:
        """When the next question is due; None: nothing is to be asked."""
        while self._timers:
            due_at, _, question = self._timers[0]
            lookup = self._lookups.get(question)
            if lookup is not None and lookup.due_at == due_at:
                return due_at
            heapq.heappop(self._timers)
        return None

    def answered(self, question: Question, answer: Answer, now: float) -> list[str]:
        """Take an answer; the names of the served clusters that it may change."""
        lookup = self._lookups.get(question)
        if lookup is None:  # nobody asks any longer
            return []
        news = lookup.answered(answer, now, self._random)
        self._schedule(lookup)
        return [name for name in self._users[question] if name in self._clusters] if news else []

    def trouble(self, question: Question) -> str:
        """Why a name has no answer with addresses at last; "": it has, or nobody asks."""
        lookup = self._lookups.get(question)
        return lookup.trouble if lookup is not None else ""

    def users(self, question: Question) -> list[str]:
        """The names of the clusters that ask it."""
        return self._users.get(question, [])

    def failed(self, question: Question, error: str, now: float) -> bool:
        """No answer came, and what is known stays in force; whether it is the first failure in a row."""
        lookup = self._lookups.get(question)
        if lookup is None:
            return False
        lookup.failed(error, now, self._random)
        self._schedule(lookup)
        return lookup.failures == 1

    def resolved(self, name: str) -> Cluster:
        """A served cluster with the endpoints that it has by now."""
        return resolved(self._clusters[name], self._lookups.get)

    def config(self, config: Config) -> Config:
        """A configuration with the endpoints that its clusters have by now."""
        made = {name: resolved(cluster, self._lookups.get) for name, cluster in _by_name(config).items()}
        return with_clusters(config, made)

    def addresses(self) -> dict[str, str]:
        """``address:port`` that new connections to each LOGICAL_DNS cluster go to, where it has any."""
        found = {name: current_address(self.resolved(name)) for name in self._clusters}
        return {name: address for name, address in found.items() if address is not None}

    def describe(self, cluster: str, now: float) -> list[dict[str, Any]]:
        """Each name of a cluster: what it is known to be, for admin pages. Times are seconds."""
        found = self._clusters.get(cluster)
        return [] if found is None else [_described(self._lookups[q], now) for q in questions_of(found)]

    def _arrange(self, now: float) -> None:
        """Make the lookups those that the clusters want."""
        wishes: dict[Question, dict[Wish, None]] = {}
        users: dict[Question, dict[str, None]] = {}
        for cluster in (*self._clusters.values(), *(self._upcoming or {}).values()):
            for question in questions_of(cluster):
                wish = (cluster.dns, cluster.discovery is Discovery.LOGICAL_DNS)
                wishes.setdefault(question, {})[wish] = None
                users.setdefault(question, {})[cluster.name] = None
        self._lookups = {question: self._lookups.get(question) or Lookup(question) for question in wishes}
        self._users = {question: list(names) for question, names in users.items()}
        for question, lookup in self._lookups.items():
            before = lookup.due_at
            lookup.wish(wishes[question], now)
            if lookup.due_at != before:
                self._schedule(lookup)

    def _schedule(self, lookup: Lookup) -> None:
        if lookup.due_at != math.inf:
            heapq.heappush(self._timers, (lookup.due_at, next(self._numbers), lookup.question))


def with_clusters(config: Config, clusters: Mapping[str, Cluster]) -> Config:
    """The configuration with these for its clusters of their names; itself where there are none."""
    if not clusters:
        return config
    return replace(config, clusters=tuple(clusters.get(one.name, one) for one in config.clusters))


def _by_name(config: Config) -> dict[str, Cluster]:
    return {cluster.name: cluster for cluster in config.clusters if cluster.by_dns}


def _described(lookup: Lookup, now: float) -> dict[str, Any]:
    answer, answered_at = lookup.answer, lookup.answered_at
    return {
        "name": lookup.question.name,
        "family": lookup.question.family.value,
        "addresses": None if answer is None else list(answer.addresses),
        "ttl": None if answer is None else answer.ttl,
        "age": None if answered_at is None else round(now - answered_at, 3),
        "next_refresh": None if lookup.due_at == math.inf else round(max(0.0, lookup.due_at - now), 3),
        "failures": lookup.failures,
        "last_error": lookup.trouble or None,
    }
