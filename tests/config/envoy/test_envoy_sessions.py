"""Stateful sessions in Envoy's dialect: what is taken, and what is refused and where."""

from __future__ import annotations

from typing import Any

import pytest
from envoy_support import cluster, cluster_problems, loaded_cluster, problems, route, table

from meshcore.config import ConfigError
from meshcore.config.envoy import load_parts
from meshcore.model import Config, HealthStatus, Policy, SessionCookie, SessionHeader, StatefulSession

FILTER = "envoy.filters.http.stateful_session"
KIND = "a/envoy.extensions.filters.http.stateful_session.v3.StatefulSession"
STATE = "envoy.http.stateful_session."


def state(kind: str = "header", name: str = "", *, name_: str | None = None, **config: Any) -> dict[str, Any]:
    """A session state; ``name`` is the extension's, ``name_`` the header's."""
    config = config if name_ is None else {"name": name_}
    message = f"a/envoy.extensions.http.stateful_session.{kind}.v3.{kind.capitalize()}BasedSessionState"
    return {"name": name or STATE + kind, "typed_config": {"@type": message, **config}}


def filters(*configs: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"name": FILTER if at == 0 else f"f{at}", "typed_config": {"@type": KIND, **config}}
        for at, config in enumerate(configs)
    ]


def loaded(config: dict[str, Any], **own: Any) -> Config:
    own = {"typed_per_filter_config": {FILTER: {"@type": KIND + "PerRoute", **own}}} if own else {}
    return load_parts(table(route(**own)), [cluster()], http_filters=filters(config))


def test_where_sessions_are_kept() -> None:
    cookie = {"name": "sid", "ttl": "61.9s", "path": "/p", "attributes": [{"name": "Secure"}]}
    (listener,) = loaded({"session_state": state("cookie", cookie=cookie), "strict": True}).listeners
    assert listener.session == StatefulSession(SessionCookie("sid", 61, "/p", (("Secure", ""),)), True, 503)
    given = {"session_state": state(name_="X-To"), "status_on_strict_destination_not_found": 404}
    (listener,) = loaded(given).listeners
    assert listener.session == StatefulSession(SessionHeader("x-to"), False, 404)
    (listener,) = loaded({}).listeners
    assert listener.session == StatefulSession()
    (listener,) = load_parts(table(route()), [cluster()]).listeners
    assert listener.session is None


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"disabled": True}, StatefulSession()),
        ({"stateful_session": {}}, StatefulSession()),
        (
            {"stateful_session": {"session_state": state(name_="x-own"), "strict": True}},
            StatefulSession(SessionHeader("x-own"), True),
        ),
    ],
)
def test_a_level_of_its_own(own: dict[str, Any], expected: StatefulSession) -> None:
    config = loaded({"session_state": state(name_="x")}, **own)
    (found,) = config.listeners[0].route_configuration.virtual_hosts[0].routes
    assert found.typed_per_filter_config == ((FILTER, expected),)
    assert config.warnings == ()


