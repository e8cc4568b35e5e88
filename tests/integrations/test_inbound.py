"""meshcore.integrations._inbound: what a middleware does for callers of the mesh, and for others."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from asgi_support import App, Client
from mesh_support import REVIEWS, active, in_loop, mesh_of, rules, service
from test_wsgi import call

from meshcore.context import current
from meshcore.integrations import asgi, wsgi
from meshcore.mesh import Mesh

MARK = ((b"x-meshcore-caller", b"productpage"),)
INBOUND = "inbound|9080||"
SUBSETS = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: subsets}
spec:
  host: reviews
  trafficPolicy: {outlierDetection: {consecutive5xxErrors: 1, maxEjectionPercent: 100}}
  subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]
"""
SPLIT = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - route:
    - {destination: {host: reviews, subset: v1}, weight: 50}
    - {destination: {host: reviews, subset: v2}, weight: 50}
    timeout: 7s
"""
ENTRY = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: reviews}
spec:
  hosts: [reviews.default.svc.cluster.local]
  ports: [{number: 9080, name: http, protocol: HTTP}]
  resolution: STATIC
  location: MESH_INTERNAL
  endpoints:
  - {address: 127.0.0.1, ports: {http: 1}, labels: {version: v1}}
  - {address: 127.0.0.1, ports: {http: 2}, labels: {version: v2}}
"""


def split() -> Mesh:
    return mesh_of(ENTRY, SUBSETS, SPLIT)


#: Asks once: by ASGI or by WSGI. The app answers with ``status``; 0: it fails. Gives the status,
#: and the cluster and the time left that the app saw.
Ask = Callable[..., Any]


async def by_asgi(
    mesh: Mesh, path: str = "/", *, status: int = 200, lines: Any = (), source: Any = ""
) -> Any:
    seen: list[Any] = []

    async def look() -> None:
        context = current()
        assert context is not None
        seen.append((context.cluster, context.deadline))
        if not status:
            raise ZeroDivisionError

    app = App(status=status, before=look)
    scope = {"client": (source, 1)} if source else {}
    client = await Client(asgi.MeshMiddleware(app, mesh=mesh)).get(path, headers=lines, **scope)
    return client.status, *(seen or [None])


async def by_wsgi(
    mesh: Mesh, path: str = "/", *, status: int = 200, lines: Any = (), source: Any = ""
) -> Any:
    seen: list[Any] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        context = current()
        assert context is not None
        seen.append((context.cluster, context.deadline))
        if not status:
            raise ZeroDivisionError
        start_response(f"{status} Any", [])
        return []

    environ = {"HTTP_" + name.decode().upper().replace("-", "_"): value.decode() for name, value in lines}
    given = {"REMOTE_ADDR": source} if source else {}
    answer = call(wsgi.MeshMiddleware(app, mesh=mesh), path, typed=False, **environ, **given)
    return answer.status, *(seen or [None])


both = pytest.mark.parametrize("ask", [by_asgi, by_wsgi])


@both
@in_loop
async def test_the_callee_names_no_subset(ask: Ask) -> None:
    """Its caller has chosen one, which the process cannot know."""
    with split() as mesh:
        for _ in range(20):
            status, (cluster, _) = await ask(mesh, lines=MARK)
            assert (status, cluster) == (200, INBOUND)
            status, (cluster, _) = await ask(mesh)
            assert (status, cluster) == (200, REVIEWS)
        assert mesh.requests.total() == Counter({(INBOUND, 200, ""): 20, (REVIEWS, 200, ""): 20})
        assert active(mesh) == 0


@both
@in_loop
async def test_what_the_callee_answers_is_said_of_no_endpoint(ask: Ask) -> None:
    with split() as mesh:
        for _ in range(5):
            assert (await ask(mesh, status=500, lines=MARK))[0] == 500
        ejected = [
            one["ejected"] for it in mesh.engine.clusters() for one in it["endpoints"] if "ejected" in one
        ]
        assert set(ejected) == {False}
        assert mesh.requests.total() == Counter({(INBOUND, 500, ""): 5})


