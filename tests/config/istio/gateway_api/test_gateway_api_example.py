"""The bookshop of the examples, routed by the Gateway API."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshcore import Engine, load
from meshcore.config import Node

EXAMPLE = Path(__file__).parents[4] / "examples" / "gateway-api"


@pytest.fixture(scope="module")
def engines() -> dict[str, Engine]:
    given = {"endpoints": EXAMPLE / "endpoints.yaml"}
    nodes = {"gateway": Node(gateway="default/bookinfo-gateway"), "mesh": Node()}
    configs = {name: load(EXAMPLE / "bookinfo.yaml", node=node, **given) for name, node in nodes.items()}
    assert not configs["mesh"].warnings
    return {name: Engine(config) for name, config in configs.items()}


@pytest.mark.parametrize(
    ("path", "cluster", "rewritten"),
    [
        ("/productpage", "outbound|9080||productpage.default.svc.cluster.local", "/productpage"),
        ("/catalog/7?page=2", "outbound|9080||details.default.svc.cluster.local", "/details/7?page=2"),
    ],
)
def test_the_way_in(engines: dict[str, Engine], path: str, cluster: str, rewritten: str) -> None:
    with engines["gateway"].decide("GET", "books.example", path, [], port=80) as decision:
        assert (decision.cluster, decision.path) == (cluster, rewritten)


def test_what_is_not_let_in(engines: dict[str, Engine]) -> None:
    with engines["gateway"].decide("GET", "books.example", "/catalogue", [], port=80) as decision:
        assert decision.status == 404
    with engines["gateway"].decide("GET", "books.example", "/shop", [], port=80) as decision:
        assert (decision.status, decision.location) == (301, "http://books.example/productpage")


def test_the_reviews(engines: dict[str, Engine]) -> None:
    jason = [("end-user", "jason")]
    with engines["mesh"].decide("GET", "reviews", "/reviews/1", jason, port=9080) as decision:
        assert decision.cluster == "outbound|9080||reviews-v3.default.svc.cluster.local"
    versions = set()
    for seed in range(100):
        with engines["mesh"].decide("GET", "reviews", "/reviews/1", [], port=9080, seed=seed) as decision:
            versions.add(decision.cluster)
    assert versions == {
        "outbound|9080||reviews-v1.default.svc.cluster.local",
        "outbound|9080||reviews-v2.default.svc.cluster.local",
    }
