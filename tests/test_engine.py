"""The engine's Python face: shapes in and out, lifetimes, leases, swaps, threads and forks."""

from __future__ import annotations

import copy
import gc
import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from meshcore.config import load_text
from meshcore.engine import Decision, Engine, Outcome
from meshcore.model import Config

ROUTES = """
name: table
virtual_hosts:
- name: main
  domains: ["*"]
  response_headers_to_add:
  - header: {key: x-served-by, value: mesh}
  routes:
  - {name: gone, match: {prefix: /gone}, redirect: {host_redirect: b.com, response_code: FOUND}}
  - {name: said, match: {path: /said}, direct_response: {status: 418, body: {inline_string: short and stout}}}
  - {name: empty, match: {prefix: /empty}, route: {cluster: empty}}
  - {name: unknown, match: {prefix: /unknown}, route: {cluster_header: x-cluster}}
  - name: moved
    match: {prefix: /old/}
    route: {cluster: two, prefix_rewrite: /new/, host_rewrite_literal: up.com, timeout: 2.5s}
    request_headers_to_add:
    - {header: {key: x-added, value: "of %REQ(x-user)%"}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}
    request_headers_to_remove: [x-secret]
    response_headers_to_remove: [x-internal]
  - {name: endless, match: {prefix: /endless}, route: {cluster: two, timeout: 0s}}
  - name: split
    match: {prefix: /split}
    route:
      weighted_clusters:
        clusters: [{name: one, weight: 50}, {name: two, weight: 50}]
  - {match: {prefix: /}, route: {cluster: one}}
"""


MANAGER = (
    "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
)


def endpoints(*addresses: str) -> str:
    hosts = (one.rsplit(":", 1) for one in addresses)
    return ", ".join(
        f"{{endpoint: {{address: {{socket_address: {{address: {host}, port_value: {port}}}}}}}}}"
        for host, port in hosts
    )


def listener(name: str, port: int, table: str) -> str:
    indented = table.strip("\n").replace("\n", "\n            ")
    return f"""
  - name: {name}
    address: {{socket_address: {{address: 0.0.0.0, port_value: {port}}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": {MANAGER}
          stat_prefix: x
          generate_request_id: false
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
          route_config:
            {indented}"""


def config(*one: str, ports: tuple[int, ...] = (8080,)) -> Config:
    text = "static_resources:\n  listeners:"
    for port in ports:
        text += listener(f"at-{port}", port, ROUTES)
    text += "\n  clusters:"
    hosts = {"one": one or ("10.0.0.1:80", "10.0.0.2:80"), "two": ("10.0.1.1:80",), "empty": ()}
    for name, found in hosts.items():
        text += (
            f"\n  - {{name: {name}, type: STATIC, load_assignment: {{cluster_name: {name}, "
            f"endpoints: [{{lb_endpoints: [{endpoints(*found)}]}}]}}}}"
        )
    return load_text(text)


CONFIG = config()


@pytest.fixture
def engine() -> Engine:
    return Engine(CONFIG)


def active(engine: Engine) -> dict[str, int]:
    found = [one for cluster in engine.clusters() for one in cluster["endpoints"]]
    return {one["address"]: one["active_requests"] for one in found}


# ---------------------------------------------------------------------- what a decision says


def test_a_forward(engine: Engine) -> None:
    with engine.decide("GET", "a.com", "/old/x?y=1", [("x-user", "jo")]) as d:
        assert d.outcome is Outcome.FORWARD
        assert (d.listener, d.virtual_host, d.route, d.cluster) == ("at-8080", "main", "moved", "two")
        assert d.endpoint == "10.0.1.1:80"
        assert (d.method, d.path, d.authority) == ("GET", "/new/x?y=1", "up.com")
        assert (d.status, d.location, d.body, d.flags, d.details) == (None, None, b"", "", "")
        assert (d.timeout, d.delay, d.mirrors) == (2.5, 0.0, ())
        assert d.route_entry is not None
        assert d.route_entry.name == "moved"
        assert repr(d) == "<Decision forward 10.0.1.1:80 route='moved' cluster='two'>"


