"""An engine's endpoints follow the name servers: what the drivers of threads and of asyncio share."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from meshcore import _options as option
from meshcore.discovery.answer import Answer, LookupFailed, Question, Resolver
from meshcore.discovery.in_force import InForce
from meshcore.discovery.names import Names
from meshcore.discovery.resolvers import DefaultResolver
from meshcore.engine import Engine
from meshcore.model import Config

__all__ = ["Following"]

_log = logging.getLogger("meshcore.discovery")

#: Lookups at a time: each holds a thread while a name server keeps it waiting.
CONCURRENCY = 8


def _in_thread(work: Callable[[], None]) -> None:
    # No pool: the end of the process would wait until the last name server has given up.
    threading.Thread(target=work, name="meshcore-dns", daemon=True).start()


class Following:
    """Runs the lookups of an engine's clusters in threads and serves what they say.

    A driver calls ``pump()`` whenever ``woken`` was called, and after the seconds that it returned.
    Everything may be called from any thread; nothing that a request waits for takes more than a moment.

    Args:
        engine: whose clusters of STRICT_DNS and LOGICAL_DNS are to follow their names.
        resolver: None: :class:`meshcore.discovery.DefaultResolver`.
        clock: seconds that never go back.
        random: gives numbers from 0 to 1, without 1.
        woken: called when the next ``pump()`` may be due earlier than was said.
        spawn: runs a piece of work beside the caller; by default in a thread of its own.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        resolver: Resolver | None = None,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = random.random,
        woken: Callable[[], object] = lambda: None,
        spawn: Callable[[Callable[[], None]], object] = _in_thread,
    ) -> None:
        option.engine("engine", engine)
        if resolver is not None:
            option.resolver("resolver", resolver)
        self._engine = engine
        self._resolver: Resolver = DefaultResolver() if resolver is None else resolver
        self._clock = clock
        self._woken = woken
        self._spawn = spawn
        self._names = Names(random)  #: under _changed
        self._changed = threading.Condition()
        self._applying = threading.Lock()  #: whoever changes the engine; _changed may be taken within it
        self._running = 0
        self._closed = False
        self._serving = 0  #: answers that have come, and are being put in force
        self._in_force = InForce(engine)  #: changed under _applying

    @property
    def closed(self) -> bool:
        return self._closed

    def has_names(self) -> bool:
        """Whether there is anything to look up, now or later."""
        with self._changed:
            return bool(self._names.questions())

    def begin(self) -> None:
        """Serve the answers that there are, which is none: what comes by DNS is not there until it is known.

        Raises:
            ImportError: a cluster needs a resolver that is not there; nothing has changed then.
        """
        with self._applying:
            self._follow(self._prepare(self._engine.config))
        self._engine.annotate_clusters(self.describe)
        self._engine.watch(self._notice)
        self._woken()

    def swap(
        self, config: Config, *, wait: float = 10.0, put: Callable[[Config], object] | None = None
    ) -> None:
        """Serve another configuration: ``engine.swap()`` with the endpoints that its names have.

        Names that were served already keep their answers. Others are looked up first, for ``wait`` seconds
        at most: what has no answer by then has no endpoints until it comes.

        ``put`` stands for ``engine.swap``.

        Raises:
            ValueError, ImportError: it cannot be served; nothing has changed then.
        """
        declared = self._prepare(config)
        self.pump()
        self.wait_warm(wait)
        with self._applying:
            with self._changed:
                known = self._names.config(declared)
            try:
                with self._in_force.ours():
                    (self._engine.swap if put is None else put)(known)
            except BaseException:
                with self._changed:
                    self._names.abandon(self._clock())
                raise
            self._follow(declared)  # an answer may have come while the engine compiled
        self._woken()

    def wait_warm(self, seconds: float) -> bool:
        """Wait until every name that is to be waited for has an answer or has failed; whether they have."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self._closed or not (self._serving or self._names.waiting()), seconds
            )

    def address(self, cluster: str, endpoint: str) -> str:
        """Where to connect for an endpoint: the current address of a LOGICAL_DNS cluster, else itself."""
        return self._in_force.addresses.get(cluster, endpoint)

    def describe(self, cluster: str) -> dict[str, Any]:
        """What ``engine.clusters()`` says of a cluster by DNS beside its endpoints."""
        with self._changed:
            names = self._names.describe(cluster, self._clock())
        return {**({"dns": names} if names else {}), **self._in_force.describe(cluster)}

    def close(self) -> None:
        """Look nothing up any longer. Endpoints stay as they are."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._engine.unwatch(self._notice)
        self._engine.annotate_clusters(None)
        self._woken()

    def detach(self) -> None:
        """Of a process that was forked, where no thread of ours is: leave the engine to another one. Takes no
        lock, since one may have been held."""
        self._closed = True
        self._engine.unwatch(self._notice)
        self._engine.annotate_clusters(None)

    def pump(self) -> float | None:
        """Start what is due; seconds until it is to be called again, None: when ``woken`` is."""
        with self._changed:
            if self._closed:
                return None
            due = self._names.due(self._clock(), CONCURRENCY - self._running)
            self._running += len(due)
        for question in due:
            self._spawn(partial(self._look_up, question))
        with self._changed:
            next_at = self._names.next_at()
            if next_at is None or self._running >= CONCURRENCY:
                return None  # the end of a lookup wakes us
            return max(0.0, next_at - self._clock())

    def _look_up(self, question: Question) -> None:
        answer, error = self._ask(question)
        with self._changed:
            self._running -= 1
            if self._closed:
                return
            if answer is None:
                touched = []
                if self._names.failed(question, error, self._clock()):
                    _log.warning("looking up %s failed, and is tried again: %s", question.name, error)
            else:
                before = self._names.trouble(question)
                news = self._names.answered(question, answer, self._clock())
                self._tell_empty(question, before)
                kept = (name for name in self._names.users(question) if name in self._in_force.kept)
                touched = list(dict.fromkeys([*news, *kept]))
            self._serving += 1
        try:
            if touched:
                with self._applying:
                    for name in touched:
                        self._serve(name)
        finally:
            with self._changed:
                self._serving -= 1
                self._changed.notify_all()
        self._woken()

    def _tell_empty(self, question: Question, before: str) -> None:
        """Warn of a name that has no addresses, once until it has some: nobody else tells of a slip in it.
        ``before``: the trouble with it."""
        trouble = self._names.trouble(question)
        if trouble and trouble != before:
            clusters = ", ".join(self._names.users(question))
            _log.warning("the DNS name %s of %s: %s", question.name, clusters, trouble)

    def _ask(self, question: Question) -> tuple[Answer | None, str]:
        try:
            return self._resolver.lookup(question).checked(), ""
        except LookupFailed as error:
            return None, str(error) or "no answer"
        except Exception as error:  # a resolver of the user's: whatever it is, the name is asked again
            _log.exception("looking up %r failed", question.name)
            return None, repr(error)

    def _serve(self, name: str) -> None:
        """Put a cluster's endpoints in force, where they are others than before. Under ``_applying``."""
        with self._changed:
            if name not in self._names.clusters:
                return
            made = self._names.resolved(name)
        self._in_force.serve(made)

    def _prepare(self, config: Config) -> Config:
        """Begin to look up what a configuration needs; it, as it is declared."""
        with self._changed:
            declared = self._in_force.declared(config, self._names.clusters)
            self._names.prepare(declared, self._clock())
            try:
                if isinstance(self._resolver, DefaultResolver):
                    self._resolver.require(self._names.questions())
            except ImportError:
                self._names.abandon(self._clock())
                raise
        return declared

    def _follow(self, declared: Config) -> None:
        """Serve the names of the configuration that is in force. Under ``_applying``."""
        self._in_force.seen = self._engine.config
        with self._changed:
            self._names.commit(declared, self._clock())
            addresses = self._names.addresses()
        self._in_force.begin(addresses)
        for name in self._names.clusters:
            self._serve(name)

    def _notice(self) -> None:
        """The engine's configuration has changed: where somebody else did it, it is followed."""
        if not self._in_force.changing_here:
            self._spawn(self._adopt)

    def _adopt(self) -> None:
        with self._applying:
            config = self._engine.config
            if self._closed or config is self._in_force.seen:
                return
            self._follow(self._in_force.declared(config, self._names.clusters))
        self._woken()
