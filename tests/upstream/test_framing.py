"""What frames a body is the body's own, whatever a route's edits make of it."""

from __future__ import annotations

import pytest

from meshcore.upstream.framing import framed, framed_answer, framing_of, length_of
from meshcore.upstream.headers import Line

A: Line = (b"a", b"1")


def length(value: bytes) -> Line:
    return (b"Content-Length", value)


CHUNKED: Line = (b"transfer-encoding", b"chunked")


@pytest.mark.parametrize(
    ("edited", "sent"),
    [
        ([A, length(b"5")], [A, length(b"5")]),
        ([length(b"0"), A], [A, CHUNKED]),
        ([length(b"5,2"), A], [A, CHUNKED]),
        ([length(b"5"), A, length(b"2")], [length(b"5"), A]),
        ([A], [A, CHUNKED]),
        ([A, length(b"5"), (b"Transfer-Encoding", b"gzip")], [A, length(b"5")]),
        ([(b"Transfer-Encoding", b"gzip")], [CHUNKED]),
    ],
)
def test_a_body_has_its_own_length_or_goes_in_chunks(edited: list[Line], sent: list[Line]) -> None:
    assert framed(edited, *framing_of([A, length(b"5")])) == sent


def test_whoever_sends_may_see_to_the_chunks() -> None:
    assert framed([A, length(b"0")], b"5") == [A]


@pytest.mark.parametrize("came", [[], [length(b"0")]])
def test_what_has_no_body_is_given_none(came: list[Line]) -> None:
    assert framed([A, length(b"7"), CHUNKED], *framing_of(came)) == [A]


def test_a_body_in_chunks_gets_no_length() -> None:
    came = [(b"Transfer-Encoding", b"gzip, chunked")]
    assert framed([A, length(b"7")], *framing_of(came)) == [A, (b"transfer-encoding", b"gzip, chunked")]


def test_a_length_is_found_in_any_case() -> None:
    assert (length_of([A, length(b"5")]), length_of([A, (b"content-lengths", b"5")])) == (b"5", None)


def test_what_an_answer_says_of_its_connection_stays_as_it_came() -> None:
    came = [A, length(b"5"), (b"connection", b"close")]
    made = [(b"Upgrade", b"h2c"), CHUNKED, (b"keep-alive", b"9"), (b"connection", b"upgrade")]
    assert framed_answer([*came, *made], came) == came
    assert framed_answer([A, length(b"50")], came) == [A]
    assert framed_answer([A], came) == [A]
