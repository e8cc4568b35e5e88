"""Decides on the requests that come to a WSGI app."""

from collections.abc import Callable, Iterable
from typing import Any

from meshcore.engine import Decision
from meshcore.integrations._member import Member

class Entry(Member):
    """The way of requests into an app. What is no plain request goes to a method of a subclass."""

    app: Callable[[dict[str, Any], Any], Iterable[bytes]]

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """As WSGI has it."""

    def _aside(
        self,
        decision: Decision,
        headers: list[tuple[bytes, bytes]],
        environ: dict[str, Any],
        start_response: Callable[..., Any],
        called: bool,
    ) -> Iterable[bytes]:
        """Takes over a decision after which there is more to do than to let the app answer. ``called``: the
        caller is in the mesh."""
