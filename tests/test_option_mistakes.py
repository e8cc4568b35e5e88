"""meshcore._options: mistakes in options are told by name, with what was given and what would be right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mesh_support import config_of, service

from meshcore import (
    Engine,
    Mesh,
    Node,
    RateLimiter,
    RingHash,
    TokenBucket,
    WeightedSplit,
    _options,
    load,
    load_text,
)
from meshcore.discovery import ThreadDiscovery
from meshcore.global_limit.guard import Guard
from meshcore.global_limit.rls import RateLimitService, load_limits
from meshcore.health import HealthChecker
from meshcore.integrations.asgi import MeshMiddleware
from meshcore.integrations.wsgi import MeshMiddleware as WsgiMiddleware
from meshcore.proxy import Proxy, ProxyOptions

CONFIG = config_of(service("reviews", 1))
TEXT = service("reviews", 1)
NAN = float("nan")

Make = Callable[..., object]


def mesh(**options: Any) -> object:
    return Mesh(CONFIG, **options)


def text(**options: Any) -> object:
    return load_text(**{"text": TEXT, **options})


def node(**options: Any) -> object:
    return Node(**options)


async def _asgi(scope: Any, receive: Any, send: Any) -> None: ...


def _wsgi(environ: Any, start: Any) -> list[bytes]:
    return []


def asgi(**options: Any) -> object:
    return MeshMiddleware(**{"app": _asgi, "mesh": Mesh(CONFIG), **options})


def wsgi(**options: Any) -> object:
    return WsgiMiddleware(**{"app": _wsgi, "mesh": Mesh(CONFIG), **options})


def proxy(**options: Any) -> object:
    return Proxy(**{"engine": CONFIG, **options})


def limiter(**options: Any) -> object:
    return RateLimiter(**{"max_tokens": 1, "tokens_per_fill": 1, "fill_interval": 1.0, **options})


def bucket(**options: Any) -> object:
    return TokenBucket(**{"max_tokens": 1, "tokens_per_fill": 1, "fill_interval": 1.0, **options})


def guard(**options: Any) -> object:
    return Guard(lambda error: None, **options)


def checker(**options: Any) -> object:
    return HealthChecker(**{"engine": Engine(CONFIG), **options})


def discovery(**options: Any) -> object:
    return ThreadDiscovery(**{"engine": Engine(CONFIG), **options})


def split(**options: Any) -> object:
    return WeightedSplit(**options)


def ring(**options: Any) -> object:
    return RingHash(**{"hosts": ["a"], **options})


LIMITS = {"domain": "shop", "descriptors": [{"key": "user"}]}


def limits(**options: Any) -> object:
    return load_limits(**{"sources": LIMITS, **options})


def rls(**options: Any) -> object:
    return RateLimitService(**{"config": load_limits(LIMITS), **options})


SERVICES = "a dict of services, such as {'reviews': [{'address': '127.0.0.1', 'port': 9081}]}"
SERVICE = "the name of a service, such as 'reviews', or None where it only calls others"


@pytest.mark.parametrize(
    ("make", "option", "wrong", "told"),
    [
        (mesh, "service", 5, f"service is 5; expected {SERVICE}"),
        (mesh, "service", "", f"service is ''; expected {SERVICE}"),
        (mesh, "node", "shop", "node is 'shop'; expected a meshcore.Node"),
        (mesh, "health_checks", "false", "health_checks is 'false'; expected True or False"),
        (mesh, "resolver", "dns", "resolver is 'dns'; expected a resolver, such as meshcore.discovery.Def"),
        (mesh, "runtime_dir", 7, "runtime_dir is 7; expected the path of a folder"),
        (mesh, "runtime_dir", "", "runtime_dir is ''; expected the path of a folder"),
        (mesh, "dns_wait", "10s", "dns_wait is '10s'; expected seconds, 0 or more"),
        (mesh, "dns_wait", NAN, "dns_wait is nan; expected seconds, 0 or more"),
        (mesh, "callers", "10.0.0.0/8", "callers is '10.0.0.0/8'; expected networks, such as ('10.0.0.0/8'"),
        (mesh, "callers", [7], "callers[0] is 7; expected a text; of callers: networks"),
        (text, "text", TEXT.encode(), "expected YAML or JSON as a str; of bytes text.decode()"),
        (text, "name", None, "name is None; expected a name for findings"),
        (text, "node", {}, "node is {}; expected a meshcore.Node"),
        (text, "endpoints", 7, f"endpoints is 7; expected a path (str or os.PathLike), or {SERVICES}"),
        (text, "endpoints", [{"address": "::1"}], "endpoints is [{'address': '::1'}]; expected a path"),
        (text, "endpoints", "", "endpoints is ''; expected a path"),
        (text, "mesh_config", 5, "or a dict of Istio's MeshConfig"),
        (text, "ignore_kinds", "Sidecar", "ignore_kinds is 'Sidecar'; expected names of kinds, such as ('"),
        (text, "runtime", [], "runtime is []; expected a dict of runtime keys"),
        (node, "namespace", "", "namespace is ''; expected the name of a namespace"),
        (node, "labels", "app=a", "labels is 'app=a'; expected a dict of labels, such as {'app': 'reviews'}"),
        (node, "labels", {"version": 2}, "labels['version'] is 2; expected a text"),
        (node, "gateway", 7, "gateway is 7; expected 'NAMESPACE/NAME', or '*'"),
        (node, "cluster_domain", None, "cluster_domain is None; expected a domain"),
        (asgi, "mesh", "mesh.yaml", "mesh is 'mesh.yaml'; expected a meshcore.Mesh (see Mesh.load)"),
        (asgi, "service", 5, f"service is 5; expected {SERVICE}"),
        (wsgi, "mesh", CONFIG, "mesh is of type Config; expected a meshcore.Mesh"),
        (wsgi, "service", "", f"service is ''; expected {SERVICE}"),
        (proxy, "engine", "mesh.yaml", "engine is 'mesh.yaml'; expected a meshcore.Engine"),
        (proxy, "listen", "127.0.0.1:80", "listen is '127.0.0.1:80'; expected a list of addresses"),
        (proxy, "listen", [8080], "listen[0] is 8080; expected a host and a port"),
        (proxy, "listen", ["a:1"], "listen[0] is 'a:1'; expected a host and a port"),
        (proxy, "listen", [("a", "1")], "listen[0][1] is '1'; expected an int"),
        (proxy, "listen", [("a", 99999)], "listen[0][1] is 99999; expected 0 to 65,535"),
        (proxy, "listen", [("a", 1, -1)], "listen[0][2] is -1; expected 0 to 65,535"),
        (proxy, "listen", [(None, 1)], "listen[0][0] is None; expected a host"),
        (proxy, "admin", 15000, "admin is 15000; expected a host and a port, such as ('127.0.0.1', 8080)"),
        (proxy, "admin", ("a", 1, 2), "admin is ('a', 1, 2); expected a host and a port"),
        (proxy, "access_log", "-", "access_log is '-'; expected a function"),
        (proxy, "options", {}, "options is {}; expected meshcore.proxy.ProxyOptions"),
        (proxy, "name", 7, "name is 7; expected visible ASCII without a comma, or None"),
        (proxy, "name", "a,b", "name is 'a,b'; expected visible ASCII without a comma, or None"),
        (proxy, "name", "a\r\nx: y", "expected visible ASCII without a comma, or None"),
        (proxy, "name", "caf\xe9", "expected visible ASCII without a comma, or None"),
        (proxy, "resolver", object, "resolver is the class object; expected a resolver"),
        (proxy, "health_checks", 0, "health_checks is 0; expected True or False"),
        (proxy, "runtime_dir", [], "runtime_dir is []; expected the path of a folder"),
        (proxy, "service", None, "service is None; expected the name that spans tell"),
        (proxy, "sleep", 1.0, "sleep is 1.0; expected a coroutine function"),
        (proxy, "now", 1.0, "now is 1.0; expected a function that returns seconds"),
        (ProxyOptions, "connect_timeout", "5s", "connect_timeout is '5s'; expected seconds, 0 or more"),
        (ProxyOptions, "max_headers", 0, "max_headers is 0; expected 1 or more"),
        (ProxyOptions, "buffer_size", 1.5, "buffer_size is 1.5; expected an int"),
        (ProxyOptions, "max_mirrors", -1, "max_mirrors is -1; expected 0 or more"),
        (limiter, "name", 7, "name is 7; expected a name, str or bytes"),
        (limiter, "clock", 7, "clock is 7; expected a function that returns seconds"),
        (bucket, "clock", 7, "clock is 7; expected a function that returns seconds"),
        (guard, "timeout", "1s", "timeout is '1s'; expected seconds, more than 0"),
        (guard, "open_time", 0, "open_time is 0; expected seconds, more than 0"),
        (guard, "failure_mode_deny", "no", "failure_mode_deny is 'no'; expected True or False"),
        (guard, "consecutive_failures", NAN, "consecutive_failures is nan; expected an int"),
        (checker, "engine", None, "engine is None; expected a meshcore.Engine"),
        (checker, "shared", 7, "shared is 7; expected the path of a folder"),
        (discovery, "engine", "rules.yaml", "engine is 'rules.yaml'; expected a meshcore.Engine"),
        (discovery, "resolver", "dns", "resolver is 'dns'; expected a resolver"),
        (split, "weights", [90, 10], "weights is [90, 10]; expected a dict of weights by destination"),
        (
            ring,
            "hosts",
            {"a": 9},
            "hosts is {'a': 9}; expected a list of addresses; their weights are weights=",
        ),
        (ring, "hosts", 7, "hosts is 7; expected a list of addresses, such as ['10.0.0.1:80'"),
        (ring, "weights", 7, "weights is 7; expected a number for each host"),
        (limits, "sources", 7, "sources is 7; expected a path, a parsed document (a mapping), or several"),
        (limits, "merge_domains", "no", "merge_domains is 'no'; expected True or False"),
        (rls, "config", LIMITS, "expected what load_limits() returns"),
        (rls, "capacity", "many", "capacity is 'many'; expected an int"),
        (rls, "shadow_mode", "on", "shadow_mode is 'on'; expected True or False"),
        (rls, "response_headers", "ratelimit", "response_headers is 'ratelimit'; expected some of ['ratel"),
        (rls, "clock", 7, "clock is 7; expected a function that returns seconds"),
    ],
)
def test_a_mistake_is_told(make: Make, option: str, wrong: object, told: str) -> None:
    with pytest.raises((TypeError, ValueError)) as error:
        make(**{option: wrong})
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("paths", "told"),
    [
        (7, "paths is 7; expected a path, a parsed document (a mapping), or several of them in a list"),
        (b"a.yaml", "paths is b'a.yaml'; expected a path"),
        ("", "paths is ''; expected a path (str or os.PathLike), or a parsed document (a mapping)"),
        (["a.yaml", None], "paths[1] is None; expected a path"),
        ("a: 1\n", "; a text of documents goes with load_text()"),
    ],
)
def test_paths_that_are_none(paths: Any, told: str) -> None:
    with pytest.raises((TypeError, ValueError)) as error:
        load(paths)
    assert told in str(error.value)


def test_what_is_served_is_a_config() -> None:
    for serve in (Mesh, Mesh(CONFIG).swap, Proxy(CONFIG).swap):
        with pytest.raises(TypeError, match=r"config is 'a\.yaml'; expected what meshcore\.load\(\) returns"):
            serve("a.yaml")  # type: ignore[arg-type, operator]


def test_what_is_long_is_shortened() -> None:
    assert len(str(_options.wrong("name", "x" * 10_000, "less"))) < 100
    assert len(str(_options.wrong("name", {str(i): i for i in range(1000)}, "less"))) < 100


def test_what_is_right_is_taken(tmp_path: Path) -> None:
    from meshcore.discovery import DefaultResolver

    made = Mesh(CONFIG, service="reviews", resolver=DefaultResolver(), runtime_dir=tmp_path, callers=())
    made.serve("reviews")
    Proxy(CONFIG, listen=[("::1", 0), ("127.0.0.1", 8080, None), ("127.0.0.1", 80, 80)], admin=("a", 1))
    ProxyOptions(connect_timeout=0, max_mirrors=0)
    assert load_text(TEXT, endpoints={}, mesh_config={}, ignore_kinds={"Sidecar"}).digest
