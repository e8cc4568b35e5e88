"""The script in a real server, on a clock that the test sets, beside the model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis_model import ModelServer, exceptions
from redis_server import RedisServer

from meshcore.global_limit.redis.exchange import Question, Reply
from meshcore.global_limit.redis.script import GARBAGE, SCRIPT
from meshcore.global_limit.redis.units import units_of

pytestmark = pytest.mark.redis

#: The script, told the time, and with keys that do not expire while a slow machine runs the test.
TIMED = SCRIPT.replace("redis.call('TIME')", "{ARGV[2], ARGV[3]}").replace("+ 1000)", "+ 1e9)")
SECOND = 10**9
BUCKETS = [(3, 3, SECOND), (100, 10, SECOND), (5, 7, 60 * SECOND), (10, 1, 1), (2**40, 2**30 - 1, SECOND)]


@pytest.fixture(scope="module")
def client(server: RedisServer) -> Iterator[Any]:
    import redis

    with redis.Redis(port=server.port) as one:
        yield one


def ask(client: Any, question: Question, now: int) -> Reply:
    values = question.command("EVAL", TIMED)
    allowed, debt, taken = map(int, client.execute_command(*values, now // 10**6, now % 10**6).split())
    return Reply(allowed == 1, debt, taken)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    bucket=st.sampled_from(BUCKETS),
    begin=st.integers(10**15, 6 * 10**15),
    steps=st.lists(
        st.tuples(
            st.sampled_from(["take", "take", "peek", "refund", "reserve"]),
            st.integers(0, 8),
            st.integers(0, 8),
            st.sampled_from([0, 1, 7, 999, 10**5, 333_333, 10**6, 10**9, -1000]),
        ),
        min_size=1,
        max_size=25,
    ),
)
def test_it_is_the_model(client: Any, bucket: tuple[int, int, int], begin: int, steps: Any) -> None:
    client.flushall()
    units, model, now = units_of(*bucket), ModelServer(), begin
    for kind, cost, extra, pause in steps:
        now += pause
        most = units.most(10**9) if kind == "reserve" else units.burst
        question = Question(b"k", units, -cost if kind == "refund" else cost, most, 0.0)
        if kind == "take":
            question = question._replace(extra=extra)
        question = question._replace(take=kind != "peek")
        assert ask(client, question, now) == model.reply(question, now), (kind, cost, now)


@pytest.mark.parametrize(
    ("bucket", "micros"), [((1, 1, SECOND), 10**6), ((1, 3, SECOND), 333_334), ((1, 7, SECOND), 142_858)]
)
def test_a_token_is_there_to_the_microsecond(client: Any, bucket: Any, micros: int) -> None:
    client.flushall()
    units, now = units_of(*bucket), 10**15
    question = Question(b"k", units, 1, units.burst, 0.0)
    assert ask(client, question, now).allowed
    refused = ask(client, question, now + micros - 1)
    assert not refused.allowed
    assert units.wait(refused.debt, 1) == 1e-6
    assert ask(client, question, now + micros).allowed


def test_a_token_is_not_there_a_part_of_a_microsecond_too_early(client: Any) -> None:
    client.flushall()
    units = units_of(3, 3, SECOND)
    question = Question(b"k", units, 1, units.burst - 1, 0.0)
    assert [ask(client, question, 10**15).allowed for _ in range(3)] == [True, True, False]


def test_a_state_can_be_read_and_goes_when_the_bucket_is_full(client: Any) -> None:
    client.flushall()
    units = units_of(3, 3, SECOND)
    client.execute_command(*Question(b"k", units, 2, units.burst, 0.0).command("EVAL", SCRIPT))
    whole, _, part = client.get("k").partition(b":")
    seconds, micros = client.time()
    assert 0 < int(whole) - (seconds * 10**6 + micros) <= 666_666
    assert int(part) == 2
    assert 600 < client.pttl("k") <= 1668
    client.execute_command(*Question(b"k", units, -2, 0, 0.0).command("EVAL", SCRIPT))
    assert client.exists("k") == 0


def test_who_is_refused_writes_nothing(client: Any) -> None:
    client.flushall()
    units = units_of(1, 1, 3600 * SECOND)
    question = Question(b"k", units, 1, units.burst, 0.0)
    assert client.execute_command(*question.command("EVAL", SCRIPT)).startswith(b"1 ")
    offset = client.info("replication")["master_repl_offset"]
    dirty = client.info("persistence")["rdb_changes_since_last_save"]
    assert client.execute_command(*question.command("EVAL", SCRIPT)).startswith(b"0 ")
    assert client.execute_command(*question._replace(take=False).command("EVAL", SCRIPT)).startswith(b"0 ")
    assert client.info("persistence")["rdb_changes_since_last_save"] == dirty
    assert client.info("replication")["master_repl_offset"] == offset


@pytest.mark.parametrize(
    "state", ["", "7", "1:", ":1", "-1:0", "1e99:0", "9" * 400 + ":0", "99999999999999999999:0"]
)
def test_a_string_that_is_no_state_is_an_error_and_stays(client: Any, state: str) -> None:
    client.set("k", state)
    units = units_of(3, 3, SECOND)
    with pytest.raises(exceptions.ResponseError, match=GARBAGE):
        client.execute_command(*Question(b"k", units, 1, units.burst, 0.0).command("EVAL", SCRIPT))
    assert client.get("k") == state.encode()
