"""What a mesh has to bear: swaps under load, forks, TLS, sessions, cancellation. No lease is left over."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from asgi_support import App, Client
from callers import CALLERS, Call, caller_of
from mesh_support import REVIEWS, config_of, in_loop, mesh_of, rules, service
from origins import Origin, origins

from meshcore.integrations.asgi import MeshMiddleware
from meshcore.mesh import Mesh
from meshcore.model import CircuitBreakers, Config, SessionCookie, StatefulSession, UpstreamTls

COPIED = "mirror: {host: shadow, port: {number: 9080}}, HERE"


@pytest.fixture
def two() -> Iterator[list[Origin]]:
    with origins(2) as found:
        yield found


def active(mesh: Mesh) -> int:
    """What is held of any kind."""
    held = 0
    for cluster in mesh.engine.clusters():
        held += sum(endpoint["active_requests"] for endpoint in cluster["endpoints"])
        for priority in cluster["circuit_breakers"].values():
            held += sum(resource["used"] for resource in priority.values())
    return held


@pytest.mark.parametrize("name", ["httpx", "urllib3", "aiohttp"])
def test_swaps_under_load_from_threads_lose_nothing(name: str, two: list[Origin]) -> None:
    one, other = (config_of(service("reviews", port), rules("reviews")) for port in ports_of(two))
    with Mesh(one) as mesh:
        statuses: list[int] = []

        def call() -> None:
            caller = caller_of(name)
            statuses.extend(answer.status for answer in caller.calls(mesh, *[Call("GET", "/a")] * 15))

        threads = [threading.Thread(target=call) for _ in range(4)]
        for thread in threads:
            thread.start()
        turn = 0
        while any(thread.is_alive() for thread in threads):
            turn += 1
            mesh.swap((one, other)[turn % 2])
        assert statuses == [200] * 60
        assert active(mesh) == 0


def ports_of(found: list[Origin]) -> list[int]:
    return [origin.port for origin in found]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_fork_while_requests_are_under_way(two: list[Origin]) -> None:
    app, shadow = two
    hold = app.hold = shadow.hold = threading.Event()
    with mesh_of(
        service("reviews", app.port), service("shadow", shadow.port), rules("reviews", COPIED)
    ) as mesh:
        answers: list[Any] = []
        thread = threading.Thread(target=lambda: answers.append(caller_of("httpx").call(mesh, "GET", "/a")))
        thread.start()
        while not (app.seen and shadow.seen):
            pass
        child = os.fork()
        if not child:
            signal.alarm(20)  # kills it where it hangs
            answer = caller_of("urllib3").call(mesh, "GET", "/child")
            while mesh.mirrors.active:
                pass
            os._exit(0 if answer.status == 200 else 1)
        hold.set()
        assert os.waitpid(child, 0)[1] == 0
        thread.join()
        while mesh.mirrors.active:
            pass
        assert [answer.status for answer in answers] == [200]
        assert sorted(seen["path"] for seen in shadow.seen) == ["/a", "/child"]
        assert active(mesh) == 0


# ------------------------------------------------------------------ TLS


@pytest.fixture
def secure(two: list[Origin], certificate: tuple[str, str]) -> Origin:
    """An endpoint that speaks TLS; its name is app.example."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    two[0].secure(context)
    return two[0]


def over_tls(config: Config, tls: UpstreamTls) -> Config:
    clusters = tuple(replace(one, tls=tls) if one.name == REVIEWS else one for one in config.clusters)
    return replace(config, clusters=clusters)


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
@pytest.mark.parametrize("name", CALLERS)
def test_every_client_reaches_endpoints_over_tls(
    name: str, secure: Origin, certificate: tuple[str, str]
) -> None:
    plain = config_of(service("reviews", secure.port), rules("reviews", "retries: {attempts: 0}, HERE"))
    caller = caller_of(name)
    trusted = UpstreamTls("SIMPLE", sni="app.example", ca_certificates=certificate[0])
    with Mesh(over_tls(plain, trusted)) as mesh:
        first, second = caller.calls(mesh, Call("GET", "/a"), Call("GET", "/b"))
        assert (first.status, second.status) == (200, 200)
        assert secure.seen[0]["headers"]["host"] == "reviews:9080"
        for tls in (replace(trusted, sni="other.example"), replace(trusted, ca_certificates="")):
            mesh.swap(over_tls(plain, tls))  # not its name; an issuer that nobody knows
            assert caller.call(mesh, "GET", "/c").status in (0, 503)
        mesh.swap(over_tls(plain, replace(trusted, ca_certificates="", insecure_skip_verify=True)))
        assert caller.call(mesh, "GET", "/d").status == 200
        assert active(mesh) == 0
    assert [seen["path"] for seen in secure.seen] == ["/a", "/b", "/d"]


