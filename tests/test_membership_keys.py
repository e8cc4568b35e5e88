"""How many keys a change of membership moves."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshcore import Maglev, RingHash

pytestmark = pytest.mark.usefixtures("each_backend")

KEYS = [f"user-{i}" for i in range(1_000)]
hosts = st.lists(
    st.integers(1, 60_000).map(lambda port: f"10.0.0.1:{port}"), min_size=2, max_size=12, unique=True
)


@settings(max_examples=40, deadline=None)
@given(hosts=hosts, entries=st.integers(1, 200), data=st.data())
def test_a_ring_moves_the_keys_of_the_host_that_goes_and_no_other(
    hosts: list[str], entries: int, data: st.DataObject
) -> None:
    gone = data.draw(st.sampled_from(hosts))
    left = [host for host in hosts if host != gone]
    # As many entries for each host as before.
    before = RingHash(hosts, minimum_ring_size=entries * len(hosts)).pick_many(KEYS)
    after = RingHash(left, minimum_ring_size=entries * len(left)).pick_many(KEYS)
    moved = {before[i] for i in range(len(KEYS)) if after[i] != before[i]}
    assert moved <= {gone}


@settings(max_examples=20, deadline=None)
@given(hosts=hosts, data=st.data())
def test_maglev_moves_a_few_more(hosts: list[str], data: st.DataObject) -> None:
    gone = data.draw(st.sampled_from(hosts))
    before = Maglev(hosts).pick_many(KEYS)
    after = Maglev([host for host in hosts if host != gone]).pick_many(KEYS)
    others = sum(before[i] not in (after[i], gone) for i in range(len(KEYS)))
    assert others < 0.15 * len(KEYS)
