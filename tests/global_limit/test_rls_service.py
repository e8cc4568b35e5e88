"""meshcore.global_limit.rls.service: what is answered, by limits, hits, shadow mode and names."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rls_support import Clock, asked, descriptor, limits

from meshcore import SharedState, SharedStateError
from meshcore.global_limit.rls import buckets, stats
from meshcore.global_limit.rls.buckets import TooManyOverrides
from meshcore.global_limit.rls.documents import load_limits
from meshcore.global_limit.rls.messages import (
    Code,
    Descriptor,
    DescriptorStatus,
    Limit,
    LimitOverride,
    RateLimitRequest,
    Unit,
)
from meshcore.global_limit.rls.service import BadRequest, RateLimitService

OK, OVER = Code.OK, Code.OVER_LIMIT
DOCUMENT = """\
domain: shop
descriptors:
  - key: user
    rate_limit: {unit: minute, requests_per_unit: 6, name: users}
  - key: user
    value: banned
    rate_limit: {unit: second, requests_per_unit: 0}
  - key: user
    value: free
    rate_limit: {unlimited: true}
  - key: tried
    shadow_mode: true
    rate_limit: {unit: minute, requests_per_unit: 1}
  - key: path
    rate_limit: {unit: minute, requests_per_unit: 2, replaces: [{name: users}]}
  - key: quota
    quota_mode: true
    rate_limit: {unit: minute, requests_per_unit: 1}
  - key: detail
    detailed_metric: true
    rate_limit: {unit: minute, requests_per_unit: 10}
