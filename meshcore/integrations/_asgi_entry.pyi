"""Decides on the requests that come to an ASGI app."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, final

from meshcore.engine import Decision
from meshcore.integrations._inbound import Inbound

@final
class Entry:
    """The way of requests into an app."""

    def __init__(
        self,
        app: Callable[[Any, Any, Any], Awaitable[None]],
        inbound: Inbound,
        aside: Callable[[Decision, Any, Any, Any, bool], Awaitable[None]],
    ) -> None:
        """``aside``: takes over decisions after which there is more to do than to let the app answer; called
        with the decision, the app's three arguments, and whether the caller is in the mesh."""

    def request(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> Awaitable[None]:
        """Decide, and let the request be answered; to be awaited at once."""

def target_of(scope: MutableMapping[str, Any]) -> bytes:
    """The request target as it was received, as far as the server kept it."""
