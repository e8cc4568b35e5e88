"""examples/mitmproxy-addon: what the add-on makes of mitmproxy's own flows, and the example as a whole.

It runs where mitmproxy is installed; tests/test_mitmproxy.py says where that is.
"""

from __future__ import annotations

import asyncio
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip(
    "mitmproxy", reason="mitmproxy is not in this environment, whose packages clash with what it pins"
)
from mesh_support import config_of, rules, service
from mitmproxy import exceptions
from mitmproxy.http import Headers, HTTPFlow
from mitmproxy.test import taddons, tflow, tutils

from meshcore.mesh import Mesh

EXAMPLE = Path(__file__).parent.parent / "examples" / "mitmproxy-addon"
RULES = (
    "match: [{uri: {prefix: /v1/}}], rewrite: {uri: /, authority: inner}, "
    "headers: {request: {add: {x-in: a}}, response: {add: {x-out: b}, remove: [x-origin]}}, HERE",
    "match: [{uri: {exact: /moved}}], redirect: {uri: /new}",
    "match: [{uri: {exact: /health}}], directResponse: {status: 207, body: {string: well}}",
    "match: [{uri: {exact: /abort}}], fault: {abort: {httpStatus: 418, percentage: {value: 100}}}, HERE",
    "match: [{uri: {exact: /late}}], fault: {delay: {fixedDelay: 60s, percentage: {value: 100}}}, HERE",
)
EJECT = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews}
spec:
  host: reviews
  trafficPolicy: {outlierDetection: {consecutive5xxErrors: 1, maxEjectionPercent: 100}}
"""


def module() -> Any:
    spec = importlib.util.spec_from_file_location("mitmproxy_addon", EXAMPLE / "addon.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.fixture
def addon() -> Iterator[Any]:
    """The add-on, with a mesh of reviews at port 9."""
    found = module().MeshAddon()
    reviews = service("reviews", 9).split("---")[0]  # without its DestinationRule
    found.mesh = Mesh(config_of(reviews, EJECT, rules("reviews", *RULES)))
    yield found
    found.done()


def flow_to(path: str, *, host: str = "reviews:9080", **more: Any) -> HTTPFlow:
    name, _, port = host.partition(":")
    request = tutils.treq(
        host=name, port=int(port), path=path.encode(), authority=b"", headers=((b"host", host.encode()),)
    )
    for key, value in more.items():
        setattr(request, key, value)
    return tflow.tflow(req=request)


def ask(addon: Any, flow: HTTPFlow) -> HTTPFlow:
    asyncio.run(addon.requestheaders(flow))
    return flow


def active(addon: Any) -> int:
    (reviews,) = (it for it in addon.mesh.engine.clusters() if "reviews" in it["name"])
    return int(reviews["endpoints"][0]["active_requests"])


def ejected(addon: Any) -> bool:
    (reviews,) = (it for it in addon.mesh.engine.clusters() if "reviews" in it["name"])
    return bool(reviews["endpoints"][0]["ejected"])


def test_a_flow_goes_to_an_endpoint_as_the_rules_make_it(addon: Any) -> None:
    flow = ask(addon, flow_to("/v1/7?a=b"))
    request = flow.request
    assert (request.host, request.port, request.path) == ("127.0.0.1", 9, "/7?a=b")
    assert request.headers["host"] == "inner"
    assert request.headers["x-in"] == "a"
    assert flow.response is None
    assert active(addon) == 1
    flow.get_state()  # mitmdump -w writes it, whatever we know of it
    flow.response = tutils.tresp(headers=((b"x-origin", b"1"), (b"set-cookie", b"a"), (b"set-cookie", b"b")))
    addon.responseheaders(flow)
    assert flow.response.headers["x-out"] == "b"
    assert "x-origin" not in flow.response.headers
    assert flow.response.headers.get_all("set-cookie") == ["a", "b"]
    addon.response(flow)
    assert active(addon) == 0
    assert addon.open == {}


def test_http_2_has_an_authority_in_place_of_a_host(addon: Any) -> None:
    flow = ask(addon, flow_to("/v1/7", http_version="HTTP/2.0", authority="reviews:9080", headers=Headers()))
    assert flow.request.authority == "inner"
    assert "host" not in flow.request.headers


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [("/moved", 301, b""), ("/health", 207, b"well"), ("/abort", 418, b"fault filter abort")],
)
def test_what_the_mesh_answers_comes_from_no_endpoint(
    addon: Any, path: str, status: int, body: bytes
) -> None:
    flow = ask(addon, flow_to(path))
    assert flow.response is not None
    assert (flow.response.status_code, flow.response.content) == (status, body)
    assert flow.request.host == "reviews"
    headers = flow.response.headers.fields
    addon.responseheaders(flow)  # mitmproxy calls both for any answer
    addon.response(flow)
    assert flow.response.headers.fields == headers
    assert active(addon) == 0


def test_a_delay_is_waited_for(addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    slept = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    assert ask(addon, flow_to("/late")).request.host == "127.0.0.1"
    assert slept == [60.0]


def test_hosts_that_the_mesh_does_not_know_are_left_alone(addon: Any) -> None:
    flow = flow_to("/a?b", host="other.example:80")
    before = flow.get_state()
    assert ask(addon, flow).get_state() == before
    addon.response(flow)
    assert addon.open == {}


def test_an_endpoint_that_fails_is_told_of(addon: Any) -> None:
    flow = ask(addon, flow_to("/"))
    flow.error = tflow.terr()
    addon.error(flow)
    assert ejected(addon)
    assert active(addon) == 0


def test_a_client_that_leaves_is_not_charged_to_the_endpoint(addon: Any) -> None:
    flow = ask(addon, flow_to("/"))
    flow.client_conn.state = flow.client_conn.state.CLOSED
    flow.error = tflow.terr()
    addon.error(flow)
    assert not ejected(addon)
    assert active(addon) == 0


def test_the_documents_are_an_option(tmp_path: Path) -> None:
    addon = module().MeshAddon()
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(service("reviews", 9))
    bad.write_text(service("reviews", 9).replace("hosts", "hsots"))
    with taddons.context(addon) as context:
        assert ask(addon, flow_to("/")).request.host == "reviews"  # there is no mesh yet
        context.configure(addon, mesh=[str(good)])
        with pytest.raises(exceptions.OptionsError, match=r"bad\.yaml.*hsots"):
            context.configure(addon, mesh=[str(bad)])
        assert ask(addon, flow_to("/")).request.host == "127.0.0.1"  # what was good still serves
        addon.done()


def test_the_example_keeps_its_promises() -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLE / "run.py")], capture_output=True, encoding="utf-8", timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("✓") == 10
