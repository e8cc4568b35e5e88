"""meshcore.health.plan: what checks of Istio's clusters ask for, and where that comes behind a middleware."""

from __future__ import annotations

from dataclasses import replace

import pytest
from mesh_support import REVIEWS, config_of, in_loop, mesh_of, rules, service

from meshcore.health import with_health_checks
from meshcore.health.plan import plan
from meshcore.health.probes.http1 import Http1Probe
from meshcore.integrations.asgi import MeshMiddleware
from meshcore.model import (
    Config,
    GrpcHealthCheck,
    HealthCheck,
    HttpHealthCheck,
    TcpHealthCheck,
)

HOST = "reviews.default.svc.cluster.local"
HTTP = HttpHealthCheck("/healthz")
CONFIG = config_of(service("reviews", 9080))


def asked(config: Config, check: HttpHealthCheck = HTTP) -> bytes:
    (job,) = plan(with_health_checks(config, {config.clusters[0].name: HealthCheck(check)}), {}, {}).values()
    assert isinstance(job.check.checker, HttpHealthCheck)
    probe = Http1Probe(job.check.checker, job.target, reuse=True)
    probe.begin()
    return probe.outgoing()


def only(name: str, as_name: str = "") -> Config:
    (cluster,) = [it for it in CONFIG.clusters if it.name == name]
    return Config((), (replace(cluster, name=as_name or name),))


@pytest.mark.parametrize("host", ["", "own.example"])
def test_the_service_is_asked_for_and_the_check_names_itself(host: str) -> None:
    assert asked(only(REVIEWS), replace(HTTP, host=host)).split(b"\r\n")[:4] == [
        b"GET /healthz HTTP/1.1",
        b"host: " + (host or HOST).encode(),
        b"user-agent: Envoy/HC",
        b"x-meshcore-caller: health-check",
    ]


def test_a_cluster_of_envoys_is_asked_as_by_envoy() -> None:
    assert asked(only(REVIEWS, "c")) == b"GET /healthz HTTP/1.1\r\nhost: c\r\nuser-agent: Envoy/HC\r\n\r\n"


@pytest.mark.parametrize("how", [GrpcHealthCheck(), TcpHealthCheck()])
def test_other_kinds_of_checks(how: GrpcHealthCheck | TcpHealthCheck) -> None:
    (job,) = plan(with_health_checks(only(REVIEWS), {REVIEWS: HealthCheck(how)}), {}, {}).values()
    assert job.target.authority == HOST
    if isinstance(job.check.checker, GrpcHealthCheck):
        assert [it.name for it in job.check.checker.initial_metadata] == ["x-meshcore-caller"]


@in_loop
async def test_a_check_comes_to_the_app_past_the_routes() -> None:
    faults = "fault: {abort: {httpStatus: 500, percentage: {value: 100}}}, HERE"
    with mesh_of(service("reviews", 9080), rules("reviews", faults)) as mesh:
        lines = [line.split(b": ") for line in asked(only(REVIEWS)).split(b"\r\n")[1:] if line]
        answers = []

        async def app(scope: object, receive: object, send: object) -> None:
            answers.append("app")
            await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
            await send({"type": "http.response.body"})  # type: ignore[operator]

        async def receive() -> dict[str, object]:
            return {"type": "http.request"}

        async def send(message: dict[str, object]) -> None:
            answers.append(message.get("status"))

        scope = {"type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": "/healthz"}
        scope |= {"query_string": b"", "headers": lines, "client": ("127.0.0.1", 1), "server": ("::1", 9080)}
        await MeshMiddleware(app, mesh=mesh)(scope, receive, send)
    assert answers[:2] == ["app", 200]


@pytest.mark.parametrize(
    ("check", "told"),
    [
        ("/healthz", f"the check of '{REVIEWS}' is '/healthz'; expected a meshcore.model.HealthCheck"),
        (HealthCheck("/healthz"), f"the checker of '{REVIEWS}' is '/healthz'; expected a HttpHealthCheck"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_check_is_told_at_once(check: HealthCheck, told: str) -> None:
    with pytest.raises(TypeError) as error:
        with_health_checks(CONFIG, {REVIEWS: check})
    assert str(error.value).startswith(told)
