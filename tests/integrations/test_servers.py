"""The middlewares on real servers, two workers each, seen from outside: over HTTP alone."""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from origins import Origin, origins, refused_port
from websockets_raw import Echo, said_to

from meshcore import WeightedSplit

HERE = Path(__file__).parent
#: Seconds. Only where something hangs does a test come to this.
PATIENCE = 120.0
TRACE = "0af7651916cd43dd8448eb211c80319c"
B3 = {"x-b3-traceid": TRACE, "x-b3-spanid": "b7ad6b7169203331", "x-b3-sampled": "1", "x-request-id": "id-1"}

# Whoever looks after workers is to be patient with those of a machine that has other things to do.
UVICORN = "uvicorn served:asgi --port PORT --workers 2 --log-level error --timeout-worker-healthcheck 20"
GUNICORN = "gunicorn --bind 127.0.0.1:PORT --workers 2 --log-level error --timeout 120"
GRANIAN = "granian --port PORT --workers 2 --no-log --respawn-failed-workers --respawn-interval 0.1"
SERVERS = {
    "uvicorn": UVICORN,
    "gunicorn-uvicorn": f"{GUNICORN} -k uvicorn_worker.UvicornWorker served:asgi",
    "granian-asgi": f"{GRANIAN} --interface asgi served:asgi",
    "gunicorn-sync": f"{GUNICORN} served:wsgi",
    "gunicorn-gthread": f"{GUNICORN} -k gthread --threads 8 served:wsgi",
    "granian-wsgi": f"{GRANIAN} --interface wsgi --blocking-threads 8 served:wsgi",
}
LIBRARIES = ("httpx", "requests", "aiohttp")

MESH = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: {name}}}
spec:
  hosts: [{name}.default.svc.cluster.local]
  ports: [{{number: 9080, name: http, protocol: HTTP}}]
  resolution: STATIC
  location: MESH_INTERNAL
  endpoints: [{endpoints}]
---
"""
RULES = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: front}
spec:
  hosts: [front]
  http:
  - match: [{headers: {x-chaos: {exact: "yes"}}}]
    fault: {abort: {httpStatus: 418, percentage: {value: 100}}}
    route: [{destination: {host: front}}]
  - route: [{destination: {host: front}}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: back}
spec:
  host: back
  trafficPolicy: {connectionPool: {http: {http2MaxRequests: 4}}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews}
spec:
  host: reviews
  subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, annotations: {meshcore-sticky: header=x-user}}
spec:
  hosts: [reviews]
  http:
  - route:
    - {destination: {host: reviews, subset: v1}, weight: 75}
    - {destination: {host: reviews, subset: v2}, weight: 25}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ratings}
spec:
  host: ratings
  trafficPolicy:
    loadBalancer: {simple: ROUND_ROBIN}
    outlierDetection: {consecutive5xxErrors: 3, baseEjectionTime: 3600s, maxEjectionPercent: 50}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ratings}
spec:
  hosts: [ratings]
  http:
  - route: [{destination: {host: ratings}}]
    retries: {attempts: 2, retryOn: 5xx}
---
apiVersion: meshcore/v1
kind: RateLimits
rules:
- name: few
  match: {path: /limited}
  bucket: {max_tokens: 20, tokens_per_fill: 1, fill_interval: 86400s}
"""


