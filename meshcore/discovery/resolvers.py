"""Which resolver answers which question."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from meshcore.discovery.answer import Answer, Question, Resolver
from meshcore.discovery.dnspython import DnspythonResolver
from meshcore.discovery.system import SystemResolver

__all__ = ["DefaultResolver"]


class DefaultResolver:
    """The machine's resolver, and dnspython for clusters that name their own name servers.

    Args:
        system: looks up what names no servers.
        own: makes what asks the servers that a question names, when one first does.
    """

    def __init__(
        self, system: Resolver | None = None, own: Callable[[], Resolver] = DnspythonResolver
    ) -> None:
        self._system = SystemResolver() if system is None else system
        self._make = own
        self._own: Resolver | None = None

    def require(self, questions: Iterable[Question]) -> None:
        """Make sure that these questions can be asked.

        Raises:
            ImportError: one needs dnspython, which is not there.
        """
        if any(_is_own(question) for question in questions):
            self._by_itself()

    def lookup(self, question: Question) -> Answer:
        """See :class:`meshcore.discovery.Resolver`."""
        resolver = self._by_itself() if _is_own(question) else self._system
        return resolver.lookup(question)

    def _by_itself(self) -> Resolver:
        if self._own is None:
            self._own = self._make()
        return self._own


def _is_own(question: Question) -> bool:
    """Whether the machine's resolver cannot do it as it is asked."""
    return bool(question.servers) or question.use_tcp
