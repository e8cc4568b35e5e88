"""meshcore.mesh with a shared state: what the worker processes of a machine count together."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from mesh_support import mesh_of, service
from shared_support import forked, kill

from meshcore import SharedState
from meshcore.engine import Decision
from meshcore.mesh import Mesh

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")

MOST = 3
BREAKER = service("reviews", 1).replace(
    "trafficPolicy: {", f"trafficPolicy: {{connectionPool: {{http: {{http2MaxRequests: {MOST}}}}}, "
)
LIMIT = f"""
apiVersion: meshcore/v1
kind: RateLimits
rules:
- {{name: all, rate: {MOST}/hour}}
"""


@pytest.fixture
def state(tmp_path: Path) -> Iterator[SharedState]:
    yield SharedState(tmp_path / "state", workers=8)
    gc.collect()


def ask(mesh: Mesh, times: int = MOST + 1) -> list[Decision]:
    """The decisions that let their request through."""
    made = [mesh.engine.decide("GET", "reviews:9080", "/") for _ in range(times)]
    return [one for one in made if one.flags not in ("UO", "RL")]


def breaking(state: SharedState) -> Mesh:
    return mesh_of(BREAKER, shared_state=state, health_checks=False)


def test_a_mesh_that_was_made_before_the_fork_counts_with_its_children(state: SharedState) -> None:
    """As with gunicorn --preload."""
    with breaking(state) as mesh:

        def work() -> object:
            mesh.start()
            kept = ask(mesh, 1)
            assert len(kept) == 1
            return kept

        with forked(work), forked(work) as second:
            mine = ask(mesh)
            assert len(mine) == 1
            kill(second)
            state.reclaim()  # the dead hold nothing
            assert len(ask(mesh)) == 1
        for decision in mine:
            decision.close()


def test_meshes_of_workers_that_are_made_apart_are_one(state: SharedState) -> None:
    def work() -> object:
        mesh = Mesh.load(path, shared_state=str(state.path), reload_interval=0)
        assert len(ask(mesh, 2)) == 2
        return mesh

    path = state.path.with_name("limits.yaml")
    path.write_text(LIMIT)
    with forked(work):
        assert len(ask(Mesh.load(path, shared_state=state, reload_interval=0))) == 1
    assert ask(Mesh.load(path, shared_state=state, reload_interval=0)) == []
    assert len(ask(Mesh.load(path, reload_interval=0))) == MOST


def test_a_mesh_says_what_it_is(state: SharedState) -> None:
    mesh = breaking(state)
    assert mesh.shared_state is state
    assert f"service='reviews' clusters=2 digest={mesh.engine.config.digest!r}" in repr(mesh)
    assert repr(mesh).endswith(f"shared_state={str(state.path)!r} not started>")
    with mesh_of(service("reviews", 1)) as other:
        assert repr(other).endswith("shared_state=None started>")
