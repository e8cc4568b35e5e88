"""What the app answers to one request."""

from collections.abc import Awaitable, Callable, Generator, MutableMapping
from typing import Any, final

from meshcore.context import RequestContext
from meshcore.engine import Decision
from meshcore.telemetry.tally import Tally

@final
class Answer:
    """What an app answers, on behalf of a request that was decided: awaited in place of the app.

    The decision is told of the answer's head; the route's timeout ends the app, and 504 is answered where the
    answer has not begun.
    """

    def __await__(self) -> Generator[Any, Any]: ...
    def respond(self, message: MutableMapping[str, Any]) -> Awaitable[None]:
        """``send`` for the app: tells the decision of the answer's head, and edits that."""

    def context(self) -> RequestContext:
        """The request's context, which most apps never ask for; see ``meshcore.context.Lazy``."""

def serve(
    app: Callable[[Any, Any, Any], Awaitable[None]],
    decision: Decision,
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[Any]],
    send: Callable[[Any], Awaitable[None]],
    requests: Tally[tuple[str, int, str]],
    edited: bool,
) -> Answer:
    """Let the app answer.

    Args:
        requests: counts it, once it is over, by cluster, status and flags; status 0: it had not begun.
        edited: what the route says of header lines and the path applies.
    """

def edited_scope(decision: Decision, scope: MutableMapping[str, Any]) -> dict[str, Any]:
    """The scope of the request as the route makes it."""
