"""Decides on the requests that come to an ASGI app."""

from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any

from meshcore.engine import Decision
from meshcore.integrations._asgi_answer import Served

class Entry(Served):
    """The way of requests into an app. What is no plain request goes to two methods of a subclass."""

    def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> Coroutine[Any, Any, None]:
        """As ASGI has it. Nothing is decided before what is returned is awaited."""

    def _aside(
        self, decision: Decision, scope: Any, receive: Any, send: Any, called: bool
    ) -> Coroutine[Any, Any, None]:
        """Takes over a decision after which there is more to do than to let the app answer. ``called``: the
        caller is in the mesh."""

    def _other(self, scope: Any, receive: Any, send: Any) -> Coroutine[Any, Any, None]:
        """Takes over what is no request, and what comes before the mesh has been started."""