def test_a_redirect(engine: Engine) -> None:
    d = engine.decide("GET", "a.com", "/gone?q")
    assert (d.outcome, d.status, d.location) == (Outcome.REDIRECT, 302, "http://b.com/gone?q")
    assert (d.cluster, d.endpoint, d.body, d.details) == (None, None, b"", "direct_response")
    assert d.timeout is None


def test_a_direct_response(engine: Engine) -> None:
    d = engine.decide("GET", "a.com", "/said")
    assert (d.outcome, d.status, d.body) == (Outcome.RESPOND, 418, b"short and stout")
    assert dict(d.response_headers()) == {b"content-type": b"text/plain", b"x-served-by": b"mesh"}


def test_refusals(engine: Engine) -> None:
    d = engine.decide("GET", "a.com", "/empty")
    assert (d.outcome, d.status, d.flags, d.details) == (Outcome.REJECT, 503, "UH", "no_healthy_upstream")
    assert (d.route, d.cluster, d.endpoint, d.body) == ("empty", "empty", None, b"no healthy upstream")
    d = engine.decide("GET", "a.com", "/unknown", {"x-cluster": "nobody"})
    assert (d.outcome, d.status, d.flags, d.details) == (Outcome.REJECT, 503, "NC", "cluster_not_found")
    d = engine.decide("GET", "a.com", "/a#b")
    assert (d.outcome, d.status, d.route, d.virtual_host) == (Outcome.REJECT, 400, None, None)
    assert d.route_entry is None
    d = engine.decide("GET", None, "/")
    assert (d.outcome, d.status, d.details) == (Outcome.REJECT, 400, "missing_host_header")


def test_grpc_clients_get_their_errors_in_headers(engine: Engine) -> None:
    d = engine.decide("POST", "a.com", "/empty", {"content-type": "application/grpc"})
    assert (d.status, d.body) == (200, b"")
    lines = d.response_headers()
    assert (lines["grpc-status"], lines["grpc-message"]) == ("14", "no healthy upstream")


def test_timeouts(engine: Engine) -> None:
    assert engine.decide("GET", "a.com", "/").timeout == 15.0
    assert engine.decide("GET", "a.com", "/endless").timeout is None
    assert engine.decide("GET", "a.com", "/").route == ""


def test_the_authority_may_be_a_host_line(engine: Engine) -> None:
    d = engine.decide("GET", None, "/", [("Host", "a.com")])
    assert (d.outcome, d.authority) == (Outcome.FORWARD, "a.com")
    assert engine.decide("GET", "b.com", "/", [("Host", "a.com")]).authority == "b.com"


def test_bytes_do_as_well(engine: Engine) -> None:
    d = engine.decide(b"GET", b"a.com", b"/old/x", [(b"x-user", b"jo")], scheme=b"http")
    assert (d.method, d.path, d.authority) == ("GET", "/new/x", "up.com")


def test_text_that_nothing_changes_is_the_very_object(engine: Engine) -> None:
    path, authority = "/" + "x" * 50, "a" + ".com"
    d = engine.decide("GET", authority, path)
    assert d.path is path
    assert d.authority is authority


# ---------------------------------------------------------------------- headers in and out

ADDED = [("x-forwarded-proto", "http"), ("x-envoy-expected-rq-timeout-ms", "15000")]


def test_pairs_keep_their_type_order_and_identity(engine: Engine) -> None:
    text = [("B", "1"), ("a", "2"), ("B", "3")]
    found = engine.decide("GET", "a.com", "/", text).request_headers()
    assert found == [*text, *ADDED]
    assert all(mine is given for mine, given in zip(found, text, strict=False))
    raw = [(name.encode(), value.encode()) for name, value in text]
    found = engine.decide("GET", "a.com", "/", tuple(raw)).request_headers()
    assert found == raw + [(name.encode(), value.encode()) for name, value in ADDED]
    assert all(mine is given for mine, given in zip(found, raw, strict=False))