@both
@in_loop
async def test_others_are_answered_by_no_endpoint_either(ask: Ask) -> None:
    """The process answers, be its peers well or not; the breaker of the service holds."""
    with split() as mesh:
        for _ in range(5):
            assert (await ask(mesh, status=500))[0] == 500
        endpoints = [one for it in mesh.engine.clusters() for one in it["endpoints"]]
        assert not any(one.get("ejected") or one["active_requests"] for one in endpoints)
        for one in ("127.0.0.1:1", "127.0.0.1:2"):
            mesh.engine.set_health(REVIEWS, one, False)
        assert (await ask(mesh))[0] == 200
        assert active(mesh) == 0


LIMITED = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: limited}
spec:
  host: reviews
  trafficPolicy: {connectionPool: {http: {http2MaxRequests: 1}}}
"""


@both
@in_loop
async def test_the_breaker_holds_for_what_the_app_answers(ask: Ask) -> None:
    with mesh_of(ENTRY, LIMITED) as mesh:
        with mesh.engine.decide("GET", "reviews:9080", "/"):
            assert (await ask(mesh))[0] == 503
            assert (await ask(mesh, lines=MARK))[0] == 200  # its caller has its own
        assert (await ask(mesh))[0] == 200
        assert mesh.requests.total() == Counter(
            {(REVIEWS, 503, "UO"): 1, (INBOUND, 200, ""): 1, (REVIEWS, 200, ""): 1}
        )


ONE_PATH = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec: {hosts: [reviews], http: [{match: [{uri: {prefix: /known}}], route: [{destination: {host: reviews}}]}]}
"""


@both
@in_loop
async def test_what_the_mesh_sends_is_counted_whether_or_not_a_route_leads_here(ask: Ask) -> None:
    """As by a sidecar, which takes all that comes."""
    with mesh_of(ENTRY, ONE_PATH) as mesh:
        for path, status in (("/known", 200), ("/other", 201), ("/other", 500)):
            assert (await ask(mesh, path, status=status, lines=MARK))[0] == status
        assert (await ask(mesh, "/other"))[0] == 404
        assert mesh.requests.total() == Counter(
            {(INBOUND, 200, ""): 1, (INBOUND, 201, ""): 1, (INBOUND, 500, ""): 1, ("", 404, "NR"): 1}
        )


@both
@in_loop
async def test_an_app_that_fails_without_a_route_is_counted(ask: Ask) -> None:
    with mesh_of(ENTRY, ONE_PATH) as mesh:
        with pytest.raises(ZeroDivisionError):
            await ask(mesh, "/other", status=0, lines=MARK)
        assert mesh.requests.total() == Counter({(INBOUND, 500, ""): 1})
        assert active(mesh) == 0


@both
@in_loop
async def test_the_callers_time_is_what_it_says(ask: Ask) -> None:
    with split() as mesh:
        assert (await ask(mesh))[1][1] is not None  # by the route
        assert (await ask(mesh, lines=MARK))[1][1] is None
        told = (*MARK, (b"x-envoy-expected-rq-timeout-ms", b"60000"))
        assert (await ask(mesh, lines=told))[1][1] is not None


FAULTS = (
    "match: [{uri: {prefix: /abort}}], fault: {abort: {httpStatus: 418, percentage: {value: 100}}}, HERE",
    "match: [{uri: {prefix: /moved}}], redirect: {uri: /new}",
)


@both
@in_loop
async def test_a_caller_in_the_mesh_is_believed_at_an_internal_address(ask: Ask) -> None:
    with mesh_of(service("reviews", 1), rules("reviews", *FAULTS)) as mesh:
        for path, status in (("/abort", 418), ("/moved", 301)):
            assert (await ask(mesh, path, lines=MARK))[0] == 200
            assert (await ask(mesh, path, lines=MARK, source="8.8.8.8"))[0] == status
        counted = mesh.engine.faults()
        assert sum(one["aborts_injected"] for one in counted) == 1


