"""One decision, with the names by which tests ask for its parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from meshcore.check.exchange import Response, text_lines
from meshcore.engine import Decision, Outcome
from meshcore.model import Config, ForwardAction, Origin, VirtualHost

__all__ = ["LABELS", "READERS", "Seen", "labels_of"]


class Seen:
    """What was decided about one request, and how the endpoint answers it."""

    def __init__(self, config: Config, decision: Decision, scheme: str, response: Response) -> None:
        self.decision = decision
        self.scheme = scheme
        self._config = config
        self._response = response

    def read(self, name: str) -> Any:
        """A part of the decision by its name in tests; None where there is no such thing."""
        return READERS[name](self.decision)

    @property
    def origin(self) -> Origin | None:
        """Where the rule that decided is written."""
        entry = self.decision.route_entry
        return entry.origin if entry is not None else None

    @property
    def virtual_host(self) -> VirtualHost | None:
        """The virtual host of the model whose route decided."""
        decision = self.decision
        for listener in self._config.listeners:
            if listener.name == decision.listener:
                for host in listener.route_configuration.virtual_hosts:
                    if host.name == decision.virtual_host:
                        return host
        return None

    def request_lines(self) -> list[tuple[str, str]]:
        """The header lines that the endpoint gets; none where nothing is forwarded."""
        decision = self.decision
        return _lines(decision.request_headers()) if decision.outcome is Outcome.FORWARD else []

    def response_lines(self) -> list[tuple[str, str]]:
        """The header lines that the client gets."""
        decision = self.decision
        if decision.outcome is not Outcome.FORWARD:
            own = _lines(decision.response_headers())
            known = any(name == "content-length" for name, _ in own)  # else the server adds it
            return own if known else [*own, ("content-length", str(len(decision.body)))]
        return _lines(decision.response_headers(list(self._response.headers), status=self._response.status))

    def request_header(self, name: str) -> list[str]:
        """The lines of a header as the endpoint gets them; pseudo headers, too."""
        if name in _PSEUDO and self.decision.outcome is Outcome.FORWARD:
            return [self.read(_PSEUDO[name])]
        return [value for key, value in self.request_lines() if key == name]

    def response_header(self, name: str) -> list[str]:
        """The lines of a header as the client gets them; ``:status``, too."""
        if name == ":status":
            return [str(self.decision.status or self._response.status)]
        return [value for key, value in self.response_lines() if key == name]


def _lines(lines: Any) -> list[tuple[str, str]]:
    return [(name.lower(), value) for name, value in text_lines(lines)]


def _part(index: int) -> Callable[[Decision], str | None]:
    """A part of a cluster's name as Istio makes it: ``outbound|PORT|SUBSET|HOST``."""

    def read(decision: Decision) -> str | None:
        parts = (decision.cluster or "").split("|")
        return parts[index] if len(parts) == 4 else None

    return read


def _rule(decision: Decision) -> str | None:
    entry = decision.route_entry
    if entry is None or entry.origin is None:
        return None
    return f"{entry.origin.kind} {entry.origin.name}".strip()


def _retries(decision: Decision) -> int | None:
    entry = decision.route_entry
    if entry is None or not isinstance(entry.action, ForwardAction):
        return None
    policy = entry.action.retry_policy
    return policy.num_retries if policy is not None else 0


def _mirrors(decision: Decision) -> str:
    return ", ".join(str(mirror) for mirror in decision.mirrors)


_PSEUDO = {":authority": "authority", "host": "authority", ":path": "path", ":method": "method"}
#: What a test may ask of a decision, besides headers and the split.
READERS: dict[str, Callable[[Decision], Any]] = {
    "outcome": lambda decision: decision.outcome.value,
    "listener": lambda decision: decision.listener,
    "virtual_host": lambda decision: decision.virtual_host,
    "route": lambda decision: decision.route,
    "rule": _rule,
    "cluster": lambda decision: decision.cluster,
    "service_port": _part(1),
    "subset": _part(2),
    "service": _part(3),
    "endpoint": lambda decision: decision.endpoint,
    "method": lambda decision: decision.method,
    "path": lambda decision: decision.path,
    "authority": lambda decision: decision.authority,
    "status": lambda decision: decision.status,
    "location": lambda decision: decision.location,
    "body": lambda decision: decision.body.decode("utf-8", "backslashreplace"),
    "flags": lambda decision: decision.flags,
    "details": lambda decision: decision.details,
    "timeout": lambda decision: decision.timeout,
    "retries": _retries,
    "mirrors": _mirrors,
}
#: What may stand for a share of a split.
LABELS = ("subset", "cluster", "service", "outcome")


def labels_of(decision: Decision) -> list[str]:
    """All names by which a share of a split can ask for this decision."""
    found = [READERS[name](decision) for name in LABELS]
    service = READERS["service"](decision)
    return [name for name in (*found, (service or "").partition(".")[0]) if name]
