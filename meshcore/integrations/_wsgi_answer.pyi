"""What an app answers to one request: its ``start_response``, and what is returned in place of its body."""

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, TypeAlias, final

from meshcore.context import RequestContext
from meshcore.engine import Decision
from meshcore.integrations._member import Member
from meshcore.integrations._traces import Naming

ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]

@final
class Answer:
    """An app's answer. The decision is told of its head, and ends with its last part, or with ``close()``."""

    def __call__(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], object]:
        """``start_response`` for the app: tells the decision of the answer's head, and edits that."""

    def __iter__(self) -> Answer: ...
    def __next__(self) -> bytes: ...
    def close(self) -> None:
        """The server wants no more of it. The app's body is closed once, however often this is called."""

    def context(self) -> RequestContext:
        """The request's context, which most apps never ask for; see ``meshcore.context.Lazy``."""

def serve(
    member: Member,
    decision: Decision,
    context: RequestContext,
    environ: dict[str, Any],
    start_response: Callable[..., Any],
    called: bool,
    named: Naming | None,
) -> Iterable[bytes]:
    """Let the app answer a request, and end its decision with that. What is to be returned to the server.

    Args:
        called: the caller is in the mesh: what the route says of header lines and the path is done.
        named: makes the app's header lines of those that it would get; None: they stay.
    """
