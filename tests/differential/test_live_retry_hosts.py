"""The hosts of a cluster change between the attempts of a request: a running Envoy and our proxy make the
next one at the same host, or both find none."""

from __future__ import annotations

from typing import Any

import pytest
from live_changing import Hosts, Side, Upstreams, ask, envoy_side, our_side
from live_config import TYPES

pytestmark = pytest.mark.envoy

OTHERS = {
    "retry_host_predicate": [
        {
            "name": "envoy.retry_host_predicates.previous_hosts",
            "typed_config": {"@type": f"{TYPES}.retry.host.previous_hosts.v3.PreviousHostsPredicate"},
        }
    ],
    "host_selection_retry_max_attempts": 50,
}

#: The hosts at first, the changes before each further attempt, and the hosts that are asked.
CASES: dict[str, tuple[Hosts, list[list[Hosts]], list[int]]] = {
    "other hosts": ([0], [[[1]], [[2]], [[0]]], [0, 1, 2, 0]),
    "the cluster goes": ([0], [[None]], [0]),
    "the cluster goes later": ([0], [[[1]], [None]], [0, 1]),
    "it goes and comes": ([0], [[None, [1]], [[2], None, [0]]], [0, 1, 0]),
    "no host is left": ([0], [[[]]], [0]),
    "no host is left, then one is": ([0], [[[], [1]]], [0, 1]),
}
#: Where hosts that were tried are passed over. Envoy knows a host again as long as it stays in the cluster.
OTHER_CASES: dict[str, tuple[Hosts, list[list[Hosts]], list[int]]] = {
    "one more": ([0], [[[0, 1]], [[1, 0, 2]]], [0, 1, 2]),
    "none but what was tried": ([0], [[[0]], [[0]]], [0, 0, 0]),
}


def asked(upstreams: Upstreams, side: Side, first: Hosts, changes: list[list[Hosts]]) -> dict[str, Any]:
    def step(all_of_them: list[Hosts]) -> None:
        for hosts in all_of_them:
            side.change(hosts)

    side.change(first)
    upstreams.asked.clear()
    upstreams.changes[:] = [lambda change=change: step(change) for change in changes]
    answer = ask(side.port, "/")
    return {
        "hosts": list(upstreams.asked),
        "status": answer.status,
        "body": answer.body,
        "attempts": answer.values("x-envoy-attempt-count"),
    }


@pytest.mark.parametrize("others", [False, True])
def test_attempts_go_to_the_hosts_in_force(binary: str, others: bool) -> None:
    policy = OTHERS if others else {}
    with (
        Upstreams(3) as upstreams,
        envoy_side(binary, upstreams, policy) as theirs,
        our_side(upstreams, policy) as ours,
    ):
        for name, (first, changes, hosts) in (OTHER_CASES if others else CASES).items():
            expected, found = (asked(upstreams, side, first, changes) for side in (theirs, ours))
            assert found == expected, f"(ours, Envoy's) when {name}"
            assert expected["hosts"] == hosts