"""


def service(folder: Path, clock: Clock | None = None, **options: Any) -> RateLimitService:
    return RateLimitService(limits(folder, DOCUMENT), clock=clock or Clock(), **options)


def codes(made: RateLimitService, request: RateLimitRequest, times: int) -> list[int]:
    return [made.answer(request).overall_code for _ in range(times)]


def test_a_bucket_full_at_once_then_evenly(tmp_path: Path) -> None:
    clock = Clock()
    made, request = service(tmp_path, clock), asked(descriptor(user="eve"))
    assert codes(made, request, 7) == [OK] * 6 + [OVER]
    clock.now += 9.999
    assert made.answer(request).overall_code is OVER
    clock.now += 0.001
    assert codes(made, request, 2) == [OK, OVER]
    assert made.answer(asked(descriptor(user="kim"))).overall_code is OK


def test_what_a_status_says(tmp_path: Path) -> None:
    clock = Clock()
    made, request = service(tmp_path, clock), asked(descriptor(user="eve"), hits=4)
    limit = Limit(6, Unit.MINUTE, "users")
    assert made.answer(request).statuses == (DescriptorStatus(OK, limit, 2, 40.0),)
    clock.now += 0.5
    assert made.answer(asked(descriptor(user="eve"))).statuses == (DescriptorStatus(OK, limit, 1, 50.0),)


def test_those_without_a_limit(tmp_path: Path) -> None:
    made = service(tmp_path)
    answer = made.answer(asked(descriptor(other="x"), descriptor(user="free")))
    assert answer.statuses == (DescriptorStatus(OK), DescriptorStatus(OK, limit_remaining=2**32 - 1))
    assert answer.overall_code is OK
    assert made.answer(asked(descriptor(user="eve"), domain="unknown")).statuses == (DescriptorStatus(OK),)


def test_none_of_them(tmp_path: Path) -> None:
    made = service(tmp_path, response_headers=["ratelimit", "retry-after"])
    answer = made.answer(asked(descriptor(user="banned")))
    assert answer.statuses == (DescriptorStatus(OVER, Limit(0, Unit.SECOND), 0, 0.0),)
    assert [name for name, _ in answer.response_headers_to_add] == ["ratelimit-policy", "ratelimit"]
    check = made.answer(asked(replace(descriptor(user="banned"), hits_addend=0)))
    assert check.overall_code is OK


def test_every_descriptor_counts_and_one_is_enough_to_refuse(tmp_path: Path) -> None:
    made = service(tmp_path)
    both = asked(descriptor(detail="x"), descriptor(path="/"))
    assert codes(made, both, 3) == [OK, OK, OVER]
    answer = made.answer(asked(descriptor(detail="x")))
    assert answer.statuses[0].limit_remaining == 6  # also of the request that another one refused


def test_hits_that_do_not_fit_are_owed_up_to_a_bucket(tmp_path: Path) -> None:
    clock = Clock()
    made = service(tmp_path, clock)
    eve = descriptor(user="eve")
    look = asked(replace(eve, hits_addend=0))
    assert made.answer(asked(eve, hits=4)).overall_code is OK
    assert made.answer(asked(eve, hits=100)).statuses == (
        DescriptorStatus(OVER, Limit(6, Unit.MINUTE, "users"), 0, 100.0),
    )
    assert made.answer(asked(eve, hits=100)).statuses[0].duration_until_reset == 100.0  # nothing was left
    assert made.answer(look).overall_code is OVER
    clock.now += 40
    assert made.answer(look).overall_code is OK
    assert made.answer(asked(eve)).overall_code is OVER
    clock.now += 10
    assert made.answer(asked(eve)).overall_code is OK


def test_hits_of_a_descriptor_and_of_the_request(tmp_path: Path) -> None:
    made = service(tmp_path)
    one, three = descriptor(user="a"), replace(descriptor(detail="b"), hits_addend=3)
    answer = made.answer(asked(one, three, hits=2))
    assert [status.limit_remaining for status in answer.statuses] == [4, 7]
    back = replace(three, is_negative_hits=True, hits_addend=2)
    assert made.answer(asked(back)).statuses[0].limit_remaining == 9
    assert made.answer(asked(replace(back, hits_addend=2**64 - 1))).statuses[0].limit_remaining == 10
    assert made.stats.counters()["ratelimit.service.rate_limit.shop.detail_b.refunded_hits"] == 2**64 + 1


def test_shadow_mode_of_a_limit(tmp_path: Path) -> None:
    made, request = service(tmp_path), asked(descriptor(tried="x"))
    assert codes(made, request, 3) == [OK] * 3
    assert made.answer(request).statuses[0].limit_remaining == 0
    found = {kind: n for _, name, kind, n in made.stats.limits() if name == "tried"}
    assert found == {"total_hits": 4, "within_limit": 1, "over_limit": 3, "shadow_mode": 3, "near_limit": 1}


def test_shadow_mode_of_all(tmp_path: Path) -> None:
    made = service(tmp_path, shadow_mode=True)
    answer = made.answer(asked(descriptor(user="banned")))
    assert (answer.overall_code, answer.statuses[0].code) == (OK, OVER)
    assert made.stats.service()["ratelimit.service.global_shadow_mode"] == 1


def test_a_limit_that_replaces_another(tmp_path: Path) -> None:
    made = service(tmp_path)
    both = asked(descriptor(user="eve"), descriptor(path="/"))
    assert codes(made, both, 3) == [OK, OK, OVER]
    assert made.answer(asked(descriptor(user="eve"))).statuses[0].limit_remaining == 5


def test_quotas_refuse_only_all_together(tmp_path: Path) -> None:
    made = service(tmp_path)
    assert codes(made, asked(descriptor(quota="a")), 2) == [OK, OVER]
    two = asked(descriptor(quota="a"), descriptor(quota="b"))
    assert codes(made, two, 2) == [OK, OVER]


def override(number: int, unit: Unit = Unit.MINUTE, **entries: str) -> Descriptor:
    return replace(descriptor(**entries), limit=LimitOverride(number, unit))


def test_limits_that_come_with_the_request(tmp_path: Path) -> None:
    made = service(tmp_path)
    request = asked(override(1, user="banned"))
    assert codes(made, request, 2) == [OK, OVER]
    assert made.answer(request).statuses[0].current_limit == Limit(1, Unit.MINUTE)
    assert codes(made, asked(override(0, user="eve")), 1) == [OVER]
    assert codes(made, replace(request, domain="unknown"), 3) == [OK] * 3


def test_so_many_of_these_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "MAX_OVERRIDES", 2)
    clock = Clock()
    made = service(tmp_path, clock)
    first, second, third = (asked(override(n, user="eve")) for n in (1, 2, 3))
    assert [made.answer(it).overall_code for it in (first, second, first)] == [OK, OK, OVER]
    with pytest.raises(TooManyOverrides, match="more than 2 different limits came with requests"):
        made.answer(third)
    clock.now += 121  # a bucket is full again after twice its unit, whatever it owed
    assert codes(made, third, 1) == [OK]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (asked(descriptor(user="eve"), domain=""), "the domain is empty"),
        (asked(), "there is no descriptor"),
        (asked(override(1, Unit.UNKNOWN, user="eve")), "the unit of a descriptor's limit is not known"),
    ],
)
def test_what_nobody_can_answer(tmp_path: Path, request_: RateLimitRequest, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        service(tmp_path).answer(request_)


def test_headers_tell_of_the_closest_limit(tmp_path: Path) -> None:
    clock = Clock()
    made = service(tmp_path, clock, response_headers=["ratelimit", "retry-after"])
    both = asked(descriptor(user="eve"), descriptor(detail="x"))
    assert made.answer(both).response_headers_to_add == (
        ("ratelimit-policy", '"users";q=6;w=60'),
        ("ratelimit", '"users";r=5;t=10'),
    )
    made.answer(asked(descriptor(user="eve"), hits=5))
    clock.now += 0.5
    assert made.answer(both).response_headers_to_add[1:] == (
        ("ratelimit", '"users";r=0;t=10'),
        ("retry-after", "10"),
    )
    never = made.answer(asked(descriptor(user="banned"))).response_headers_to_add
    assert never == (("ratelimit-policy", '"default";q=0;w=1'), ("ratelimit", '"default";r=0'))
    with pytest.raises(ValueError, match="'x-ratelimit'; expected some of"):
        service(tmp_path, response_headers=["x-ratelimit"])


def test_a_swap_keeps_what_stays(tmp_path: Path) -> None:
    made = service(tmp_path)
    eve, path = asked(descriptor(user="eve")), asked(descriptor(path="/"))
    made.answer(eve)
    made.answer(path)
    changed = DOCUMENT.replace("requests_per_unit: 2", "requests_per_unit: 5").replace(
        "name: users", "name: new"
    )
    made.swap(limits(tmp_path, changed))
    assert made.answer(eve).statuses == (DescriptorStatus(OK, Limit(6, Unit.MINUTE, "new"), 4, 20.0),)
    assert made.answer(path).statuses[0].limit_remaining == 4  # another limit begins anew


def test_services_that_share_their_state(tmp_path: Path) -> None:
    clock = Clock()
    one, other = (service(tmp_path, clock, shared_state=tmp_path / "state") for _ in range(2))
    request, overridden = asked(descriptor(user="eve")), asked(override(2, user="eve"))
    assert [codes(it, request, 2) for it in (one, other, one, other)] == [[OK, OK]] * 3 + [[OVER, OVER]]
    assert [codes(it, overridden, 1) for it in (one, other, one)] == [[OK], [OK], [OVER]]
    one.swap(limits(tmp_path, DOCUMENT))
    assert codes(one, request, 1) == [OVER]
    assert one.shared_state is not None
    assert service(tmp_path, clock).shared_state is None


def test_a_shared_state_without_room(tmp_path: Path) -> None:
    state = SharedState(tmp_path / "state", size=1 << 20)
    with pytest.raises(SharedStateError):
        service(tmp_path, shared_state=state)
    made = service(tmp_path, shared_state=state, capacity=500)
    with pytest.raises(SharedStateError):
        made.swap(limits(tmp_path, MANY))
    assert codes(made, asked(descriptor(user="eve")), 7) == [OK] * 6 + [OVER]
    with pytest.raises(TooManyOverrides, match="shared state"):
        made.answer(asked(*(override(number, user="eve") for number in range(1, 100))))


MANY = "domain: shop\ndescriptors:\n" + "".join(
    f"- {{key: k{number}, rate_limit: {{unit: day, requests_per_unit: 1}}}}\n" for number in range(100)
)


def test_names_of_values_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stats, "MAX_NAMES", 3)
    made = service(tmp_path)
    for value in range(5):
        made.answer(asked(descriptor(detail=str(value))))
    names = {name for _, name, _, _ in made.stats.limits()}
    assert names == {"detail_0", "detail_1", "detail_2", "detail"}


def test_near_the_limit(tmp_path: Path) -> None:
    made = service(tmp_path)
    for hits in (7, 2, 1, 1):
        made.answer(asked(descriptor(detail="x"), hits=hits))
    found = {kind: n for _, name, kind, n in made.stats.limits() if name == "detail_x"}
    assert found == {"total_hits": 11, "within_limit": 10, "over_limit": 1, "near_limit": 2}


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(0, 400)), max_size=30))
def test_no_more_than_the_bucket_and_what_came(calls: list[tuple[int, int]]) -> None:
    """In any stretch of time, what was allowed is within burst + rate x time."""
    clock = Clock()
    config = load_limits({"domain": "d", "descriptors": [{"key": "k", "rate_limit": LIMIT}]})
    made = RateLimitService(config, clock=clock)
    allowed: list[tuple[float, int]] = []
    for hits, tenths in calls:
        clock.now += tenths / 10
        if made.answer(asked(descriptor(k="v"), domain="d", hits=hits)).overall_code is OK:
            allowed.append((clock.now, hits))
    for start in range(len(allowed)):
        total = 0
        for when, hits in allowed[start:]:
            total += hits
            assert total <= 10 + (when - allowed[start][0]) * 10 / 60 + 1e-6


LIMIT = {"unit": "minute", "requests_per_unit": 10}


def test_many_threads(tmp_path: Path) -> None:
    made, request = service(tmp_path), asked(descriptor(detail="x"))
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.extend(codes(made, request, 50))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found.count(OK) == 10
    counts = made.stats.counters()
    assert counts["ratelimit.service.rate_limit.shop.detail_x.total_hits"] == 200
    assert counts["ratelimit.service.call.should_rate_limit.over_limit"] == 190


def test_memory_is_as_large_as_was_said(tmp_path: Path) -> None:
    made = service(tmp_path, capacity=15)
    for number in range(1000):
        made.answer(asked(descriptor(user=str(number))))
    assert made.forgotten > 0
