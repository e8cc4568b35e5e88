"""What is asked again, and what the server's errors mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from redis_model import exceptions

from meshcore.global_limit.guard import Failure
from meshcore.global_limit.redis.exchange import Question, Reply, classify, exchange
from meshcore.global_limit.redis.script import SCRIPT, SHA
from meshcore.global_limit.redis.units import units_of

UNITS = units_of(5, 1, 10**9)
GONE = exceptions.NoScriptError("No matching script.")
REPLICA = exceptions.ReadOnlyError("You can't write against a read only replica.")
OLD_REPLICA = exceptions.ResponseError("Error running script: @user_script: 26: -READONLY You can't write")


def question(name: bytes) -> Question:
    return Question(name, UNITS, 2, UNITS.burst, 0.0, extra=3)


def conversation(names: list[bytes], *rounds: Sequence[object]) -> tuple[list[tuple[Any, ...]], list[Any]]:
    """Verb, names and reconnect of each round, and what comes of it all."""
    plan = exchange([question(name) for name in names])
    said = []
    step = next(plan)
    for number, replies in enumerate(rounds):
        assert all(command[2] == 1 for command in step.commands)
        said.append((step.commands[0][:2], [command[3] for command in step.commands], step.reconnect))
        try:
            step = plan.send(replies)
        except StopIteration as end:
            assert number == len(rounds) - 1
            return said, end.value
    raise AssertionError("there is more to ask")


def test_a_question_is_one_command() -> None:
    [command] = next(exchange([question(b"k")])).commands
    assert command == ("EVALSHA", SHA, 1, b"k", "1000000 1 2 3 5000000 1")


def test_answers_in_one_round() -> None:
    said, answers = conversation([b"a", b"b"], [b"1 0 2", b"0 4500000 0"])
    assert said == [(("EVALSHA", SHA), [b"a", b"b"], False)]
    assert answers == [Reply(True, 0, 2), Reply(False, 4_500_000, 0)]


@pytest.mark.parametrize(
    "reply",
    [
        b"1 -1 2",
        b"1 %d 2" % (2**53 + 1),
        b"1 0 6",
        b"1 0 1",
        b"0 0 2",
        b"2 0 2",
        b"-1 0 0",
        b"1 0",
        b"1 0 2 0",
    ],
)
def test_what_the_script_never_says_is_no_answer(reply: bytes) -> None:
    _, answers = conversation([b"a", b"b"], [reply, b"0 9 0"])
    assert isinstance(answers[0], exceptions.InvalidResponse)
    assert answers[1] == Reply(False, 9, 0)


def test_a_client_may_decode_replies() -> None:
    _, answers = conversation([b"a"], ["1 0 2"])
    assert answers == [Reply(True, 0, 2)]


def test_a_server_without_the_script_is_sent_it() -> None:
    said, answers = conversation([b"a", b"b", b"c"], [GONE, b"1 0 2", GONE], [b"1 0 2", b"0 9 0"])
    assert said[1] == (("EVAL", SCRIPT), [b"a", b"c"], False)
    assert answers == [Reply(True, 0, 2), Reply(True, 0, 2), Reply(False, 9, 0)]


@pytest.mark.parametrize("error", [REPLICA, OLD_REPLICA])
def test_a_replica_is_asked_over_new_connections_once(error: Exception) -> None:
    said, answers = conversation([b"a"], [error], [b"1 0 2"])
    assert said == [(("EVALSHA", SHA), [b"a"], False), (("EVALSHA", SHA), [b"a"], True)]
    assert answers == [Reply(True, 0, 2)]


def test_a_new_primary_may_lack_the_script() -> None:
    said, answers = conversation([b"a"], [REPLICA], [GONE], [b"1 0 2"])
    assert said[2] == (("EVAL", SCRIPT), [b"a"], False)
    assert answers == [Reply(True, 0, 2)]


def test_there_is_an_end_to_asking_again() -> None:
    with pytest.raises(exceptions.ReadOnlyError):
        conversation([b"a"], [REPLICA], [REPLICA], [REPLICA])


def test_an_error_of_one_key_is_its_own() -> None:
    wrong = exceptions.ResponseError("WRONGTYPE Operation against a key")
    _, answers = conversation([b"a", b"b"], [wrong, b"1 0 2"])
    assert answers == [wrong, Reply(True, 0, 2)]


@pytest.mark.parametrize("reply", [None, b"OK", [1, 0, 2], b"1 2 x", b"1 0 2.0", b"", 7])
def test_a_reply_that_is_none_is_an_error(reply: object) -> None:
    with pytest.raises(exceptions.InvalidResponse):
        conversation([b"a"], [reply])


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (exceptions.TimeoutError("Timeout reading"), Failure.TIMEOUT),
        (exceptions.ConnectionError("refused"), Failure.REMOTE),
        (exceptions.BusyLoadingError("LOADING"), Failure.REMOTE),
        (exceptions.AuthenticationError("WRONGPASS"), Failure.REMOTE),
        (exceptions.OutOfMemoryError("OOM command not allowed"), Failure.REMOTE),
        (exceptions.ResponseError("BUSY Redis is busy running a script"), Failure.REMOTE),
        (exceptions.ClusterDownError("CLUSTERDOWN"), Failure.REMOTE),
        (exceptions.InvalidResponse("Protocol Error"), Failure.REMOTE),
        (OSError("no route"), Failure.REMOTE),
        (exceptions.ResponseError("WRONGTYPE Operation against a key"), Failure.QUESTION),
        (exceptions.ResponseError("MESHCOREKEY the key of a rate limit"), Failure.QUESTION),
        (TypeError("a mistake"), None),
        (RuntimeError("Event loop is closed"), None),
    ],
)
def test_what_errors_mean(error: Exception, failure: Failure | None) -> None:
    assert classify(error) is failure