class Answer(NamedTuple):
    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Server:
    """A server under test, and the endpoints of the services that it calls."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    spans: Path  #: what its workers report, a line for each
    back: Origin
    reviews: list[Origin]  #: v1 and v2
    ratings: list[Origin]

    def get(self, path: str, host: str = "front", **headers: str) -> Answer:
        """A request on a connection of its own; status 0 where that breaks."""
        connection = self.send(path, host, **headers)
        try:
            answer = connection.getresponse()
            return Answer(answer.status, answer.read())
        except (ConnectionError, http.client.HTTPException):
            return Answer(0, b"")
        finally:
            connection.close()

    def send(self, path: str, host: str = "front", **headers: str) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", path, headers={"host": f"{host}:9080", **given})
        return connection

    def state(self, what: str) -> Any:
        """What the workers know together."""
        answer = self.get("/state")
        return answer.json()[what] if answer.status == 200 else None


def until(true: Callable[[], object], pause: float = 0.01) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(pause)


def entry(name: str, *ports: int) -> str:
    endpoints = ", ".join(
        f"{{address: 127.0.0.1, ports: {{http: {port}}}, labels: {{version: v{number}}}}}"
        for number, port in enumerate(ports, 1)
    )
    return MESH.format(name=name, endpoints=endpoints)


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    command = SERVERS[request.param].split()
    for library in (*command[:1], *(["uvicorn_worker"] * ("uvicorn_worker" in command)), *LIBRARIES):
        if importlib.util.find_spec(library) is None:
            pytest.skip(f"{library} is not installed")
    folder, port = tmp_path_factory.mktemp("served"), refused_port()
    with origins(5) as (back, *others), Echo() as echo:
        services = {"front": [1], "back": [back.port], "chat": [echo.port]}
        services |= {"reviews": [it.port for it in others[:2]], "ratings": [it.port for it in others[2:]]}
        rules = folder / "mesh.yaml"
        rules.write_text("".join(entry(name, *ports) for name, ports in services.items()) + RULES)
        env = {"PYTHONPATH": str(HERE), "MESH": str(rules), "STATE": str(folder / "state")}
        env["HOME"] = str(folder)  # where gunicorn has a socket of its own
        spans = folder / "spans"
        spans.touch()
        if importlib.util.find_spec("opentelemetry.sdk") is not None:
            env["SPANS"] = str(spans)
        process = subprocess.Popen(
            [sys.executable, "-m", *(part.replace("PORT", str(port)) for part in command)],
            cwd=folder,
            env={**os.environ, **env},
            start_new_session=True,
        )
        found = Server(request.param, port, process, spans, back, others[:2], others[2:])
        try:
            until(lambda: up(found), 0.1)
            yield found
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def up(server: Server) -> bool:
    """Whether both workers serve."""
    assert server.process.poll() is None, f"{server.name} ended with {server.process.returncode}"
    try:
        processes = server.state("processes")
    except OSError:
        return False
    return processes is not None and len(processes) == 2


def test_one_trace_leads_through_the_services(server: Server) -> None:
    answer = server.get("/trace", **B3).json()
    assert (answer["trace"], answer["request_id"]) == (TRACE, "id-1")
    headers = answer["back"]["headers"]
    assert (headers["x-b3-traceid"], headers["x-request-id"]) == (TRACE, "id-1")
    assert headers["x-b3-spanid"] != B3["x-b3-spanid"]
    assert headers["host"] == "back:9080"


def test_the_spans_of_a_trace_hang_below_each_other(server: Server) -> None:
    if importlib.util.find_spec("opentelemetry.sdk") is None:
        pytest.skip("opentelemetry-sdk is not installed (extra otel)")
    trace = "1".zfill(32)
    answer = server.get("/trace", **{**B3, "x-b3-traceid": trace}).json()
    sent = answer["back"]["headers"]["x-b3-spanid"]

    def reported() -> dict[str, Any]:
        found = [json.loads(line) for line in server.spans.read_text().splitlines()]
        return {kind: (span, above) for of, kind, span, above in found if of == trace}

    until(lambda: len(reported()) == 2)
    (ours, above), client = reported()["SERVER"], reported()["CLIENT"]
    assert above == B3["x-b3-spanid"]
    assert client == (sent, ours)


def test_a_canary_has_its_users(server: Server) -> None:
    names = [f"outbound|9080|{version}|reviews.default.svc.cluster.local" for version in ("v1", "v2")]
    split = WeightedSplit(dict(zip(names, (75, 25), strict=True)))
    users = [f"user-{number}" for number in range(40)]
    seen = {user: server.get("/reviews/7", "reviews", x_user=user).json()["port"] for user in users}
    assert seen == {user: server.reviews[names.index(split.pick(user))].port for user in users}
    assert set(seen.values()) == {origin.port for origin in server.reviews}


def test_a_fault_meets_who_asks_for_it(server: Server) -> None:
    answer = server.get("/", x_chaos="yes")
    assert (answer.status, answer.body) == (418, b"fault filter abort")
    assert server.get("/").status == 200


def test_an_endpoint_that_fails_is_left_alone_by_all_workers(server: Server) -> None:
    broken, whole = server.ratings
    broken.status = 503
    assert [server.get("/", "ratings").status for _ in range(20)] == [200] * 20
    assert (len(broken.seen), len(whole.seen)) == (3, 20)


def test_a_limit_is_one_of_all_workers(server: Server) -> None:
    with ThreadPoolExecutor(20) as pool:
        seen = Counter(answer.status for answer in pool.map(lambda _: server.get("/limited"), range(60)))
    assert seen == {200: 20, 429: 40}


def test_a_client_that_leaves_gives_the_endpoint_back(server: Server) -> None:
    if server.name.endswith(("sync", "gthread", "wsgi")):
        pytest.skip("WSGI does not tell an app that its client has left")
    hold = server.back.hold = threading.Event()
    seen = len(server.back.seen)
    connection = server.send("/held", "back")  # it is the middleware that forwards
    until(lambda: len(server.back.seen) > seen)
    assert server.state("active") == 1
    connection.close()
    until(lambda: server.state("active") == 0)
    hold.set()


def test_a_websocket_is_forwarded(server: Server) -> None:
    speaks = (
        any(map(importlib.util.find_spec, ("websockets", "wsproto"))) if "uvicorn" in server.name else True
    )
    if server.name.endswith(("sync", "gthread", "wsgi")) or not speaks:
        pytest.skip("it speaks no WebSocket")
    words = ["hello", "ä" * 70_000, ""]
    assert said_to(server.port, "chat:9080", words) == words


def test_a_worker_that_is_killed_leaves_nothing_behind(server: Server) -> None:
    """Last: of the workers that the others have met one is gone afterwards."""
    if server.name == "gunicorn-sync":
        pytest.skip(
            "its workers serve one request at a time, so that none is left to ask beside two that hold"
        )
    back, hold = server.back, threading.Event()
    back.seen.clear()
    back.hold = hold
    with ThreadPoolExecutor(10) as pool:
        try:
            held = [pool.submit(server.get, "/held") for _ in range(4)]
            until(lambda: len(back.seen) == 4)
            assert server.get("/held").status == 503  # max_requests, of both workers together
            assert server.state("active") == 4
            holders = Counter(int(seen["headers"]["x-pid"]) for seen in back.seen)
            victim, lost = holders.most_common(1)[0]
            os.kill(victim, signal.SIGKILL)
            until(lambda: server.state("active") == 4 - lost)
            assert victim not in server.state("processes")
            again = [pool.submit(server.get, "/held") for _ in range(lost)]
            until(lambda: len(back.seen) == 4 + lost)
            assert server.get("/held").status == 503
            until(lambda: len(server.state("processes")) == 2)  # there is another worker
            assert {server.get("/limited").status for _ in range(10)} == {429}
        finally:
            hold.set()
        assert Counter(one.result().status for one in held) == +Counter({0: lost, 200: 4 - lost})
        assert {one.result().status for one in again} == {200}
    until(lambda: server.state("active") == 0)
