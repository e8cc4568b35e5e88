"""The messages of the rate limit service beside Google's library: the same bytes, the same of any bytes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rls_protobuf import PbRequest, PbResponse

from meshcore._protobuf import WireError
from meshcore.global_limit.rls.codec import REQUEST, RESPONSE
from meshcore.global_limit.rls.messages import (
    Code,
    Descriptor,
    DescriptorStatus,
    Limit,
    LimitOverride,
    RateLimitRequest,
    RateLimitResponse,
    Unit,
)

decode_error = pytest.importorskip("google.protobuf.message", reason="needs protobuf").DecodeError

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
uint32, uint64 = st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)
pairs = st.lists(st.tuples(text, text), max_size=3).map(tuple)
descriptors = st.builds(
    Descriptor,
    pairs,
    st.none() | st.builds(LimitOverride, uint32, st.sampled_from(Unit)),
    st.none() | uint64,
    st.booleans(),
)
requests = st.builds(RateLimitRequest, text, st.lists(descriptors, max_size=3).map(tuple), uint32)
statuses = st.builds(
    DescriptorStatus,
    st.sampled_from(Code),
    st.none() | st.builds(Limit, uint32, st.sampled_from(Unit), text),
    uint32,
    st.none() | st.integers(0, 10**9).map(lambda ms: ms / 1000),
)
responses = st.builds(
    RateLimitResponse,
    st.sampled_from(Code),
    st.lists(statuses, max_size=3).map(tuple),
    pairs,
    pairs,
    st.binary(max_size=8),
)


def google_request(message: Any) -> RateLimitRequest:
    """What Google's message says, in our words."""
    return RateLimitRequest(
        message.domain,
        tuple(
            Descriptor(
                tuple((entry.key, entry.value) for entry in it.entries),
                LimitOverride(it.limit.requests_per_unit, unit(it.limit.unit))
                if it.HasField("limit")
                else None,
                it.hits_addend.value if it.HasField("hits_addend") else None,
                it.is_negative_hits,
            )
            for it in message.descriptors
        ),
        message.hits_addend,
    )


def google_response(message: Any) -> RateLimitResponse:
    def headers(lines: Any) -> tuple[tuple[str, str], ...]:
        return tuple(
            (line.key, line.value or line.raw_value.decode("utf-8", "surrogateescape")) for line in lines
        )

    return RateLimitResponse(
        code(message.overall_code),
        tuple(
            DescriptorStatus(
                code(it.code),
                Limit(it.current_limit.requests_per_unit, unit(it.current_limit.unit), it.current_limit.name)
                if it.HasField("current_limit")
                else None,
                it.limit_remaining,
                (it.duration_until_reset.seconds * 10**9 + it.duration_until_reset.nanos) / 10**9
                if it.HasField("duration_until_reset")
                else None,
            )
            for it in message.statuses
        ),
        headers(message.response_headers_to_add),
        headers(message.request_headers_to_add),
        message.raw_body,
    )


def unit(number: int) -> Unit:
    return Unit(number) if number in set(Unit) else Unit.UNKNOWN


def code(number: int) -> Code:
    return Code(number) if number in set(Code) else Code.UNKNOWN


@given(requests)
def test_requests_go_to_and_fro(request: RateLimitRequest) -> None:
    data = REQUEST.encode(request)
    assert REQUEST.decode(data) == request
    assert google_request(PbRequest.FromString(data)) == request
    assert PbRequest.FromString(data).SerializeToString(deterministic=True) == data


@given(responses)
def test_responses_go_to_and_fro(response: RateLimitResponse) -> None:
    data = RESPONSE.encode(response)
    assert RESPONSE.decode(data) == response
    assert google_response(PbResponse.FromString(data)) == response
    assert PbResponse.FromString(data).SerializeToString(deterministic=True) == data


def damaged(message: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Messages with other bytes in the middle, or cut off."""
    return st.builds(
        lambda data, at, put, gone: data[: at % (len(data) + 1)] + put + data[at % (len(data) + 1) + gone :],
        message,
        st.integers(0, 1000),
        st.binary(max_size=12),
        st.integers(0, 1000) | st.just(0),
    )


def agree(ours: Any, google: Any, words: Any, data: bytes) -> None:
    """Both take the bytes for the same message, or for none."""
    try:
        expected = words(google.FromString(data))
    except decode_error:
        with pytest.raises(WireError):
            ours.decode(data)
    else:
        assert ours.decode(data) == expected


@given(st.binary(max_size=60) | damaged(requests.map(REQUEST.encode)))
def test_any_bytes_as_a_request(data: bytes) -> None:
    agree(REQUEST, PbRequest, google_request, data)


@given(st.binary(max_size=60) | damaged(responses.map(RESPONSE.encode)))
def test_any_bytes_as_a_response(data: bytes) -> None:
    agree(RESPONSE, PbResponse, google_response, data)


def test_what_comes_twice() -> None:
    first, second = RateLimitRequest("a", (), 1), RateLimitRequest("", (), 7)
    assert REQUEST.decode(REQUEST.encode(first) + REQUEST.encode(second)) == RateLimitRequest("a", (), 7)
    limit = DescriptorStatus(Code.OK, Limit(3, Unit.DAY))
    twice = RESPONSE.encode(RateLimitResponse(Code.OK, (limit,)))
    agree(RESPONSE, PbResponse, google_response, twice + twice)


@pytest.mark.parametrize("hits", [-1, 2**32])
def test_numbers_out_of_range(hits: int) -> None:
    with pytest.raises(WireError, match=f"hits_addend is {hits}; expected 0 to 4294967295"):
        REQUEST.encode(RateLimitRequest("a", (), hits))


def test_what_is_no_utf8_is_sent_as_a_question_mark() -> None:
    request = RateLimitRequest("a", (Descriptor((("key", "\udcff"),)),))
    assert REQUEST.decode(REQUEST.encode(request)).descriptors[0].entries == (("key", "?"),)


def test_a_long_message_is_read_in_one_pass() -> None:
    response = RateLimitResponse(Code.OK, response_headers_to_add=(("k", "v"),) * 20_000)
    assert RESPONSE.decode(RESPONSE.encode(response)) == response
