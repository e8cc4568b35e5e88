"""Circuit breakers in decisions: what overflows, what that looks like, and that all is given back."""

from __future__ import annotations

import gc
import threading
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from meshcore import Decision, Engine, Outcome
from meshcore.model import (
    CircuitBreakers,
    Cluster,
    Config,
    Endpoint,
    ForwardAction,
    HeaderEdits,
    HeaderValue,
    Listener,
    LocalityEndpoints,
    PathKind,
    PathMatch,
    Route,
    RouteConfiguration,
    RouteMatch,
    VirtualHost,
)

OVERFLOW = b"upstream connect error or disconnect/reset before headers. reset reason: overflow"
FIRST = "10.0.0.1:80"
SECOND = "10.0.0.2:80"


def config(default: CircuitBreakers | None = None, high: CircuitBreakers | None = None) -> Config:
    """Routes "/high" and "/" to one cluster of two endpoints."""
    edits = HeaderEdits(response_add=(HeaderValue("x-why", "%RESPONSE_FLAGS% %UPSTREAM_HOST%"),))
    routes = tuple(
        Route(
            RouteMatch(PathMatch(PathKind.PREFIX, prefix)),
            ForwardAction("c", priority_high=prefix == "/high"),
            edits=edits,
        )
        for prefix in ("/high", "/")
    )
    endpoints = (LocalityEndpoints((Endpoint("10.0.0.1", 80), Endpoint("10.0.0.2", 80))),)
    cluster = Cluster("c", localities=endpoints, circuit_breakers=default, circuit_breakers_high=high)
    table = RouteConfiguration("t", (VirtualHost("v", ("*",), routes),))
    return Config((Listener("l", None, table),), (cluster,))


def engine(default: CircuitBreakers | None = None, high: CircuitBreakers | None = None) -> Engine:
    return Engine(config(default, high))


def ask(made: Engine, path: str = "/", headers: dict[str, str] | None = None) -> Decision:
    return made.decide("GET", "a.example", path, headers or {})


def usage(made: Engine, resource: str = "requests", priority: str = "default") -> dict[str, Any]:
    found: dict[str, Any] = made.clusters()[0]["circuit_breakers"][priority][resource]
    return found


def test_what_is_over_the_limit_is_rejected_as_envoy_does() -> None:
    made = engine(CircuitBreakers(max_requests=2))
    under_way = [ask(made) for _ in range(2)]
    over = ask(made)
    assert [one.outcome for one in under_way] == [Outcome.FORWARD] * 2
    assert over.outcome is Outcome.REJECT
    assert (over.status, over.flags, over.body) == (503, "UO", OVERFLOW)
    assert over.details == "upstream_reset_before_response_started{overflow}"
    assert over.endpoint is None
    lines = over.response_headers()
    assert lines["x-envoy-overloaded"] == "true"
    # Envoy has picked a host before its pool refuses.
    assert lines["x-why"] in (f"UO {FIRST}", f"UO {SECOND}")


def test_a_grpc_client_is_told_in_headers() -> None:
    over = ask(engine(CircuitBreakers(max_requests=0)), headers={"content-type": "application/grpc"})
    lines = over.response_headers()
    assert over.status == 200
    assert (lines["grpc-status"], lines["grpc-message"]) == ("14", OVERFLOW.decode())
    assert lines["x-envoy-overloaded"] == "true"


def test_what_is_closed_makes_room() -> None:
    made = engine(CircuitBreakers(max_requests=1))
    first = ask(made)
    assert ask(made).flags == "UO"
    first.close()
    first.close()
    with ask(made) as second:
        assert second.outcome is Outcome.FORWARD
        assert ask(made).flags == "UO"
    assert usage(made)["used"] == 0


def test_what_is_forgotten_makes_room() -> None:
    made = engine(CircuitBreakers(max_requests=1))
    forgotten = ask(made)
    assert forgotten.outcome is Outcome.FORWARD
    del forgotten
    gc.collect()
    assert ask(made).outcome is Outcome.FORWARD


def test_priorities_have_limits_of_their_own() -> None:
    made = engine(CircuitBreakers(max_requests=1), CircuitBreakers(max_requests=2))
    held = [ask(made), ask(made, "/high"), ask(made, "/high")]
    assert [one.priority for one in held] == ["default", "high", "high"]
    assert {one.outcome for one in held} == {Outcome.FORWARD}
    assert ask(made).flags == "UO"
    assert ask(made, "/high").flags == "UO"
    assert (usage(made)["used"], usage(made, priority="high")["used"]) == (1, 2)


def test_without_thresholds_the_limits_are_those_of_envoy() -> None:
    made = engine()
    found = {name: one["limit"] for name, one in made.clusters()[0]["circuit_breakers"]["high"].items()}
    assert found == {"connections": 1024, "pending_requests": 1024, "requests": 1024, "retries": 3}
    held = [ask(made) for _ in range(1024)]
    assert {one.outcome for one in held} == {Outcome.FORWARD}
    assert ask(made).flags == "UO"


def test_the_statistics() -> None:
    made = engine(CircuitBreakers(max_requests=1, max_connections=2**32 - 1))
    held = ask(made)
    assert usage(made) == {"limit": 1, "used": 1, "remaining": 0, "open": True, "overflows": 0}
    ask(made)
    assert usage(made)["overflows"] == 1
    held.close()
    assert usage(made) == {"limit": 1, "used": 0, "remaining": 1, "open": False, "overflows": 1}
    assert usage(made, "connections") == {
        "limit": None,
        "used": 0,
        "remaining": None,
        "open": False,
        "overflows": 0,
    }


