"""What holds state of the core is not copied by copy and pickle, and says so in words."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator

import pytest
from mesh_support import REVIEWS, config_of, mesh_of, rules, service

from meshcore import Engine, RouteTable

TABLE = {"virtual_hosts": [{"name": "v", "domains": ["*"], "routes": []}]}


@pytest.fixture(scope="module")
def made() -> Iterator[dict[str, object]]:
    """An object of each kind, by the name of its type."""
    documents = (service("reviews", 1), rules("reviews", "HERE, mirror: {host: reviews}"))
    engine, mesh = Engine(config_of(*documents)), mesh_of(*documents)
    with (
        engine.decide("GET", "reviews:9080", "/") as decision,
        engine.pick(REVIEWS) as pick,
        engine.connection(REVIEWS, "127.0.0.1:1") as lease,
    ):
        objects = (
            engine,
            mesh,
            decision,
            decision.attempts[0],
            decision.mirrors[0],
            pick,
            lease,
            RouteTable(TABLE),
        )
        yield {type(one).__name__: one for one in objects}
    mesh.close()


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, pickle.dumps])
@pytest.mark.parametrize(
    "kind", ["Engine", "Mesh", "Decision", "Attempt", "Mirror", "Pick", "Lease", "RouteTable"]
)
def test_it_is_refused(made: dict[str, object], kind: str, how: Callable[[object], object]) -> None:
    with pytest.raises(TypeError, match=f"^an? {kind} cannot be pickled or copied"):
        how(made[kind])