def test_pairs_may_be_lists_and_iterators(engine: Engine) -> None:
    nested: Any = [["a", "1"]]
    assert engine.decide("GET", "a.com", "/", nested).request_headers() == [("a", "1"), *ADDED]
    lines = iter([("a", "1")])
    d = engine.decide("GET", "a.com", "/", lines)
    assert d.request_headers() == d.request_headers(lines) == [("a", "1"), *ADDED]


def test_dicts(engine: Engine) -> None:
    d = engine.decide("GET", "a.com", "/", {"a": "1"})
    assert d.request_headers() == {"a": "1", **dict(ADDED)}
    assert engine.decide("GET", "a.com", "/", {}).request_headers() == dict(ADDED)
    assert d.response_headers([(b"set-cookie", b"a"), (b"set-cookie", b"b")], status=200) == [
        (b"set-cookie", b"a"),
        (b"set-cookie", b"b"),
        (b"x-served-by", b"mesh"),
    ]


def test_multidicts(engine: Engine) -> None:
    multidict = pytest.importorskip("multidict", reason="multidict comes with aiohttp")
    for kind in (multidict.CIMultiDict, multidict.MultiDict):
        given = kind([("A", "1"), ("a", "2")])
        found = engine.decide("GET", "a.com", "/", given).request_headers()
        assert isinstance(found, kind)
        assert list(found.items()) == [("A", "1"), ("a", "2"), *ADDED]
        assert list(given.items()) == [("A", "1"), ("a", "2")]


def test_surrogates_are_the_bytes_that_they_stand_for(engine: Engine) -> None:
    d = engine.decide("GET", "a.com", "/old/x", [("x-user", "jos\udce9"), ("x-secret", "\udcff")])
    found = dict(d.request_headers())
    assert found["x-added"] == "of jos\udce9"
    assert "x-secret" not in found
    assert engine.decide("GET", "a.com", "/\udce9").outcome is Outcome.REJECT  # not ASCII
    assert engine.decide("GET", None, "/\udce9", [("host", "a.com")]).outcome is Outcome.REJECT


@pytest.mark.parametrize("address", ["\udce9", "10.0.0.1\ud800"], ids=["byte", "surrogate"])
def test_addresses_are_of_any_text(engine: Engine, address: str) -> None:
    plain = engine.decide("GET", "a.com", "/old/x", source="x", local="x")
    assert engine.decide("GET", "a.com", "/old/x", source=address).route == plain.route
    assert engine.decide("GET", "a.com", "/old/x", local=address).route == plain.route
    explained = engine.explain("GET", "a.com", "/old/x", source=address, local=address)
    assert explained.outcome == plain.outcome.value


def test_edits(engine: Engine) -> None:
    d = engine.decide("GET", "a.com", "/old/x", {"x-user": "jo", "x-secret": "s", "connection": "close"})
    found = d.request_headers()
    assert found["x-added"] == "of jo"
    assert found["x-envoy-original-path"] == "/old/x"
    assert not {"x-secret", "connection"} & set(found)
    assert d.response_headers({"x-internal": "1", "a": "b"}, status=200) == {"a": "b", "x-served-by": "mesh"}


def test_other_headers_decide_nothing_anew(engine: Engine) -> None:
    picked = []
    for _ in range(4):
        with engine.decide("GET", None, "/", [("host", "a.com")]) as d:
            picked.append(d.endpoint)
            assert d.request_headers([("b", "2"), ("connection", "close")]) == [("b", "2"), *ADDED]
            assert sum(active(engine).values()) == 1
    assert len(set(picked[:2])) == 2  # the turn went on by one, not by two
    assert picked[:2] == picked[2:]


def test_other_headers_that_cannot_be_sent_raise(engine: Engine) -> None:
    d = engine.decide("GET", "a.com", "/")
    with pytest.raises(ValueError, match="too_many_headers"):
        d.request_headers([("a", "b")] * 101)
    with pytest.raises(ValueError, match="cannot be sent"):
        d.request_headers({"a": "b\r\nc: d"})
    assert sum(active(engine).values()) == 1