def test_a_level_without_the_filter_has_no_effect() -> None:
    own = {"typed_per_filter_config": {FILTER: {"@type": KIND + "PerRoute", "disabled": True}}}
    config = load_parts(table(route(**own)), [cluster()], http_filters=[])
    assert "has no effect: no filter of the listener is named" in config.warnings[0].message


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({"session_state": state("cookie")}, "cookie: missing, but required"),
        ({"session_state": state("cookie", cookie={"name": ""})}, "cookie.name: found ''"),
        ({"session_state": state("cookie", cookie={"name": "a", "ttl": "-1s"})}, "cookie.ttl: found '-1s'"),
        ({"session_state": state("cookie", cookie={"name": "a\r\nx"})}, "cookie.name: found"),
        ({"session_state": state("cookie", cookie={"name": "a", "path": "/\n"})}, "cookie.path: found"),
        (
            {"session_state": state("cookie", cookie={"name": "a", "attributes": [{"value": "b"}]})},
            "cookie.attributes[0].name: missing",
        ),
        ({"session_state": state(name_="")}, "typed_config.name: found ''"),
        (
            {"session_state": state(name_="a b")},
            "typed_config.name: found 'a b', expected the name of a header",
        ),
        ({"session_state": state(name_=":path")}, "typed_config.name: found ':path'"),
        ({"session_state": {"name": STATE + "cookie"}}, "session_state.typed_config: missing"),
        (
            {"session_state": state("header", STATE + "headr", name_="x")},
            f"the session state '{STATE}headr' is not supported; did you mean '{STATE}header'?",
        ),
        (
            {"session_state": state("envelope", header={"name": "x"})},
            f"session_state.name: the session state '{STATE}envelope' is not supported",
        ),
        ({"session_state": state("header", STATE + "cookie", name_="x")}, "is not supported"),
        ({"status_on_strict_destination_not_found": 99}, "found the number 99, expected 200 to 599"),
        ({"strict": "yes"}, "strict: found"),
    ],
)
def test_what_is_refused(config: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load_parts(table(route()), [cluster()], http_filters=filters(config))
    (finding,) = raised.value.findings
    assert finding.path.startswith("http_filters[0].typed_config.")
    assert problem in f"{finding.path}: {finding.detail}"


@pytest.mark.parametrize(
    ("own", "problem"),
    [
        ({"disabled": False}, "disabled: found the boolean false, expected true"),
        ({}, "one of disabled, stateful_session"),
        ({"disabled": True, "stateful_session": {}}, "one of"),
    ],
)
def test_what_is_refused_of_a_route(own: dict[str, Any], problem: str) -> None:
    level = {"typed_per_filter_config": {FILTER: {"@type": KIND + "PerRoute", **own}}}
    (found,) = problems(table(route(**level)), http_filters=filters({}))
    assert problem in found


def test_one_filter_is_enough() -> None:
    (found,) = problems(table(route()), http_filters=filters({}, {}))
    assert found == "http_filters[1]: only one stateful session filter is supported"


def test_what_an_endpoint_may_be() -> None:
    def statuses(**common: Any) -> tuple[HealthStatus, ...]:
        return loaded_cluster(common_lb_config=common).common_lb.override_host_status

    default = (HealthStatus.UNKNOWN, HealthStatus.HEALTHY, HealthStatus.DEGRADED)
    assert statuses() == default
    assert statuses(override_host_status={}) == ()
    given = ["DRAINING", "UNHEALTHY", "DRAINING"]
    assert statuses(override_host_status={"statuses": given}) == (
        HealthStatus.DRAINING,
        HealthStatus.UNHEALTHY,
    )
    (found,) = cluster_problems(common_lb_config={"override_host_status": {"statuses": ["GOOD"]}})
    assert "common_lb_config.override_host_status.statuses[0]: found 'GOOD'" in found


POLICIES = "a/envoy.extensions.load_balancing_policies."


def policy(name: str, **config: Any) -> dict[str, Any]:
    extension = {"name": "p", "typed_config": {"@type": f"{POLICIES}{name}", **config}}
    return {"policies": [{"typed_extension_config": extension}]}


def override(*sources: dict[str, Any], fallback: dict[str, Any] | None = None) -> dict[str, Any]:
    inner = {} if fallback is None else {"fallback_policy": fallback}
    return policy("override_host.v3.OverrideHost", override_host_sources=list(sources), **inner)


RANDOM = policy("random.v3.Random")


def test_override_host_policies() -> None:
    given = override({"header": "X-To"}, {"header": "x-more"}, fallback=RANDOM)
    found = loaded_cluster(load_balancing_policy=given)
    assert (found.policy, found.override_headers) == (Policy.RANDOM, ("x-to", "x-more"))
    by_metadata = override({"metadata": {"key": "a", "path": [{"key": "b"}]}}, fallback=RANDOM)
    config = load_parts(table(route()), [cluster(load_balancing_policy=by_metadata)])
    assert config.clusters[0].override_headers == ()
    assert config.warnings[0].message.endswith("metadata: has no effect: there is no dynamic metadata")
    around = override({"header": "x"}, fallback=policy("subset.v3.Subset", subset_lb_policy=RANDOM))
    assert loaded_cluster(load_balancing_policy=around).subsets is not None


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (override(fallback=RANDOM), "override_host_sources: found 0 items"),
        (override({"header": "x"}), "fallback_policy: missing, but required"),
        (override({}, fallback=RANDOM), "override_host_sources[0]: "),
        (override({"header": "x", "metadata": {}}, fallback=RANDOM), "override_host_sources[0]"),
        (override({"header": "x\n"}, fallback=RANDOM), "override_host_sources[0].header: found"),
        (
            override({"header": "x"}, fallback=override({"header": "y"}, fallback=RANDOM)),
            "fallback_policy: no override host policy can be in another",
        ),
        (
            policy("subset.v3.Subset", subset_lb_policy=override({"header": "y"}, fallback=RANDOM)),
            "subset_lb_policy: no override host policy can be in it: put it around",
        ),
    ],
)
def test_what_is_refused_of_an_override_host_policy(given: dict[str, Any], problem: str) -> None:
    (found,) = cluster_problems(load_balancing_policy=given)
    assert problem in found
