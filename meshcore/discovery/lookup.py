"""What is known of one name, and when it is looked up next: a state machine without I/O."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import TypeAlias

from meshcore.discovery.answer import Answer, Question
from meshcore.discovery.refresh import Refresh
from meshcore.model import DnsSettings

__all__ = ["Lookup", "Wish"]

#: What a cluster wants of a lookup: its settings, and whether it is LOGICAL_DNS.
Wish: TypeAlias = "tuple[DnsSettings, bool]"


class Lookup:
    """One question on behalf of all clusters that ask it. The shortest of their intervals counts.

    It is due at ``due_at``, under way from ``begin()`` to ``answered()`` or ``failed()``. Times are
    seconds of any clock that never goes back.
    """

    def __init__(self, question: Question) -> None:
        self.question = question
        self.answer: Answer | None = None  #: the last that came
        self.usable: Answer | None = None  #: the last that had addresses
        self.answered_at: float | None = None
        self.error = ""  #: of the last lookup, where it failed
        self.failures = 0  #: in a row
        self.under_way = False
        self.due_at = math.inf  #: inf while it is under way
        self._refreshes: dict[Wish, Refresh] = {}

    @property
    def tried(self) -> bool:
        """Whether an answer or a failure has come."""
        return self.answer is not None or bool(self.error)

    @property
    def trouble(self) -> str:
        """Why there is no answer, or none with addresses; "": there is one."""
        if self.error or self.answer is None or self.answer.addresses:
            return self.error
        reason = f": {self.answer.reason}" if self.answer.reason else ""
        return f"it has no addresses{reason}"

    def wish(self, wishes: Collection[Wish], now: float) -> None:
        """Serve these clusters from now on. A new one wants an answer of its own at once."""
        old = self._refreshes
        self._refreshes = {wish: old.get(wish) or Refresh(wish[0], logical=wish[1]) for wish in wishes}
        if not self.under_way and not old.keys() >= self._refreshes.keys():
            self.due_at = now

    def begin(self) -> None:
        """The lookup is under way."""
        self.under_way = True
        self.due_at = math.inf

    def answered(self, answer: Answer, now: float, random: Callable[[], float]) -> bool:
        """Take an answer; whether its addresses are news."""
        news = self.answer is None or self.answer.addresses != answer.addresses
        self.answer = answer
        if answer.addresses:
            self.usable = answer
        self.answered_at = now
        self.error = ""
        self.failures = 0
        self._end(answer, now, random)
        return news

    def failed(self, error: str, now: float, random: Callable[[], float]) -> None:
        """No answer came: what was known stays."""
        self.error = error
        self.failures += 1
        self._end(None, now, random)

    def _end(self, answer: Answer | None, now: float, random: Callable[[], float]) -> None:
        self.under_way = False
        delays = [refresh.after(answer, random) for refresh in self._refreshes.values()]
        self.due_at = now + min(delays, default=math.inf)
