"""Routes that edit what frames a body: its endpoint reads that body, whoever sends it, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import io
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from asgi_support import Client
from callers import CALLERS, Call, caller_of
from mesh_support import in_loop, mesh_of, rules, service

from meshcore.integrations.asgi import MeshMiddleware
from meshcore.integrations.wsgi import MeshMiddleware as WsgiMiddleware
from meshcore.mesh import Mesh

h11 = pytest.importorskip("h11")

#: A request within a body.
EVIL = b"GET /admin HTTP/1.1\r\nHost: x\r\n\r\n"
REQUEST_EDITS = {
    "removed": "remove: [content-length]",
    "set": "set: {content-length: '0'}",
    "by the client": "set: {content-length: '%REQ(x-n)%'}",
    "added": "add: {content-length: '2'}",
    "chunked": "set: {transfer-encoding: chunked}",
}
ANSWER_EDITS = {
    "set": "set: {content-length: '50'}",
    "chunked": "set: {transfer-encoding: chunked}",
    "connection": "set: {connection: upgrade, upgrade: h2c, keep-alive: '9'}",
}
EDITS = pytest.mark.parametrize("edit", REQUEST_EDITS.values(), ids=list(REQUEST_EDITS))
ANSWERS = pytest.mark.parametrize("edit", ANSWER_EDITS.values(), ids=list(ANSWER_EDITS))

Read = tuple[bytes, bytes]  #: target and body of a request


class Endpoint:
    """Reads as h11 does, over connections that it keeps. ``read``: of each, what it took for a request."""

    def __init__(self) -> None:
        self.read: list[Read | str] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):  # who called may be gone before it has read the answer
            client.settimeout(20)
            reader, target, body = h11.Connection(h11.SERVER), b"", b""
            while True:
                try:
                    event = reader.next_event()
                except h11.RemoteProtocolError as error:
                    self.read.append(str(error))
                    return
                if event is h11.NEED_DATA:
                    reader.receive_data(client.recv(65536))
                elif isinstance(event, h11.Request):
                    target, body = event.target, b""
                elif isinstance(event, h11.Data):
                    body += event.data
                elif isinstance(event, h11.EndOfMessage):
                    self.read.append((target, body))
                    head = h11.Response(status_code=200, headers=[("content-length", "2")])
                    for part in (head, h11.Data(data=b"ok"), h11.EndOfMessage()):
                        client.sendall(reader.send(part))
                    if reader.our_state is not h11.DONE:
                        return
                    reader.start_next_cycle()
                else:
                    return


@contextmanager
def mesh_to_endpoint(edit: str) -> Iterator[tuple[Endpoint, Mesh]]:
    endpoint = Endpoint()
    route = f"HERE, headers: {{{edit}}}"
    named = [(service(name, endpoint.port), rules(name, route)) for name in ("reviews", "ratings")]
    mesh = mesh_of(*(text for texts in named for text in texts))
    try:
        yield endpoint, mesh
    finally:
        mesh.close()
        endpoint.close()


async def no_app(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("the app is called")


def no_wsgi_app(environ: Any, start_response: Any) -> list[bytes]:
    raise AssertionError("the app is called")


def wsgi(app: Any, mesh: Mesh, host: str) -> tuple[dict[str, str], bytes]:
    """The header lines of an answer, and its body."""
    told: dict[str, str] = {}

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        told.update(headers)
        return lambda _: None

    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/upload",
        "QUERY_STRING": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": host,
        "HTTP_X_N": "0",
        "CONTENT_LENGTH": str(len(EVIL)),
        "REMOTE_ADDR": "10.0.0.9",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(EVIL),
    }
    answer = WsgiMiddleware(app, mesh=mesh)(environ, start)
    body = b"".join(answer)
    getattr(answer, "close", lambda: None)()
    return told, body


def post(app: Any, host: str = "ratings:9080") -> Any:
    lines = ((b"content-length", str(len(EVIL)).encode()), (b"x-n", b"0"))
    return Client(app).get("/upload", host=host, method="POST", headers=lines, body=(EVIL,))


@pytest.mark.parametrize("library", CALLERS)
@EDITS
def test_a_client_sends_the_body_that_it_has(library: str, edit: str) -> None:
    caller = caller_of(library)
    with mesh_to_endpoint(f"request: {{{edit}}}") as (endpoint, mesh):
        whole = Call("POST", "/upload", headers={"x-n": "0"}, body=EVIL)
        pieces = Call("POST", "/pieces", headers={"x-n": "0"}, pieces=(EVIL[:9], EVIL[9:]))
        none = Call("GET", "/none", headers={"x-n": "7"})
        answers = caller.calls(mesh, whole, pieces, none, whole)
    assert [answer.error for answer in answers] == [None] * 4
    assert endpoint.read == [(b"/upload", EVIL), (b"/pieces", EVIL), (b"/none", b""), (b"/upload", EVIL)]


@EDITS
@in_loop
async def test_asgi_sends_the_body_that_it_has(edit: str) -> None:
    pytest.importorskip("httptools")
    with mesh_to_endpoint(f"request: {{{edit}}}") as (endpoint, mesh):
        app = MeshMiddleware(no_app, mesh=mesh)
        for _ in range(2):
            assert (await post(app)).body == b"ok"
        await Client(app).get("/none", host="ratings:9080", headers=((b"x-n", b"7"),))
    assert endpoint.read == [(b"/upload", EVIL), (b"/upload", EVIL), (b"/none", b"")]


@EDITS
def test_wsgi_sends_the_body_that_it_has(edit: str) -> None:
    with mesh_to_endpoint(f"request: {{{edit}}}") as (endpoint, mesh):
        for _ in range(2):
            assert wsgi(no_wsgi_app, mesh, "ratings:9080")[1] == b"ok"
    assert endpoint.read == [(b"/upload", EVIL)] * 2


@EDITS
@in_loop
async def test_a_copy_has_the_body_that_came(edit: str) -> None:
    pytest.importorskip("httptools")
    with mesh_to_endpoint(f"request: {{{edit}}}}}, mirror: {{host: ratings") as (endpoint, mesh):

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await receive()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        middleware = MeshMiddleware(app, mesh=mesh)
        await post(middleware, host="reviews:9080")
        while middleware._forwarder.copies:
            await asyncio.sleep(0.001)
        await middleware._forwarder.close()
    assert endpoint.read == [(b"/upload", EVIL)]


@ANSWERS
@in_loop
async def test_asgi_answers_with_the_endpoints_framing(edit: str) -> None:
    pytest.importorskip("httptools")
    with mesh_to_endpoint(f"response: {{{edit}}}") as (_, mesh):
        client = await post(MeshMiddleware(no_app, mesh=mesh))
    assert (client.headers.items() <= {("content-length", "2")}, client.body) == (True, b"ok")


@ANSWERS
def test_wsgi_answers_with_the_endpoints_framing(edit: str) -> None:
    with mesh_to_endpoint(f"response: {{{edit}}}") as (_, mesh):
        told, body = wsgi(no_wsgi_app, mesh, "ratings:9080")
    assert (told.items() <= {("content-length", "2")}, body) == (True, b"ok")


@ANSWERS
@in_loop
async def test_an_asgi_app_frames_its_answer_itself(edit: str) -> None:
    own = [(b"content-length", b"4"), (b"connection", b"close")]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": own})
        await send({"type": "http.response.body", "body": b"mine"})

    with mesh_to_endpoint(f"response: {{{edit}}}") as (_, mesh):
        client = await post(MeshMiddleware(app, mesh=mesh), host="reviews:9080")
    assert set(client.sent[0]["headers"]) <= set(own)


@ANSWERS
def test_a_wsgi_app_frames_its_answer_itself(edit: str) -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("content-length", "4")])
        return [b"mine"]

    with mesh_to_endpoint(f"response: {{{edit}}}") as (_, mesh):
        told, _ = wsgi(app, mesh, "reviews:9080")
    assert told.items() <= {("content-length", "4")}


@EDITS
def test_a_wsgi_app_reads_the_body_that_came(edit: str) -> None:
    bodies = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        bodies.append((body, "HTTP_TRANSFER_ENCODING" in environ))
        start_response("200 OK", [])
        return []

    with mesh_to_endpoint(f"request: {{{edit}}}") as (_, mesh):
        wsgi(app, mesh, "reviews:9080")
    assert bodies == [(EVIL, False)]


@ANSWERS
@in_loop
async def test_the_meshs_own_answer_has_its_own_length(edit: str) -> None:
    direct = f"directResponse: {{status: 200, body: {{string: mine}}}}, headers: {{response: {{{edit}}}}}"
    mesh = mesh_of(service("reviews", 1), rules("reviews", direct))
    try:
        client = await Client(MeshMiddleware(no_app, mesh=mesh)).get("/")
        told, body = wsgi(no_wsgi_app, mesh, "reviews:9080")
    finally:
        mesh.close()
    assert client.sent[0]["headers"].count((b"content-length", b"4")) == 1
    for headers in (client.headers, told):
        framing = {"content-length", "transfer-encoding", "connection", "upgrade", "keep-alive"} & {*headers}
        assert (framing, headers["content-length"]) == ({"content-length"}, "4")
    assert (client.body, body) == (b"mine", b"mine")