def test_the_callers_own_headers_may_change(engine: Engine) -> None:
    lines: list[Any] = [["a".upper(), "1" * 3], ("b", "2" * 3)]
    d = engine.decide("GET", "a.com", "/", lines)
    lines[0][1] = None
    lines[1] = ("x", "y")
    del lines[1:]
    gc.collect()
    assert d.request_headers() == [("A", "111"), ("b", "222"), *ADDED]
    lines[:] = [("new", "line")]
    assert d.request_headers(lines) == [("new", "line"), *ADDED]  # asked for with these, it sees these


@pytest.mark.parametrize("others", [[], [("b", "2")] * 50, [["B", "2"]], [("b", "\udcff")], [7]])
@pytest.mark.parametrize("shape", [list, tuple])
def test_what_a_decision_holds_it_lets_go_of(engine: Engine, others: list[Any], shape: type) -> None:
    line, path = ("x-" + "a" * 9, "1" * 9), "/" + "a" * 9
    headers = shape([line, *others])
    held = [*line, line, path, headers]
    before = [sys.getrefcount(one) for one in held]
    if 7 in others:
        with pytest.raises(TypeError):
            engine.decide("GET", "a.com", path, headers)
    else:
        d = engine.decide("GET", "a.com", path, headers)
        assert d.request_headers()[0] is line
        del d
    assert [sys.getrefcount(one) for one in held] == before


def test_undecodable_bytes_beside_lists(engine: Engine) -> None:
    lines: list[Any] = [("A", "\udcff"), ["B", "2"]]
    d = engine.decide("GET", "a.com", "/", lines)
    lines[1][1] = None
    assert d.request_headers() == [("A", "\udcff"), ("B", "2"), *ADDED]


def test_nothing_goes_upstream_of_our_own_answer(engine: Engine) -> None:
    with pytest.raises(ValueError, match="RESPOND"):
        engine.decide("GET", "a.com", "/said").request_headers()


@pytest.mark.parametrize(("count", "status"), [(41, None), (100, None), (101, 431), (5000, 431)])
def test_many_headers(engine: Engine, count: int, status: int | None) -> None:
    d = engine.decide("GET", "a.com", "/", [(f"x-{i}", str(i)) for i in range(count)])
    assert d.status == status
    if status is None:
        assert len(d.request_headers()) == count + len(ADDED)
    else:
        assert d.details == "http1.too_many_headers"
        assert (b"content-type", b"text/plain") in d.response_headers([])


# ---------------------------------------------------------------------- leases


def test_closing_counts_once(engine: Engine) -> None:
    first, second = (engine.decide("GET", "a.com", "/endless") for _ in range(2))
    assert active(engine)["10.0.1.1:80"] == 2
    first.close()
    first.close()
    with first:
        pass
    del first
    assert active(engine)["10.0.1.1:80"] == 1
    second.report(status=200)  # what happened is told, the lease stays
    assert active(engine)["10.0.1.1:80"] == 1
    with pytest.raises(KeyError), second:
        raise KeyError
    assert active(engine)["10.0.1.1:80"] == 0


def test_a_dropped_decision_closes(engine: Engine) -> None:
    d: Decision | None = engine.decide("GET", "a.com", "/endless")
    assert d is not None
    assert d.cluster == "two"
    d = None
    gc.collect()
    assert active(engine)["10.0.1.1:80"] == 0


def test_a_closed_decision_can_still_be_read(engine: Engine) -> None:
    d = engine.decide("GET", "a.com", "/old/x", [("x-user", "jo")])
    d.close()
    assert (d.endpoint, d.path) == ("10.0.1.1:80", "/new/x")
    assert dict(d.request_headers())["x-added"] == "of jo"


def test_a_decision_given_out_again_knows_nothing_of_the_one_before(engine: Engine) -> None:
    many = [("x-request-id", "1"), *((f"x-{i}", "y") for i in range(60))]
    first = engine.decide("GET", "shop.example", "/old", many)
    assert first.request_id == "1"
    assert len(first.request_headers()) > 60
    del first  # its memory is the next one's
    with engine.decide(b"GET", "shop.example", b"/api/x") as second:
        assert second.path == "/api/x"
        assert second.request_id is None
        assert len(second.request_headers()) < 10


