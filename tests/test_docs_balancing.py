"""The Python of docs/balancing.md runs as it stands."""

from __future__ import annotations

from typing import Any

from docs_support import DOCS, python

import meshcore

PAGE = DOCS / "balancing.md"
DOCUMENT = PAGE.read_text()
(BLOCK,) = (block for block in python(PAGE) if "bounded" in block)


def test_balancers_alone() -> None:
    names: dict[str, Any] = {}
    exec(BLOCK, names)
    assert f'ring.pick("user-7")                       # "{names["ring"].pick("user-7")}"' in BLOCK
    names["bounded"].done(names["host"])  # it counted


def test_parameters_have_the_names_that_are_said() -> None:
    hosts = ["10.0.0.1:80", "10.0.0.2:80"]
    meshcore.RingHash(hosts, minimum_ring_size=8, maximum_ring_size=16, hash_function="murmur_hash_2")
    meshcore.Maglev(hosts, table_size=1009, hash_balance_factor=125)
    meshcore.LeastRequest(hosts, choice_count=3, active_request_bias=0.5, full_scan=True, seed=1)
    meshcore.PeakEwma(hosts, decay_time=1.0, default_rtt=0.1, penalty_value=5.0, seed=1)
