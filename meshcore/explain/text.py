"""An explanation as text: for ``print()`` without colours, for terminals with colours and source lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from meshcore.explain.effects import answer, effects
from meshcore.explain.places import delegated, file_line, resource
from meshcore.explain.quoting import quoted
from meshcore.explain.structure import Explain, RouteTried, VirtualHostChosen
from meshcore.ink import Ink
from meshcore.model import Origin
from meshcore.model.printable import printable

__all__ = ["SHOWN", "render"]

#: How many routes above the winner are shown unless all are asked for.
SHOWN = 10
_HOW = {"exact": "exact", "suffix": "suffix", "prefix": "prefix", "any": "any host"}
#: The lines of a document around a place, ready to print.
Source = Callable[[Origin], Iterable[str]]


def render(
    explanation: Explain, *, ink: Ink | None = None, everything: bool = False, source: Source | None = None
) -> str:
    """The explanation in words.

    ``everything`` lists all routes of the virtual host, not the last few above the winner. ``source`` gives
    the lines of a document to show for the route that won.
    """
    ink = ink or Ink()
    return "\n".join(ink.only(line) for line in _Text(explanation, ink, everything, source).lines())


@dataclass(frozen=True, slots=True)
class _Text:
    it: Explain
    ink: Ink
    everything: bool
    source: Source | None

    def lines(self) -> Iterator[str]:
        authority = self.it.seen.authority if self.it.seen else self.it.given_authority
        url = authority + self.it.target if self.it.target.startswith("/") else self.it.target
        yield self.ink.bold(f"{printable(self.it.method)} {printable(url)}")
        yield from (
            f"-> {line}" if at == 0 else f"   {line}" for at, line in enumerate(answer(self.it, self.ink))
        )
        if self.it.nearest:
            yield ""
            yield self.ink.bold("nearest")
            yield from (f"  {line}" for line in self.it.nearest)
        yield from self._decider()
        yield ""
        yield from self._way()
        yield from self._routes()
        yield from effects(self.it, self.ink)

    def _decider(self) -> Iterator[str]:
        """Which document and line decided."""
        route, host = self.it.route, self.it.virtual_host
        if host is not None and host.sends_to_https:
            yield from self._to_https(host)
        if route is None:
            return
        yield ""
        name = f"route {route.number}{f' ({route.name})' if route.name else ''}"
        if route.origin is None:
            yield f"{self.ink.bold('decided by')} {name}, which no document wrote"
            return
        yield f"{self.ink.bold('decided by')} {self.ink.place(file_line(route.origin))}"
        yield f"  {resource(route.origin)}: {name}"
        yield from (f"  {line}" for line in delegated(route.origin))
        at: Origin | None = route.origin
        while at is not None:
            yield from self._lines_at(at)
            at = at.via

    def _to_https(self, host: VirtualHostChosen) -> Iterator[str]:
        """Plaintext that was sent to https, which comes before all routes."""
        yield ""
        origin = host.https_origin
        name = f"virtual host {host.name}, which sends plaintext to https before it tries a route"
        if origin is None:
            yield f"{self.ink.bold('decided by')} {name}"
            return
        yield f"{self.ink.bold('decided by')} {self.ink.place(file_line(origin))}"
        yield f"  {resource(origin)}: {name}"
        yield from self._lines_at(origin)

    def _lines_at(self, origin: Origin) -> Iterator[str]:
        if self.source is not None:
            yield ""
            yield from self.source(origin)

    def _way(self) -> Iterator[str]:
        """The listener and the virtual host."""
        listener, host = self.it.listener, self.it.virtual_host
        if listener is None:
            yield f"{self.ink.label('listener')}none"
            return
        port = "all ports that no other listener has" if listener.port is None else f"port {listener.port}"
        name, tls = listener.name or "(unnamed)", ", TLS" if listener.tls else ""
        yield f"{self.ink.label('listener')}{name}, {port}{tls}"
        if self.it.seen is None:
            yield "the request was refused before any route was looked up"
        elif host is None:
            yield f"{self.ink.label('virtual host')}none"
        else:
            yield f"{self.ink.label('virtual host')}{host.name}, {_how(host)}"

    def _routes(self) -> Iterator[str]:
        """The routes that were tried, each with the first condition that failed."""
        tried = [route for route in self.it.routes if route.tried]
        if not tried:
            return
        missed = [route for route in tried if not route.winner]
        shown = missed if self.everything else missed[-SHOWN:]
        count = f"{len(tried)} of {len(self.it.routes)} tried"
        yield f"{self.ink.label('routes')}{count}, the first that matches wins"
        hidden = missed[: len(missed) - len(shown)]
        if hidden:
            others = sum(route.failed is None or route.failed.kind != "path" for route in hidden)
            yield self.ink.dim(
                f"  {len(hidden)} more above, {others} of them not for their path (--all shows them)"
            )
        for route in shown:
            yield from self._route(route)
        yield from (line for route in tried if route.winner for line in self._route(route))
        yield from self._behind()

    def _route(self, route: RouteTried) -> Iterator[str]:
        about = ", ".join(part for part in (route.name, file_line(route.origin)) if part)
        if route.failed is None:
            yield f"  {self.ink.good('+')} {route.number}  {about}  {self.ink.good('matches')}"
            return
        yield f"  {self.ink.bad('-')} {route.number}  {about}"
        yield f"      {self.ink.bad(str(route.failed))}"

    def _behind(self) -> Iterator[str]:
        """Routes behind the winner: not tried, but it may be one of them that is looked for."""
        behind = [route for route in self.it.routes if not route.tried]
        if not behind:
            return
        if self.everything:
            yield self.ink.dim("  behind it, not tried:")
            yield from (line for route in behind for line in self._route(route))
            return
        matching = self.it.shadowed
        if matching:
            names = ", ".join(file_line(route.origin) or str(route.number) for route in matching[:SHOWN])
            rest = f" and {len(matching) - SHOWN} more" if len(matching) > SHOWN else ""
            yield self.ink.dim(f"  {len(matching)} behind it would match as well: {names}{rest}")


def _how(host: VirtualHostChosen) -> str:
    return f"by its domain {quoted(host.domain)} ({_HOW[host.how]}) for {quoted(host.host)}"