def test_what_goes_away_with_a_decision_may_make_others(engine: Engine) -> None:
    made: list[str | None] = []

    class Maker(tuple[bytes, bytes]):
        def __del__(self) -> None:
            made.append(engine.decide("GET", "shop.example", "/api/y").endpoint)

    for count in (1, 70):  # more than are kept
        kept = [engine.decide("GET", "shop.example", "/api/x", [Maker((b"a", b"b"))]) for _ in range(count)]
        assert all(decision.outcome is Outcome.FORWARD for decision in kept)
        kept.clear()
        gc.collect()
        assert len(made) == count
        assert all(made)
        made.clear()
    assert sum(active(engine).values()) == 0


def test_decisions_come_from_the_engine_alone(engine: Engine) -> None:
    with pytest.raises(TypeError, match=r"Engine\.decide"):
        Decision()
    with pytest.raises(TypeError):
        copy.copy(engine.decide("GET", "a.com", "/"))


# ---------------------------------------------------------------------- swaps


def test_a_swap_keeps_turns_and_leases(engine: Engine) -> None:
    first = engine.decide("GET", "a.com", "/")
    engine.swap(config())
    assert active(engine)[str(first.endpoint)] == 1
    second = engine.decide("GET", "a.com", "/")
    assert {first.endpoint, second.endpoint} == {"10.0.0.1:80", "10.0.0.2:80"}
    first.close()
    assert active(engine)[str(first.endpoint)] == 0


def test_old_decisions_outlive_their_configuration() -> None:
    engine = Engine(config())
    d = engine.decide("GET", "a.com", "/old/x", [("x-user", "jo")])
    for _ in range(3):
        engine.swap(config("10.9.9.9:80"))
    del engine
    gc.collect()
    assert (d.cluster, d.endpoint, d.route) == ("two", "10.0.1.1:80", "moved")
    assert dict(d.request_headers())["x-added"] == "of jo"
    d.close()


def test_a_bad_configuration_changes_nothing(engine: Engine) -> None:
    twice = replace(CONFIG, clusters=CONFIG.clusters + CONFIG.clusters[:1])
    with pytest.raises(ValueError, match="one name"):
        engine.swap(twice)
    with pytest.raises(ValueError, match="one name"):
        Engine(twice)
    with pytest.raises(TypeError, match="Config"):
        engine.swap(None)  # type: ignore[arg-type]
    assert engine.config is CONFIG
    assert engine.decide("GET", "a.com", "/").outcome is Outcome.FORWARD


def test_wrong_types() -> None:
    engine = Engine(CONFIG)
    wrong: Any
    for wrong in (1, object(), ["/"], bytearray(b"/")):
        for request in ((wrong, "a", "/"), ("GET", wrong, "/"), ("GET", "a", wrong)):
            with pytest.raises(TypeError):
                engine.decide(*request)
    for wrong in (5, None, [("a", 1)], [(None, "b")], [1], {"a": ["b"]}):
        with pytest.raises(TypeError):
            engine.decide("GET", "a", "/", wrong)
    with pytest.raises(ValueError, match="pair"):
        engine.decide("GET", "a", "/", [("a", "b", "c")])  # type: ignore[arg-type]
    for keywords in ({"port": "80"}, {"seed": 1.5}, {"source": 5}, {"scheme": None}, {"protocol": 1}):
        with pytest.raises(TypeError):
            engine.decide("GET", "a", "/", **keywords)
    with pytest.raises(TypeError, match="Config"):
        Engine("bookinfo.yaml")  # type: ignore[arg-type]
    assert sum(active(engine).values()) == 0


# ---------------------------------------------------------------------- choices


