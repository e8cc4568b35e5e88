"""What is said to the server, without saying it: generators that yield rounds and are sent the replies.

``run`` and ``arun`` (client.py) carry them out for threads and for asyncio.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, NamedTuple, TypeAlias

from redis import exceptions

from meshcore.global_limit.guard import Failure
from meshcore.global_limit.redis.script import GARBAGE, SCRIPT, SHA
from meshcore.global_limit.redis.units import MOST_EXACT, Units

__all__ = ["Exchange", "Question", "Reply", "Round", "classify", "exchange"]


class Question(NamedTuple):
    """One call of the script."""

    name: bytes
    units: Units
    cost: int  #: tokens; negative: give them back
    most: int  #: units that may be owed afterwards
    sent: float  #: what the local clock said
    extra: int = 0  #: tokens to take beyond the cost, if they can be spared
    take: bool = True

    def command(self, verb: str, script: str) -> tuple[Any, ...]:
        """EVAL or EVALSHA."""
        _, scale, token = self.units
        numbers = f"{token} {scale} {self.cost} {self.extra} {self.most} {self.take:d}"
        return (verb, script, 1, self.name, numbers)


class Reply(NamedTuple):
    """What the script says."""

    allowed: bool
    debt: int  #: units, before anything was taken
    taken: int  #: tokens


class Round(NamedTuple):
    """Commands that go out together, and whether to drop idle connections first: they lead to a server that
    is no longer the primary."""

    commands: Sequence[tuple[Any, ...]]
    reconnect: bool


Exchange: TypeAlias = Generator[Round, Sequence[object], "list[Reply | Exception]"]


def exchange(questions: Sequence[Question]) -> Exchange:
    """Ask all of them in one round. Those that ran into a server that lacks the script (after a restart,
    SCRIPT FLUSH or a failover) or into a replica have taken nothing, and are asked again: with the script,
    and over new connections.

    Returns a Reply for each question, or the error that the server answered with; raises the error where
    there is nothing else.
    """
    replies = yield Round([question.command("EVALSHA", SHA) for question in questions], False)
    answers = [_read(reply, question) for reply, question in zip(replies, questions, strict=True)]
    if all(isinstance(answer, Reply) for answer in answers):
        return answers
    verb, script = "EVALSHA", SHA
    for _ in range(2):  # a new primary may lack the script, too
        lacking = [i for i, answer in enumerate(answers) if isinstance(answer, exceptions.NoScriptError)]
        misled = [i for i, answer in enumerate(answers) if _is_read_only(answer)]
        again = lacking + misled
        if not again:
            break
        if lacking:
            verb, script = "EVAL", SCRIPT
        replies = yield Round([questions[i].command(verb, script) for i in again], bool(misled))
        for i, reply in zip(again, replies, strict=True):
            answers[i] = _read(reply, questions[i])
    errors = [answer for answer in answers if isinstance(answer, Exception)]
    if errors and len(errors) == len(answers):
        raise errors[0]
    return answers


def classify(error: Exception) -> Failure | None:
    """How the server failed; None for what is no error of the server or of the way there."""
    if isinstance(error, exceptions.TimeoutError):
        return Failure.TIMEOUT
    if isinstance(error, exceptions.ResponseError) and _is_of_the_key(str(error)):
        return Failure.QUESTION
    if isinstance(error, (exceptions.RedisError, OSError)):
        return Failure.REMOTE
    return None


def _read(reply: object, question: Question) -> Reply | Exception:
    if isinstance(reply, (bytes, str)):  # str where a client decodes replies
        numbers = reply.split()
        if len(numbers) == 3:
            try:
                allowed, debt, taken = map(int, numbers)
            except ValueError:
                allowed = -1
            least, most = (
                (question.cost, question.cost + question.extra) if allowed and question.take else (0, 0)
            )
            if allowed in (0, 1) and 0 <= debt <= MOST_EXACT and least <= taken <= most:
                return Reply(allowed == 1, debt, taken)
    if isinstance(reply, Exception):
        return reply
    wrong: Exception = exceptions.InvalidResponse(f"the script answered {reply!r}"[:200])
    return wrong


# The server's errors in scripts begin with their code (Redis 7) or have it after "-" in the text.


def _is_read_only(answer: Reply | Exception) -> bool:
    return isinstance(answer, exceptions.ReadOnlyError) or (
        isinstance(answer, exceptions.ResponseError) and "-READONLY" in str(answer)
    )


def _is_of_the_key(text: str) -> bool:
    return any(code in text for code in ("WRONGTYPE", GARBAGE))
