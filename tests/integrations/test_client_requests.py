"""meshcore.integrations, outgoing: requests that a library itself treats in a way of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from callers import caller_of
from mesh_support import mesh_of, rules, service
from origins import Origin, origins

from meshcore.mesh import Mesh


@pytest.fixture
def one() -> Iterator[Origin]:
    with origins(1) as found:
        yield found[0]


@pytest.mark.parametrize("value", ["caf\xe9", "\u20ac"], ids=["latin-1", "more"])
@pytest.mark.parametrize("name", ["aiohttp", "requests", "urllib3"])  # httpx refuses such texts itself
def test_a_headers_value_goes_out_as_without_the_mesh(name: str, value: str, one: Origin) -> None:
    def sent(mesh: Mesh, url: str) -> bytes | None:
        caller_of(name).call(mesh, "GET", url, headers={"x-value": value})
        seen = one.seen.pop()["headers"].get("x-value")
        return None if seen is None else str(seen).encode("latin-1")

    with mesh_of(service("reviews", one.port), rules("reviews")) as mesh:
        within = sent(mesh, "/a")
        try:
            without = sent(mesh, f"http://127.0.0.1:{one.port}/a")  # a host that the mesh does not know
        except UnicodeEncodeError:  # http.client writes no such text
            without = value.encode()
        assert within == without
