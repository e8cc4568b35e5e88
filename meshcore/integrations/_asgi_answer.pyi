"""What is answered to one request."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, final

from meshcore.context import RequestContext
from meshcore.engine import Decision
from meshcore.integrations._member import Member
from meshcore.integrations._traces import Naming

class Served(Member):
    """An app that answers requests."""

    app: Callable[[Any, Any, Any], Awaitable[None]]

@final
class Answer:
    """What an app answers to one request: a coroutine, awaited in place of the app's.

    The decision is told of the answer's head; the route's timeout ends the app, and 504 is answered where the
    answer has not begun.
    """

    def __call__(self, message: MutableMapping[str, Any]) -> Awaitable[None]:
        """``send`` for the app: tells the decision of the answer's head, and edits that."""

    def __await__(self) -> Answer: ...
    def __iter__(self) -> Answer: ...
    def __next__(self) -> Any: ...
    def send(self, value: Any) -> Any: ...
    def throw(self, *error: Any) -> Any: ...
    def close(self) -> None: ...
    def context(self) -> RequestContext:
        """The request's context, which most apps never ask for; see ``meshcore.context.Lazy``."""

def serve(
    served: Served,
    decision: Decision,
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[Any]],
    send: Callable[[Any], Awaitable[None]],
    edited: bool,
    named: Naming | None,
) -> Answer:
    """Let the app answer a request, of which the decision and the context end elsewhere.

    Args:
        edited: what the route says of header lines and the path applies.
        named: makes the app's header lines of those that it would get; None: they stay.
    """