LIMITED_BEHIND_A_FAULT = """
static_resources:
  clusters: [{name: reviews, load_assignment: {cluster_name: reviews, endpoints: [{lb_endpoints: [
    {endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 1}}}}]}]}}]
  listeners:
  - name: all
    address: {socket_address: {address: 0.0.0.0, port_value: 80}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/MANAGER.v3.HttpConnectionManager
          stat_prefix: all
          route_config:
            virtual_hosts:
            - {name: all, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: reviews}}]}
          http_filters:
          - name: envoy.filters.http.fault
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault
              abort: {http_status: 503, percentage: {numerator: 100}}
          - name: envoy.filters.http.local_ratelimit
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit
              stat_prefix: all
              token_bucket: {max_tokens: 1, fill_interval: 3600s}
              filter_enabled: {default_value: {numerator: 100}}
              filter_enforced: {default_value: {numerator: 100}}
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
""".replace("MANAGER", "envoy.extensions.filters.network.http_connection_manager")


@both
@in_loop
async def test_no_fault_takes_a_caller_past_a_limit(ask: Ask) -> None:
    with mesh_of(LIMITED_BEHIND_A_FAULT) as mesh:
        assert (await ask(mesh))[0] == 503
        status, (cluster, _) = await ask(mesh, lines=MARK)
        assert (status, cluster) == (200, "reviews")
        assert (await ask(mesh, lines=MARK))[0] == 429


EDITED = (
    "match: [{uri: {prefix: /old/}}], rewrite: {uri: /new/}, headers: {response: {set: {x-shop: '1'}}},"
    " timeout: 7s, HERE"
)


@pytest.mark.parametrize("how", ["asgi", "wsgi"])
@in_loop
async def test_a_service_needs_no_endpoint_of_its_own(how: str) -> None:
    """What the route says of its requests holds all the same; others' services need one."""
    with mesh_of(service("reviews"), service("ratings"), rules("reviews", EDITED), rules("ratings")) as mesh:
        seen: list[Any] = []

        def look(path: str) -> None:
            context = current()
            assert context is not None
            seen.extend([context.cluster, context.deadline, path])

        async def by_asgi_app(scope: Any, _: Any, send: Any) -> None:
            look(scope["path"])
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        def by_wsgi_app(environ: Any, start_response: Any) -> list[bytes]:
            look(environ["PATH_INFO"])
            start_response("200 OK", [])
            return []

        async def get(path: str, host: str) -> Any:
            if how == "wsgi":
                return call(wsgi.MeshMiddleware(by_wsgi_app, mesh=mesh), path, host=host, typed=False)
            return await Client(asgi.MeshMiddleware(by_asgi_app, mesh=mesh)).get(path, host=host)

        answer, missing = await get("/old/7", "reviews:9080"), await get("/old/7", "ratings:9080")
        cluster, deadline, path = seen
        assert (answer.status, dict(answer.headers)["x-shop"], path) == (200, "1", "/new/7")
        assert (cluster, deadline is None) == (REVIEWS, False)
        assert missing.status == 503
        ratings = REVIEWS.replace("reviews", "ratings")
        assert mesh.requests.total() == Counter({(REVIEWS, 200, ""): 1, (ratings, 503, "UH"): 1})


@in_loop
async def test_a_deadline_counts_from_when_the_request_came() -> None:
    """Whenever somebody asks for it. The clocks of the two differ by some microseconds."""
    late = []

    def look() -> None:
        entered = time.monotonic()
        while time.monotonic() < entered + 0.002:
            pass
        context = current()
        assert context is not None
        assert context.deadline is not None
        late.append(context.deadline - entered)

    async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
        look()
        await App()(scope, receive, send)

    def wsgi_app(environ: Any, start_response: Any) -> list[bytes]:
        look()
        start_response("200 OK", [])
        return []

    with mesh_of(ENTRY, rules("reviews", "timeout: 5s, HERE")) as mesh:
        await Client(asgi.MeshMiddleware(asgi_app, mesh=mesh)).get("/")
        call(wsgi.MeshMiddleware(wsgi_app, mesh=mesh), "/", typed=False)
    assert len(late) == 2
    assert all(4.5 < seconds < 5.001 for seconds in late)
