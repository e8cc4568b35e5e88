"""One request, asked of Envoy over a socket and of the engine by a call, in the same words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from live_envoy import Answer, exchange
from live_upstream import Received

from meshcore.engine import Engine
from meshcore.replay.drive import Client, Clock, Observation
from meshcore.replay.upstream import Pairs, Upstream

__all__ = ["Request", "View", "ask_engine", "ask_envoy"]

#: Of the connection and of the moment, not of the decision.
IGNORED = frozenset(
    {
        "connection",
        "content-length",
        "date",
        "server",
        "transfer-encoding",
        "x-envoy-upstream-service-time",
        "x-details",
        "x-received",
    }
)
UPSTREAM = Upstream({"headers": [["x-up", "1"], ["access-control-allow-origin", "up"]]})


@dataclass(frozen=True)
class Request:
    """A request as a client types it; text is sent as UTF-8."""

    authority: str
    target: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()

    def to_bytes(self) -> bytes:
        lines = [
            f"{self.method} {self.target} HTTP/1.1",
            f"Host: {self.authority}",
            *(f"{name}: {value}" for name, value in self.headers),
        ]
        return "\r\n".join([*lines, "", ""]).encode()

    def to_recording(self) -> dict[str, Any]:
        return {
            "method": self.method,
            "authority": self.authority,
            "path": self.target,
            "headers": [list(line) for line in self.headers],
        }


@dataclass(frozen=True)
class View:
    """What a client and the upstream see of a decision."""

    status: int | None
    response: list[tuple[str, str]]
    body: bytes = b""
    details: str = ""
    target: str | None = None
    method: str | None = None
    received: list[tuple[str, str]] = field(default_factory=list)

    def differences(self, other: View) -> dict[str, tuple[object, object]]:
        """By field, what this view has and the other."""
        return {
            name: (getattr(self, name), getattr(other, name))
            for name in self.__dataclass_fields__
            if getattr(self, name) != getattr(other, name)
        }


def ask_envoy(port: int, request: Request) -> View:
    answer: Answer = exchange(port, request.to_bytes(), head=request.method == "HEAD")
    response = sorted((name, value) for name, value in answer.headers if name not in IGNORED)
    echo = answer.values("x-received")
    if not echo:
        return View(answer.status, response, answer.body, "".join(answer.values("x-details")))
    received = Received.parse(echo[0])
    return View(
        answer.status,
        response,
        target=received.target,
        method=received.method,
        received=[(name, value) for name, value in received.headers if name not in IGNORED],
    )


def ask_engine(engine: Engine, port: int, request: Request) -> View:
    seen: Observation = Client(engine, "live", Clock(), port=port).send(request.to_recording(), UPSTREAM)
    response = sorted(_lines(seen.response))
    if seen.kind != "forward":
        return View(seen.status, response, seen.body, seen.details)
    received = [("host", seen.authority), *_lines(seen.received)]
    return View(seen.status, response, target=seen.path, method=seen.method, received=received)


def _lines(pairs: Pairs) -> list[tuple[str, str]]:
    lines = ((name.decode().lower(), value.decode("latin-1")) for name, value in pairs)
    return [(name, value) for name, value in lines if name not in IGNORED]
