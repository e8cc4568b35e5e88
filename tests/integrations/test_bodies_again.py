"""Bodies that clients send to further attempts, and those that are gone by then."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from mesh_support import active, in_loop, mesh_of, rules, service
from origins import Origin, origins

from meshcore.integrations._bodies import position_of
from meshcore.mesh import Mesh

AGAIN = "retries: {attempts: 1, retryOn: 5xx}, HERE"


@pytest.fixture
def one() -> Iterator[Origin]:
    with origins(1) as found:
        found[0].status = 503
        yield found[0]


@contextmanager
def mesh_for(one: Origin) -> Iterator[Mesh]:
    with mesh_of(service("reviews", one.port), rules("reviews", AGAIN)) as mesh:
        yield mesh
        assert active(mesh) == 0


def begun() -> Any:
    """A file that is to be sent from its middle."""
    file = io.BytesIO(b"no body")
    file.seek(3)
    return file


def pipe() -> Any:
    read, write = os.pipe()
    with os.fdopen(write, "wb") as end:
        end.write(b"body")
    return os.fdopen(read, "rb")


class _Closed(io.BytesIO):
    def __init__(self) -> None:
        super().__init__()
        self.close()


class _Old:
    """One that has no seekable()."""

    def read(self, size: int = -1) -> bytes:
        return b""

    def seek(self, position: int) -> None: ...

    def tell(self) -> int:
        return 5


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (begun, 3),
        (_Old, 5),
        (pipe, None),
        (_Closed, None),
        (lambda: b"body", None),
        (lambda: iter([b"body"]), None),
    ],
)
def test_the_position_of_what_can_be_read_again(body: Callable[[], Any], expected: int | None) -> None:
    assert position_of(body()) == expected


HTTPX = {
    "a file": ({"content": lambda: io.BytesIO(b"body")}, 2),
    "a generator": ({"content": lambda: iter([b"body"])}, 1),
    "a form": ({"files": lambda: {"part": b"body"}}, 2),
    "a form with a file": ({"files": lambda: {"part": io.BytesIO(b"body")}}, 2),
}


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
@pytest.mark.parametrize(("given", "times"), HTTPX.values(), ids=HTTPX)
def test_httpx(library: str, given: dict[str, Callable[[], Any]], times: int, one: Origin) -> None:
    httpx = pytest.importorskip(library)
    ours = pytest.importorskip(f"meshcore.integrations.{library}")
    with mesh_for(one) as mesh, httpx.Client(transport=ours.MeshTransport(mesh)) as client:
        made = {name: make() for name, make in given.items()}
        assert client.post("http://reviews:9080/a", **made).status_code == 503
    bodies = {seen["body"] for seen in one.seen}
    assert len(one.seen) == times
    assert len(bodies) == 1
    assert "body" in bodies.pop()


@pytest.mark.parametrize("hedges", [False, True])
def test_httpx_lets_one_attempt_at_a_time_read_a_file(hedges: bool) -> None:
    httpx = pytest.importorskip("httpx")
    from meshcore.integrations._httpx_requests import is_sent_again

    for part, again in ((io.BytesIO(b"body"), not hedges), (pipe(), False), (b"body", True), ("body", True)):
        stream = httpx.Request("POST", "http://reviews", files={"part": part}, data={"a": "b"}).stream
        assert is_sent_again(stream, at_once=hedges) == again


@in_loop
async def test_async_httpx_sends_a_form_again() -> None:
    httpx = pytest.importorskip("httpx")
    from meshcore.integrations.httpx import AsyncMeshTransport

    with origins(1) as (one,), mesh_for(one) as mesh:
        one.status = 503
        async with httpx.AsyncClient(transport=AsyncMeshTransport(mesh)) as client:
            with tempfile.TemporaryFile() as file:
                file.write(b"body")
                file.flush()  # httpx asks the system for its length
                files = {"part": file}
                assert (await client.post("http://reviews:9080/a", files=files)).status_code == 503
        first, second = one.seen
        assert first["body"] == second["body"]
        assert "body" in first["body"]


OF_URLLIB3 = {
    "bytes": (lambda: b"body", 2),
    "bytearray": (lambda: bytearray(b"body"), 2),
    "a file": (begun, 2),
    "a pipe": (pipe, 1),
    "a generator": (lambda: iter([b"body"]), 1),
}


@pytest.mark.parametrize(("body", "times"), OF_URLLIB3.values(), ids=OF_URLLIB3)
def test_urllib3(body: Callable[[], Any], times: int, one: Origin) -> None:
    pytest.importorskip("urllib3")
    from meshcore.integrations.urllib3 import MeshPoolManager

    with mesh_for(one) as mesh, MeshPoolManager(mesh) as manager:
        assert manager.request("POST", "http://reviews:9080/a", body=body()).status == 503
    assert [seen["body"] for seen in one.seen] == ["body"] * times


@pytest.mark.parametrize(("body", "times"), OF_URLLIB3.values(), ids=OF_URLLIB3)
def test_requests(body: Callable[[], Any], times: int, one: Origin) -> None:
    requests = pytest.importorskip("requests")
    from meshcore.integrations.requests import MeshAdapter

    with mesh_for(one) as mesh, requests.Session() as session:
        session.trust_env = False
        session.mount("http://", MeshAdapter(mesh))
        assert session.post("http://reviews:9080/a", data=body()).status_code == 503
    assert [seen["body"] for seen in one.seen] == ["body"] * times
