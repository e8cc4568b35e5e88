"""The names of buckets in the server."""

from __future__ import annotations

import pytest
import redis_model  # noqa: F401 (skips where redis-py is missing)
from hypothesis import given
from hypothesis import strategies as st

from meshcore.global_limit.redis.keys import LONGEST, Names

NAMES = Names("meshcore", 100, 10, 10**9)


def test_a_name_can_be_read() -> None:
    assert NAMES.of("192.0.2.7") == b"meshcore:100-10-1s:{192.0.2.7}"
    assert Names("shop", 5, 1, 500_000_000).of(b"\xff") == b"shop:5-1-0.5s:{\xff}"
    assert Names("shop", 5, 1, 1).of("") == b"shop:5-1-0.000000001s:{}"


def test_a_str_and_its_utf_8_are_the_same_key() -> None:
    assert NAMES.of("Zoë") == NAMES.of("Zoë".encode())
    assert NAMES.of("\udcff") == NAMES.of(b"\xff")
    assert NAMES.of("\ud800") == NAMES.of(b"\xed\xa0\x80")


def test_long_keys_go_by_their_digest() -> None:
    assert len(NAMES.of("x" * LONGEST)) == len(NAMES.of("")) + LONGEST
    long = NAMES.of("x" * 10_000_000)
    assert len(long) < len(NAMES.of("x" * LONGEST))
    assert long != NAMES.of("x" * 9_999_999)


@given(st.lists(st.binary(max_size=2 * LONGEST) | st.text("{}#:", max_size=8), unique=True, max_size=8))
def test_different_keys_have_different_names(keys: list[str | bytes]) -> None:
    different = {key.encode() if isinstance(key, str) else key for key in keys}
    assert len({NAMES.of(key) for key in keys}) == len(different)


@pytest.mark.parametrize("key", [None, 7, bytearray(b"x"), ("a", "b")])
def test_other_types_are_no_keys(key: object) -> None:
    with pytest.raises(TypeError, match="expected str or bytes"):
        NAMES.of(key)  # type: ignore[arg-type]


def test_a_prefix_with_a_brace_is_refused() -> None:
    with pytest.raises(ValueError, match="braces"):
        Names("{shop", 1, 1, 1)