def test_urllib3_keeps_connections_over_tls_to_many_endpoints(certificate: tuple[str, str]) -> None:
    pytest.importorskip("urllib3")
    from meshcore.integrations.urllib3 import MeshPoolManager

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    agreed = []
    context.sni_callback = lambda connection, name, own: agreed.append(name)
    tls = UpstreamTls("SIMPLE", sni="app.example", ca_certificates=certificate[0])
    with origins(12) as many:  # urllib3 keeps ten pools
        for origin in many:
            origin.secure(context)
        config = over_tls(config_of(service("reviews", *ports_of(many)), rules("reviews")), tls)
        with Mesh(config) as mesh, MeshPoolManager(mesh) as manager:

            def call_all() -> int:
                agreed.clear()
                for _ in range(2 * len(many)):
                    assert manager.request("GET", "http://reviews:9080/a").status == 200
                return len(agreed)

            assert (call_all(), call_all()) == (len(many), 0)
            mesh.swap(config)  # certificates are read anew
            assert (call_all(), call_all()) == (len(many), 0)
            assert len(manager._direct) == len(many)
            manager.clear()
            assert call_all() == len(many)


def test_an_httpx_client_of_http2_leaves_others_their_protocol(
    two: list[Origin], certificate: tuple[str, str]
) -> None:
    """httpx sets the protocols in the context that it gets, from which others would offer HTTP/2, too."""
    for library in ("httpx", "h2", "aiohttp"):
        pytest.importorskip(library)
    import httpx

    from meshcore.integrations.httpx import MeshTransport

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    context.set_alpn_protocols(["h2", "http/1.1"])
    two[0].secure(context)
    assert two[0].server is not None
    handler: Any = two[0].server.RequestHandlerClass
    agreed = []

    def noting(handling: Any, answer: Any = handler.do_GET) -> None:
        agreed.append(handling.connection.selected_alpn_protocol())
        answer(handling)

    handler.do_GET = noting
    plain = config_of(service("reviews", two[0].port), rules("reviews", "retries: {attempts: 0}, HERE"))
    with Mesh(over_tls(plain, UpstreamTls("SIMPLE", "app.example", ca_certificates=certificate[0]))) as mesh:
        with (
            httpx.Client(transport=MeshTransport(mesh, http2=True)) as client,
            pytest.raises(httpx.RemoteProtocolError),  # the endpoint agrees to HTTP/2, and has none
        ):
            client.get("http://reviews:9080/a")
        assert caller_of("aiohttp").call(mesh, "GET", "/b").status == 200
    assert agreed[-1] != "h2"


# ------------------------------------------------------------------ breakers of connections


def breaking(port: int, pending: int) -> Mesh:
    route = "match: [{uri: {exact: /soon}}], timeout: 0.05s, retries: {attempts: 0}, HERE"
    config = config_of(service("reviews", port), rules("reviews", route, "retries: {attempts: 0}, HERE"))
    breakers = CircuitBreakers(max_connections=1, max_pending_requests=pending)
    clusters = tuple(replace(one, circuit_breakers=breakers) for one in config.clusters)
    return Mesh(replace(config, clusters=clusters))


@pytest.mark.parametrize("name", CALLERS)
def test_breakers_of_connections_hold_for_clients(name: str, two: list[Origin]) -> None:
    origin = two[0]
    answers: list[Any] = []

    def call(mesh: Mesh, path: str) -> threading.Thread:
        thread = threading.Thread(target=lambda: answers.append(caller_of(name).call(mesh, "GET", path)))
        thread.start()
        return thread

    for pending in (0, 1):
        origin.hold = threading.Event()
        with breaking(origin.port, pending) as mesh:
            begun = len(origin.seen)
            first = call(mesh, "/first")
            while len(origin.seen) == begun:
                pass
            if not pending:
                refused = caller_of(name).call(mesh, "GET", "/refused")
                assert refused.status == 503
                assert b"overflow" in refused.body
                origin.hold.set()
            else:
                assert caller_of(name).call(mesh, "GET", "/soon").status == 504
                second = call(mesh, "/second")
                while not sum(
                    one["pending_requests"]["used"]
                    for cluster in mesh.engine.clusters()
                    for one in cluster["circuit_breakers"].values()
                ):
                    pass
                origin.hold.set()
                second.join()
            first.join()
            assert active(mesh) == 0
    assert [answer.status for answer in answers] == [200] * 3
    assert [seen["path"] for seen in origin.seen] == ["/first", "/first", "/second"]


# ------------------------------------------------------------------ sessions


