"""Generated cookies in recordings. Envoy makes their values of the client's port: they cannot be foretold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from meshcore.replay.drive import Observation
from meshcore.replay.envoy_headers import values_of

__all__ = ["GeneratedCookie", "expected_cookie", "observed_cookie", "with_cookie"]

_GENERATED = re.compile(r'(?P<name>[^=;]+)="(?P<value>[0-9a-f]{16})"(?P<attributes>.*)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class GeneratedCookie:
    """A Set-Cookie line: what Envoy or we generated, and what the configuration says of it."""

    name: str
    value: str
    attributes: str

    def __str__(self) -> str:
        return f'{self.name}="{self.value}"{self.attributes}'


def expected_cookie(expect: Mapping[str, Any]) -> GeneratedCookie | None:
    """The generated cookie of a recorded answer, where it has one."""
    lines = (expect.get("response_headers") or {}).get("set-cookie") or []
    found = _GENERATED.fullmatch(lines[0]) if len(lines) == 1 else None
    return GeneratedCookie(**found.groupdict()) if found else None


def observed_cookie(observed: Observation) -> GeneratedCookie | None:
    """The generated cookie of an answer of ours, where it has one."""
    return expected_cookie({"response_headers": values_of(observed.response)})


def with_cookie(request: Mapping[str, Any], cookie: GeneratedCookie) -> dict[str, Any]:
    """The request of a client that sends the cookie back; the first cookie of a name counts."""
    line = ["cookie", f"{cookie.name}={cookie.value}"]
    return {**request, "headers": [line, *(request.get("headers") or ())]}
