"""The upstream of a recorded case: what it answers to each attempt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = ["Answer", "Pairs", "Upstream", "encode_headers"]

Pairs: TypeAlias = list[tuple[bytes, bytes]]


def encode_headers(lines: Sequence[Sequence[str]]) -> Pairs:
    """Recorded header lines as an HTTP parser hands them on: UTF-8, outer blanks dropped."""
    return [(name.encode(), value.encode().strip(b" \t")) for name, value in lines]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one attempt gets; ``status`` None: the connection is closed without an answer."""

    status: int | None
    headers: Pairs
    delay: float


class Upstream:
    """Answers attempts as the recording says: 200 and the headers ``implied`` where it says nothing."""

    def __init__(self, recorded: Mapping[str, Any] | None, implied: Pairs | None = None) -> None:
        recorded = recorded or {}
        status = recorded.get("status", 200)
        self._status: list[int | str] = list(status) if isinstance(status, list) else [status]
        self._fail_hosts = frozenset(recorded.get("fail_hosts", ()))
        self._fail_status: int | str = recorded.get("fail_status", 503)
        delay = recorded.get("delay_ms", 0)
        self._delay: list[float] = list(delay) if isinstance(delay, list) else [delay]
        headers = recorded.get("headers") or []
        per_attempt = bool(headers) and all(not lines or isinstance(lines[0], list) for lines in headers)
        self._headers = [encode_headers(lines) for lines in (headers if per_attempt else [headers])]
        if not headers and implied:
            self._headers = [implied]

    def answer(self, attempt: int, endpoint: str | None) -> Answer:
        """The answer to attempt number ``attempt`` (from 0); the last one recorded repeats."""
        status = self._fail_status if endpoint in self._fail_hosts else _at(self._status, attempt)
        return Answer(
            status=None if status == "reset" else int(status),
            headers=list(_at(self._headers, attempt)),
            delay=_at(self._delay, attempt) / 1000,
        )


def _at(values: list[Any], attempt: int) -> Any:
    return values[min(attempt, len(values) - 1)]