@pytest.mark.parametrize("name", CALLERS)
def test_a_clients_session_stays_at_one_endpoint(name: str, two: list[Origin]) -> None:
    config = config_of(service("reviews", *ports_of(two)), rules("reviews"))
    session = StatefulSession(SessionCookie("seat", path="/"))
    config = replace(config, listeners=tuple(replace(one, session=session) for one in config.listeners))
    with Mesh(config) as mesh:
        caller = caller_of(name)
        first = caller.call(mesh, "GET", "/a")
        cookie = first.headers["set-cookie"].split(";")[0]
        calls = [Call("GET", "/a", headers={"cookie": cookie})] * 4
        assert {answer.json()["port"] for answer in caller.calls(mesh, *calls)} == {first.json()["port"]}
        assert active(mesh) == 0


# ------------------------------------------------------------------ cancellation


@pytest.mark.parametrize("library", ["httpx", "httpx2", "aiohttp"])
def test_cancelling_at_any_await_leaves_nothing(two: list[Origin], library: str) -> None:
    """With mirrors, and retries."""
    module: Any = pytest.importorskip(library)

    def session(mesh: Mesh) -> Any:
        if library == "aiohttp":
            from meshcore.integrations.aiohttp import MeshClientMiddleware

            return module.ClientSession(middlewares=[MeshClientMiddleware(mesh)])
        return module.AsyncClient(transport=caller_of(library).ours.AsyncMeshTransport(mesh))  # type: ignore[attr-defined]

    async def whole(client: Any) -> None:
        if library == "aiohttp":
            async with client.post("http://reviews:9080/a", data=b"given") as answer:
                await answer.read()
        else:
            await client.post("http://reviews:9080/a", content=b"given")

    async def main() -> None:
        two[0].status = 503
        retried = COPIED.replace("HERE", 'retries: {attempts: 2, retryOn: "5xx"}, HERE')
        documents = service("reviews", *ports_of(two)), service("shadow", two[1].port)
        with mesh_of(*documents, rules("reviews", retried)) as mesh:
            async with session(mesh) as client:
                for steps in range(40):
                    task = asyncio.ensure_future(whole(client))
                    for _ in range(steps):
                        await asyncio.sleep(0)
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
                while mesh.mirrors.active:
                    await asyncio.sleep(0.001)
                assert active(mesh) == 0

    asyncio.run(main())


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_cancelling_while_an_answer_is_thrown_away_gives_its_endpoint_back(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once: nothing of the request goes on beside the loop."""
    lib: Any = pytest.importorskip(library)
    retried = 'retries: {attempts: 2, retryOn: "5xx"}, HERE'
    closing = asyncio.Event()

    class Body(lib.AsyncByteStream):  # type: ignore[misc]
        async def aclose(self) -> None:
            closing.set()
            await asyncio.get_running_loop().create_future()

    class Inner(lib.AsyncBaseTransport):  # type: ignore[misc]
        def __init__(self, **options: Any) -> None:
            pass

        async def handle_async_request(self, request: Any) -> Any:
            return lib.Response(503, stream=Body())

    monkeypatch.setattr(lib, "AsyncHTTPTransport", Inner)

    async def main() -> None:
        with mesh_of(service("reviews", 1), rules("reviews", retried)) as mesh:
            transport = caller_of(library).ours.AsyncMeshTransport(mesh)  # type: ignore[attr-defined]
            async with lib.AsyncClient(transport=transport) as client:
                task = asyncio.ensure_future(client.get("http://reviews:9080/a"))
                await closing.wait()
                assert active(mesh) > 0
                task.cancel()
                await asyncio.wait([task])
                assert task.cancelled()
                assert active(mesh) == 0

    asyncio.run(main())


AWAY = (
    "match: [{uri: {prefix: /ratings}}], route: [{destination: {host: ratings}}], "
    "mirror: {host: shadow, port: {number: 9080}}"
)


@in_loop
async def test_cancelling_what_asgi_forwards_leaves_nothing(two: list[Origin]) -> None:
    documents = service("reviews", 1), service("ratings", two[0].port), service("shadow", two[1].port)
    async with mesh_of(*documents, rules("reviews", AWAY)) as mesh:
        middleware = MeshMiddleware(App(), mesh=mesh)
        for steps in range(40):
            client = Client(middleware)
            task = asyncio.ensure_future(client.get("/ratings", method="POST", body=(b"one", b"two")))
            for _ in range(steps):
                await asyncio.sleep(0)
            for _ in range(steps % 3):  # by whoever is impatient, while it ends
                task.cancel()
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            left = [repr(one.get_coro()) for one in asyncio.all_tasks()]
            assert [one for one in left if "_Forwarding" in one or "ClientBody" in one] == []
        while middleware._forwarder.copies:
            await asyncio.sleep(0.001)
        assert active(mesh) == 0
        await middleware._forwarder.close()
