"""meshcore.mesh: the life of a mesh, and what it serves."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from mesh_support import PATIENCE, REVIEWS, config_of, in_loop, mesh_of, rules, service

from meshcore import ConfigError, Node, load_text
from meshcore.mesh import Mesh
from meshcore.mesh.view import misspelt, own, unknown

OLD = rules("reviews", "redirect: {uri: /old}, match: [{uri: {exact: /moved}}]")
NEW = rules("reviews", "redirect: {uri: /new}, match: [{uri: {exact: /moved}}]")

SUBSET = REVIEWS.replace("||", "|v2|")
V2 = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: subsets}
spec: {host: reviews, subsets: [{name: v2, labels: {version: v2}}]}
"""


#: Nothing listens at the endpoint.
CHECKED = """
static_resources:
  clusters:
  - name: checked
    load_assignment:
      cluster_name: checked
      endpoints:
      - lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 1}}}}]
    health_checks:
    - {timeout: 1s, interval: 60s, unhealthy_threshold: 1, healthy_threshold: 1, tcp_health_check: {}}
"""


def documents(rule: str) -> str:
    return service("reviews", 1) + "\n---\n" + rule


def location(mesh: Mesh) -> str | None:
    with mesh.engine.decide("GET", "reviews:9080", "/moved") as decision:
        return decision.location


@pytest.fixture(autouse=True)
def others() -> Iterator[None]:
    """Threads of other tests are none of ours."""
    _others.update(threading.enumerate())
    yield
    _others.clear()


_others: set[threading.Thread] = set()


def threads() -> list[str]:
    """Those that a mesh has begun."""
    ours = set(threading.enumerate()) - _others
    return sorted(one.name for one in ours if one.name.startswith("meshcore"))


@pytest.mark.parametrize(
    ("name", "namespace", "ours"),
    [
        ("reviews", "default", True),
        ("reviews.default", "other", True),
        ("reviews.default.svc.cluster.local", "other", True),
        ("reviews", "other", False),
        ("review", "default", False),
        ("ratings", "default", False),
        (None, "default", False),
    ],
)
def test_the_own_clusters_are_known_by_the_services_name(name: str, namespace: str, ours: bool) -> None:
    config = config_of(service("reviews", 1), OLD)
    assert (REVIEWS in own(config, name, namespace).clusters) is ours


@pytest.mark.parametrize(
    ("service_name", "cluster", "called", "uncalled"),
    [
        ("reviews", REVIEWS, "inbound|9080||", None),
        ("reviews", SUBSET, "inbound|9080||", REVIEWS),
        ("reviews", "PassthroughCluster", "inbound|9080||", None),
        ("other", SUBSET, "other", None),  # the documents say nothing of it
        (None, SUBSET, "inbound|9080||", None),
        (None, "PassthroughCluster", None, None),
    ],
)
def test_what_the_app_answers_is_called(
    service_name: str | None, cluster: str, called: str | None, uncalled: str | None
) -> None:
    found = own(config_of(service("reviews", 1), V2), service_name, "default")
    assert (found.name(cluster, called=True), found.name(cluster, called=False)) == (called, uncalled)


def test_of_an_envoy_configuration_the_cluster_has_the_services_name() -> None:
    config = config_of("name: t\nvirtual_hosts: []\n")
    assert own(config, "app", "default").clusters == frozenset()


@pytest.mark.parametrize(
    ("name", "namespace", "near"),
    [
        ("revews", "default", "'reviews'"),
        ("reviews", "prod", "'reviews.default'"),
        ("reviews.defalt", "prod", "'reviews.default'"),
    ],
)
def test_a_name_like_that_of_a_service_is_misspelt(name: str, namespace: str, near: str) -> None:
    config = config_of(service("reviews", 1), OLD)
    told = f"no service {name!r} of namespace {namespace!r} in the configuration; did you mean {near}?"
    assert misspelt(config, name, namespace) == told
    assert misspelt(config, "reviews.default", namespace) == ""
    assert misspelt(config, "shop", namespace) == ""  # it calls others, and nothing is said of itself


def test_of_envoys_documents_a_service_is_a_cluster() -> None:
    cluster = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
    config = config_of(f"'@type': {cluster}\nname: api\ntype: STATIC\n")
    assert (
        misspelt(config, "apii", "default") == "no cluster 'apii' in the configuration; did you mean 'api'?"
    )
    assert unknown(config, "shop", "default") == "no cluster 'shop' in the configuration, which has api"