def test_a_seed_makes_decisions_repeatable(engine: Engine) -> None:
    def chosen(seed: int) -> str | None:
        return engine.decide("GET", "a.com", "/split", seed=seed).cluster

    assert [chosen(seed) for seed in (0, 49, 50, 99, 100)] == ["one", "one", "two", "two", "one"]
    assert chosen(2**64 + 50) == "two"  # 64 bits count
    assert {engine.decide("GET", "a.com", "/split").cluster for _ in range(100)} == {"one", "two"}


def test_ports_choose_listeners() -> None:
    engine = Engine(config(ports=(8080, 80, 443)))

    def chosen(authority: str | None, headers: Any = (), **keywords: Any) -> str | None:
        return engine.decide("GET", authority, "/", headers, **keywords).listener

    assert chosen("a.com:443", port=8080) == "at-8080"
    assert chosen("a.com:8080") == "at-8080"
    assert chosen(None, [("Host", "a.com:8080")]) == "at-8080"
    assert chosen("a.com") == "at-80"
    assert chosen("a.com", scheme="https") == "at-443"
    d = engine.decide("GET", "a.com", "/", port=81)
    assert (d.listener, d.status, d.flags) == (None, 404, "NR")


# ---------------------------------------------------------------------- threads and processes


def together(*work: Callable[[], None]) -> None:
    failures: list[BaseException] = []

    def guarded(one: Callable[[], None]) -> None:
        try:
            one()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_threads_decide_while_others_swap(engine: Engine) -> None:
    configs = [config(), config("10.0.0.2:80", "10.0.0.3:80")]

    def decide() -> None:
        for i in range(1500):
            with engine.decide("GET", "a.com", "/old/x" if i % 2 else "/", [("x-user", str(i))]) as d:
                assert d.outcome is Outcome.FORWARD
                found = dict(d.request_headers())
                assert d.cluster == "one" or found["x-added"] == f"of {i}"
                d.response_headers([(b"a", b"b")], status=200)

    def swap() -> None:
        for i in range(40):
            engine.swap(configs[i % 2])

    together(decide, decide, decide, swap, swap)
    assert set(active(engine).values()) == {0}


def drawn(engine: Engine) -> Iterator[int]:
    return (engine.decide("GET", "a.com", "/split").cluster == "one" for _ in range(128))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_children_draw_numbers_of_their_own(engine: Engine) -> None:
    engine.decide("GET", "a.com", "/")  # so that there is something to inherit
    seen = []
    for _ in range(2):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(writer, bytes(drawn(engine)))
            os._exit(0)
        os.close(writer)
        seen.append(os.read(reader, 1000))
        os.close(reader)
        assert os.waitpid(child, 0)[1] == 0
    seen.append(bytes(drawn(engine)))
    assert [len(one) for one in seen] == [128, 128, 128]
    assert len(set(seen)) == 3


def test_the_collector_of_cycles_takes_an_engine_and_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", said.append)

    class Owner:
        """In a cycle with itself, as objects of frameworks often are."""

    table = "".join(f"{{match: {{path: /{n}}}, direct_response: {{status: 204}}}}, " for n in range(1200))
    for routes in ("", table):
        owner: Any = Owner()
        owner.me = owner
        owner.engine = Engine(load_text(f'virtual_hosts: [{{name: v, domains: ["*"], routes: [{routes}]}}]'))
        del owner
        gc.collect()
    assert said == []


def test_a_subclass_that_forgot_to_begin_is_told_so() -> None:
    class Forgetful(Engine):
        def __init__(self) -> None:
            pass

    engine = Forgetful()
    uses: list[Callable[[], object]] = [
        lambda: engine.config,
        lambda: engine.swap(Config(())),
        lambda: engine.decide("GET", "a", "/"),
        lambda: engine.explain("GET", "a", "/"),
        lambda: engine.clusters(),
        lambda: engine.update_endpoints("c", []),
        lambda: engine.set_health("c", "10.0.0.1:80", False),
        lambda: engine.drain("c", "10.0.0.1:80"),
        lambda: engine.pick("c"),
    ]
    for use in uses:
        with pytest.raises(AttributeError, match="NoneType"):
            use()
