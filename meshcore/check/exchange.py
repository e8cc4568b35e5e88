"""What is said between client and endpoint in a test."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

__all__ = ["Request", "Response", "text_lines"]


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sends, in the words of :meth:`meshcore.Engine.decide`."""

    path: str = "/"
    authority: str | None = None
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    scheme: str = "http"
    source: str | None = None
    port: int | None = None

    def __str__(self) -> str:
        url = f"{self.scheme}://{self.authority}{self.path}" if self.authority else self.path
        headers = ", ".join(f"{name}: {value}" for name, value in self.headers)
        port = f" to port {self.port}" if self.port is not None else ""
        return f"{self.method} {url}{port}" + (f" ({headers})" if headers else "")


@dataclass(frozen=True, slots=True)
class Response:
    """What the endpoint answers."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


def text_lines(lines: Iterable[tuple[Any, Any]]) -> list[tuple[str, str]]:
    """Header lines of a decision, which may be bytes, as text; what is not UTF-8 is escaped."""
    return [(_text(name), _text(value)) for name, value in lines]


def _text(value: bytes | str) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value
