"""Runs tests on a configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from meshcore.check.case import Case
from meshcore.check.coverage import Coverage
from meshcore.check.exchange import Request
from meshcore.check.runtime import runtime_for
from meshcore.check.seen import Seen
from meshcore.check.setting import Setting
from meshcore.check.split import decide, differing_shares, draws
from meshcore.config.codes import INCOMPLETE
from meshcore.config.istio.hints import WITHOUT_ENDPOINTS
from meshcore.config.placeholders import with_placeholders
from meshcore.engine import Engine
from meshcore.model import ConfigWarning, Origin, Route
from meshcore.model.printable import printable

__all__ = ["Checker", "Failure", "Result"]


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that was not decided as expected. ``rule``: where the route is written that took it."""

    request: Request
    differences: tuple[str, ...]
    rule: Origin | None = None
    route: str | None = None

    def lines(self) -> list[str]:
        """The failure in words: the request, each difference, and which rule decided."""
        decided = "no route took it" if self.route is None else "decided by a route without a place"
        if self.rule is not None:
            resource = f"{self.rule.kind} {self.rule.name}".strip()
            about = ", ".join(part for part in (resource, self.rule.path) if part)
            decided = f"decided by {self.rule}" + (f" ({about})" if about else "")
        lines = (str(self.request), *(f"  {it}" for it in self.differences), f"  {decided}")
        return [printable(line) for line in lines]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a test: it passed where there are no ``failures``."""

    case: Case
    failures: tuple[Failure, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.failures


class Checker:
    """Runs the tests of one setting.

    Clusters without endpoints get one that stands for them: the tests are about routes.

    Raises:
        meshcore.config.ConfigError: the configuration cannot be served.
    """

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._engines: dict[str | None, Engine] = {}
        self._routes: dict[tuple[str | None, int], Route] = {}
        self.config = with_placeholders(setting.load())
        self._engines[None] = Engine(self.config)

    @property
    def warnings(self) -> tuple[ConfigWarning, ...]:
        """What the documents warn of that may be why a test fails; that they give no endpoints, or are a
        route table alone, may not: others stand for what is missing."""
        return tuple(
            it for it in self.config.warnings if it.code != INCOMPLETE and WITHOUT_ENDPOINTS not in it.message
        )

    def coverage(self) -> Coverage:
        """The routes of the configuration, and which of them the tests so far took."""
        coverage = Coverage()
        coverage.add(self.config)
        coverage.take(self._routes.values())
        return coverage

    def run(self, cases: Iterable[Case]) -> Iterator[Result]:
        """Run tests one after another."""
        return map(self.check, cases)

    def check(self, case: Case) -> Result:
        """Run one test."""
        engine = self._engine(case.runtime)
        failures = (self._request(engine, case, request) for request in case.requests)
        return Result(case, tuple(failure for failure in failures if failure is not None))

    def _request(self, engine: Engine, case: Case, request: Request) -> Failure | None:
        first: Failure | None = None
        tried = failed = 0
        for seed in self._seeds(engine, case, request):
            with decide(engine, request, seed) as decision:
                seen = Seen(engine.config, decision, request.scheme, case.response)
                entry = decision.route_entry
                if entry is not None:
                    self._routes[case.runtime, id(entry)] = entry
                differences = tuple(
                    text for text in (it.difference(seen) for it in case.expectations) if text is not None
                )
                tried += 1
                failed += bool(differences)
                if differences and first is None:
                    first = Failure(request, differences, seen.origin, decision.route)
        shares = tuple(differing_shares(engine, request, case.split)) if case.split else ()
        if first is None:
            return Failure(request, shares) if shares else None
        chance: tuple[str, ...] = ()
        if failed < tried:
            chance = ("this is a matter of chance: expect a split, or give the test a seed",)
        return Failure(request, (*first.differences, *chance, *shares), first.rule, first.route)

    def _seeds(self, engine: Engine, case: Case, request: Request) -> Iterable[int]:
        if case.seed is not None:
            return (case.seed,)
        with decide(engine, request, 0) as decision:
            return draws(decision.route_entry)

    def _engine(self, runtime: str | None) -> Engine:
        if runtime not in self._engines:
            config = self._setting.load(runtime_for(self._setting.paths, runtime or ""))
            self._engines[runtime] = Engine(with_placeholders(config))
        return self._engines[runtime]