def test_a_misspelt_service_of_a_middleware_is_told(caplog: pytest.LogCaptureFixture) -> None:
    mesh = mesh_of(documents(OLD))
    mesh.serve("reviews")
    assert caplog.messages == []
    mesh.serve("revews")
    mesh.swap(config_of(documents(NEW)))
    assert len(caplog.messages) == 2
    assert all("did you mean 'reviews'?" in message for message in caplog.messages)


@pytest.mark.parametrize("name", ["reveiws", "reviews.defalt"])
def test_a_misspelt_service_of_a_process_that_only_calls_is_told_once(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    mesh = mesh_of(documents(OLD), service=name)
    (told,) = caplog.messages
    assert f"no service {name!r} of namespace 'default' in the configuration; did you mean 'reviews" in told
    mesh.serve(name)  # with a middleware around its app, too
    assert caplog.messages == [told]


@pytest.mark.parametrize("name", ["shop", "reviews", "reviews-v2", "shop.default.svc.cluster.local"])
def test_a_process_that_only_calls_need_not_be_known(name: str, caplog: pytest.LogCaptureFixture) -> None:
    mesh_of(documents(OLD), service=name).swap(config_of(documents(NEW)))
    assert caplog.messages == []


def test_warnings_of_documents_are_logged_when_they_are_new(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "mesh.yaml"
    path.write_text(documents(OLD))
    mesh = Mesh.load(path)
    assert (mesh.warnings, caplog.messages) == ((), [])
    path.write_text(documents(OLD) + "\n---\n" + rules("ratings"))
    mesh.reload()
    told = [str(warning) for warning in mesh.warnings]
    assert caplog.messages == told
    assert f"{path}:" in told[0]
    assert "no service 'ratings.default.svc.cluster.local'" in told[0]
    path.write_text("\n" + path.read_text())
    mesh.reload()
    assert caplog.messages == told
    told += [str(warning) for warning in Mesh.load(path).warnings]
    assert caplog.messages == told
    assert {(record.name, record.levelname) for record in caplog.records} == {("meshcore.mesh", "WARNING")}


def test_a_request_that_passes_by_its_port_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    other = service("ratings", 2).replace("number: 9080", "number: 80")
    mesh = mesh_of(documents(OLD), other)
    for authority in ("example.com", "example.com:80", "reviews:80", "reviews:81", "[::1]:80", "REVIEWS:443"):
        mesh.passing(authority)
    assert caplog.messages == [
        "a request for reviews:80 goes past the mesh: port 80 is that of other services, "
        "and reviews is known at port 9080 alone",
    ]
    mesh.engine.update_endpoints(REVIEWS, ["127.0.0.1:3"])
    assert mesh.view().ports_of("ratings") == (80,)


def test_a_request_that_passes_by_a_slip_in_its_host_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    mesh = mesh_of(documents(OLD))
    slips = ("reviws:9080", "reviws.default", "reviews.defalt.svc")
    for authority in (*slips, "reviws", "redis", "reviws.example", "ratings.default"):
        mesh.passing(authority)
    told = "a request for {} goes past the mesh, which has no such host; did you mean {!r}?"
    assert caplog.messages == [
        told.format("reviws:9080", "reviews"),
        told.format("reviws.default", "reviews.default"),
        told.format("reviews.defalt.svc", "reviews.default.svc"),
    ]
    for number in range(2000):  # whatever comes, memory is bounded
        mesh.passing(f"host-{number}.example")
    assert len(mesh._passing) == 1000


def test_a_request_that_passes_by_its_namespace_is_told(caplog: pytest.LogCaptureFixture) -> None:
    mesh = Mesh(load_text(documents(OLD), node=Node("shop")), node=Node("shop"))
    mesh.passing("reviews:9080")
    mesh.passing("ratings")
    assert caplog.messages == [
        "a request for reviews:9080 goes past the mesh, which has no such host; did you mean "
        "'reviews.default'? (this process is in namespace 'shop', see node=Node('default'))"
    ]


def test_a_middleware_of_a_service_that_is_not_known_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "meshcore.mesh")
    mesh = mesh_of(documents(OLD))
    mesh.serve("shop")
    assert caplog.messages == [
        "no service 'shop' of namespace 'default' in the configuration, which has reviews: requests for those"
        " are forwarded, and all others are for the app"
    ]
    mesh_of("{apiVersion: v1, kind: Namespace, metadata: {name: shop}}").serve("shop")
    assert len(caplog.messages) == 1


def test_documents_that_name_no_service_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "mesh.yaml"
    path.write_text("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: reviews}\n")
    Mesh.load(path)
    assert caplog.messages == ["the documents name no service; left aside were: Deployment default/reviews"]


def test_threads_begin_once_and_end(tmp_path: Path) -> None:
    path = tmp_path / "mesh.yaml"
    path.write_text(documents(OLD))
    mesh = Mesh.load(path, service="reviews")
    assert threads() == []
    with mesh:
        mesh.start()
        assert threads() == ["meshcore-documents"]
    assert threads() == []
    assert location(mesh) == "http://reviews:9080/old"


def test_files_that_are_read_once_have_no_watcher(tmp_path: Path) -> None:
    path = tmp_path / "mesh.yaml"
    path.write_text(documents(OLD))
    with Mesh.load(path, reload_interval=0, health_checks=False):
        assert threads() == []


def test_endpoints_are_checked_from_when_a_configuration_asks_for_it() -> None:
    with mesh_of(documents(OLD)) as mesh:
        assert threads() == []
        mesh.swap(load_text(CHECKED))
        assert threads() == ["meshcore-health"]
        mesh.swap(config_of(documents(NEW)))
        mesh.swap(load_text(CHECKED))
        assert threads() == ["meshcore-health"]
    assert threads() == []
    with Mesh(load_text(CHECKED), health_checks=False):
        assert threads() == []


@in_loop
async def test_it_is_an_async_context_manager() -> None:
    async with mesh_of(documents(OLD)) as mesh:
        assert mesh.started
        assert location(mesh) == "http://reviews:9080/old"
    assert threads() == []


def test_changed_files_are_served(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "mesh.yaml"
    path.write_text(documents(OLD))
    changed = threading.Event()
    caplog.set_level("INFO", "meshcore.mesh")
    with Mesh.load(path, reload_interval=0.01) as mesh:
        mesh.engine.watch(changed.set)
        path.write_text(documents(NEW))
        assert changed.wait(PATIENCE)
    assert location(mesh) == "http://reviews:9080/new"
    assert mesh.reload_error == ""
    assert caplog.messages == [f"now serving configuration {mesh.engine.config.digest}"]


def test_bad_files_change_nothing_and_are_told(tmp_path: Path) -> None:
    path = tmp_path / "mesh.yaml"
    path.write_text(documents(OLD))
    mesh = Mesh.load(path)
    path.write_text("kind: [")
    with pytest.raises(ConfigError):
        mesh.reload()
    assert location(mesh) == "http://reviews:9080/old"
    path.write_text(documents(NEW))
    mesh.reload()
    assert location(mesh) == "http://reviews:9080/new"


def test_a_mesh_of_a_config_cannot_reload() -> None:
    with pytest.raises(RuntimeError, match="swap"):
        mesh_of(documents(OLD)).reload()


def test_swap_before_and_after_the_start() -> None:
    mesh = mesh_of(documents(OLD))
    mesh.swap(config_of(documents(NEW)))
    assert location(mesh) == "http://reviews:9080/new"
    with mesh:
        mesh.swap(config_of(documents(OLD)))
        assert location(mesh) == "http://reviews:9080/old"
    with mesh:  # begun again, it serves what it was given last
        assert location(mesh) == "http://reviews:9080/old"


def test_a_closed_mesh_is_used_no_more_unless_it_is_started_again() -> None:
    mesh = mesh_of(documents(OLD))
    assert "not started" in repr(mesh)
    mesh.use()  # starts it
    assert mesh.started
    mesh.close()
    mesh.close()
    assert "closed" in repr(mesh)
    with pytest.raises(RuntimeError, match=r"this mesh is closed: .* start\(\) it again"):
        mesh.use()
    with mesh:
        mesh.use()
    mesh = mesh_of(documents(OLD))
    mesh.close()  # before it was ever started
    with pytest.raises(RuntimeError, match="closed"):
        mesh.use()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_forked_process_begins_anew() -> None:
    with Mesh(load_text(CHECKED)) as mesh:
        assert threads() == ["meshcore-health"]
        read, write = os.pipe()
        child = os.fork()
        if not child:
            try:
                before = threads()
                mesh.start()
                after = threads()
                mesh.swap(config_of(documents(NEW)))
                said = f"{before} {after} {location(mesh)}"
            except BaseException as error:
                said = repr(error)
            os.write(write, said.encode())
            os._exit(0)
        os.close(write)
        with open(read, encoding="utf-8") as answer:
            said = answer.read()
        os.waitpid(child, 0)
        assert said == "[] ['meshcore-health'] http://reviews:9080/new"
        assert location(mesh) is None  # the parent has what it had