def test_a_retry_budget_moves_with_the_requests() -> None:
    made = engine(CircuitBreakers(retry_budget_percent=50.0, max_retries=100))
    assert usage(made, "retries")["limit"] == 3  # the least
    held = [ask(made) for _ in range(10)]
    assert usage(made, "retries")["limit"] == 5
    for one in held:
        one.close()
    assert usage(made, "retries")["limit"] == 3
    assert usage(engine(CircuitBreakers(retry_budget_min_concurrency=7)), "retries")["limit"] == 7


def test_a_swap_keeps_the_counts_and_changes_the_limits() -> None:
    made = engine(CircuitBreakers(max_requests=2))
    first = ask(made)
    made.swap(config(CircuitBreakers(max_requests=1)))
    assert (usage(made)["used"], usage(made)["limit"]) == (1, 1)
    assert ask(made).flags == "UO"
    first.close()
    assert ask(made).outcome is Outcome.FORWARD


def test_explaining_counts_nothing() -> None:
    made = engine(CircuitBreakers(max_requests=1))
    why = made.explain("GET", "a.example", "/")
    assert (why.outcome, why.overflow) == ("forward", None)
    held = ask(made)
    why = made.explain("GET", "a.example", "/")
    assert (why.outcome, why.flags, why.status) == ("reject", "UO", 503)
    assert why.overflow is not None
    assert (why.overflow.priority, why.overflow.max_requests) == ("default", 1)
    assert "breaker       full: 1 requests of default priority are under way already" in str(why)
    assert why.endpoint is not None
    assert why.endpoint.address in (FIRST, SECOND)
    assert usage(made) == {"limit": 1, "used": 1, "remaining": 0, "open": True, "overflows": 0}
    assert held.explain().outcome == "forward"


def test_connections_and_waiting_requests() -> None:
    made = engine(CircuitBreakers(max_connections=1, max_pending_requests=1))
    first = made.connection("c", FIRST)
    assert first is not None
    assert made.connection("c", FIRST) is None
    other = made.connection("c", SECOND)  # it has none: Envoy gives it one whatever the limit says
    assert other is not None
    assert made.clusters()[0]["endpoints"][0]["connections"] == 1
    assert usage(made, "connections")["used"] == 2
    waiting = made.pending("c")
    assert waiting is not None
    assert made.pending("c") is None
    assert made.pending("c", priority="high") is not None
    assert repr(waiting) == "<Lease of a pending request>"
    with first, other, waiting:
        pass
    first.close()
    assert repr(first) == "<Lease of a connection, closed>"
    assert [usage(made, name)["used"] for name in ("connections", "pending_requests")] == [0, 0]


def test_connections_of_each_endpoint() -> None:
    made = engine(CircuitBreakers(max_host_connections=1))
    held = [made.connection("c", FIRST), made.connection("c", FIRST), made.connection("c", SECOND)]
    assert [one is not None for one in held] == [True, False, True]


def test_a_lease_that_is_forgotten_is_given_back() -> None:
    made = engine(CircuitBreakers(max_connections=1))
    held = made.connection("c", FIRST)
    made.swap(config())  # the lease keeps what it was taken from
    del held
    gc.collect()
    assert usage(made, "connections")["used"] == 0


def test_leases_of_what_is_not_there() -> None:
    made = engine()
    with pytest.raises(KeyError, match="there is no cluster 'x'"):
        made.connection("x", FIRST)
    with pytest.raises(KeyError, match="cluster 'c' has no endpoint 'x'"):
        made.connection("c", "x")
    priority: Any = "low"
    with pytest.raises(ValueError, match="priority is 'low'; expected 'default' or 'high'"):
        made.pending("c", priority=priority)


def test_threads_never_pass_the_limit() -> None:
    made, limit, gate = engine(CircuitBreakers(max_requests=3)), 3, threading.Barrier(6)
    inside: list[int] = []
    most: list[int] = []
    refused: list[int] = []

    def work() -> None:
        gate.wait()
        for _ in range(300):
            with ask(made) as decision:
                if decision.outcome is Outcome.FORWARD:
                    inside.append(1)
                    most.append(len(inside))
                    inside.pop()
                else:
                    refused.append(1)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) <= limit
    assert len(most) + len(refused) == 6 * 300
    assert (usage(made)["used"], usage(made)["overflows"]) == (0, len(refused))


class Requests(RuleBasedStateMachine):
    """Requests begin and end in any order, over swaps: the count is that of the open decisions."""

    held = Bundle("held")

    def __init__(self) -> None:
        super().__init__()
        self.engine = engine(CircuitBreakers(max_requests=3), CircuitBreakers(max_requests=2))
        self.limits = {"default": 3, "high": 2}
        self.active = {"default": 0, "high": 0}

    @rule(target=held, high=st.booleans())
    def begin(self, high: bool) -> Decision:
        decision = ask(self.engine, "/high" if high else "/")
        name = decision.priority
        assert (decision.outcome is Outcome.FORWARD) is (self.active[name] < self.limits[name])
        self.active[name] += decision.outcome is Outcome.FORWARD
        return decision

    @rule(decision=consumes(held))
    def end(self, decision: Decision) -> None:
        self.active[decision.priority] -= decision.outcome is Outcome.FORWARD
        decision.close()

    @rule(limit=st.integers(0, 4))
    def swap(self, limit: int) -> None:
        self.limits["default"] = limit
        self.engine.swap(config(CircuitBreakers(max_requests=limit), CircuitBreakers(max_requests=2)))

    @invariant()
    def counts(self) -> None:
        for name, active in self.active.items():
            assert usage(self.engine, priority=name)["used"] == active


def test_requests_at_any_time() -> None:
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        Requests, settings=settings(max_examples=40, stateful_step_count=40, deadline=None, derandomize=True)
    )
