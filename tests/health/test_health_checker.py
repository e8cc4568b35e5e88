"""Hosts on real sockets under checks, by a clock that stands still."""

from __future__ import annotations

import asyncio
import sys
import threading
from dataclasses import replace
from typing import Any

import pytest
from health_support import (
    BAD,
    HTTP,
    OK,
    Checked,
    Host,
    StillClock,
    checked,
    checking,
    checks,
    cluster,
    config,
    endpoint,
    health,
    hosts,
    in_loop,
    until,
    with_check,
)

from meshcore import Engine
from meshcore.health import HealthChecker, with_health_checks
from meshcore.health.plan import plan
from meshcore.model import (
    CommonLbConfig,
    Endpoint,
    EndpointHealthCheck,
    HttpHealthCheck,
    RangeMatch,
    TcpHealthCheck,
)

UP, DOWN = "HEALTHY", "UNHEALTHY"


@in_loop
async def test_the_first_check_decides() -> None:
    async with checked(Host(OK), Host(BAD)) as it:
        assert health(it.engine) == [UP, DOWN]
        good, bad = checks(it.engine)
        assert good == {
            "health": "HEALTHY",
            "checks": 1,
            "failures": 0,
            "last_result": "passed",
            "reason": "status 200",
            "seconds_since": 0,
            "next_check_in_seconds": 10,
            "by": "this process",
        }
        assert (bad["last_result"], bad["reason"], bad["failures"]) == ("ACTIVE", "status 503", 1)
        assert it.hosts[0].requests == [b"GET /healthz HTTP/1.1\r\nhost: c\r\nuser-agent: Envoy/HC\r\n\r\n"]


@in_loop
async def test_hosts_are_unhealthy_until_they_are_checked() -> None:
    async with hosts(Host(...)) as (host,):
        it = Checked(host)
        async with checking(it.checker):
            await until(lambda: host.asked)
            assert health(it.engine) == [DOWN]
            assert not it.checker.wait(0)


@in_loop
async def test_thresholds() -> None:
    flaky = (RangeMatch(500, 600),)
    check = with_check(
        checker=HttpHealthCheck("/", retriable_statuses=flaky), unhealthy_threshold=3, healthy_threshold=2
    )
    async with checked(Host(OK, BAD, BAD, BAD, OK, OK, OK), check=check) as it:
        seen = [await it.round() for _ in range(6)]
        assert seen == [[UP], [UP], [DOWN], [DOWN], [UP], [UP]]


@in_loop
async def test_connections_are_kept() -> None:
    async with checked(Host(OK)) as it:
        for _ in range(3):
            await it.round()
        assert (it.hosts[0].asked, it.hosts[0].connections) == (4, 1)


@in_loop
async def test_connections_are_not_kept_where_nobody_wants_it() -> None:
    async with checked(Host(OK), check=with_check(reuse_connection=False)) as it:
        for _ in range(3):
            await it.round()
        assert (it.hosts[0].asked, it.hosts[0].connections) == (4, 4)


@in_loop
async def test_a_connection_that_ends_between_checks_is_no_failure() -> None:
    async with checked(Host(OK)) as it:
        it.hosts[0].hang_up()
        await until(lambda: not it.hosts[0]._writers)
        assert await it.round() == [UP]
        assert checks(it.engine)[0]["failures"] == 0
        assert it.hosts[0].connections == 2


@in_loop
async def test_a_host_that_does_not_answer() -> None:
    async with checked(Host(OK, ...), check=with_check(unhealthy_threshold=2)) as it:
        it.clock.advance(10)
        await until(lambda: it.hosts[0].asked == 2)
        await it.round(1)
        (found,) = checks(it.engine)
        assert (found["health"], found["last_result"]) == ("HEALTHY", "NETWORK_TIMEOUT")
        assert found["reason"] == "no answer within 1 s"
        it.clock.advance(10)
        await until(lambda: it.hosts[0].asked == 3)
        assert await it.round(1) == [DOWN]
        assert checks(it.engine)[0]["health"] == "TIMEOUT"


@in_loop
async def test_a_host_that_is_not_there_and_comes_back() -> None:
    async with checked(Host(OK), check=with_check(unhealthy_threshold=1)) as it:
        await it.hosts[0].stop()
        assert await it.round() == [DOWN]
        (found,) = checks(it.engine)
        assert found["last_result"] == "NETWORK"
        assert "refused" in found["reason"] or "onnect" in found["reason"]
        await it.hosts[0].start()
        assert await it.round() == [UP]


@in_loop
async def test_intervals_follow_what_was_found() -> None:
    check = with_check(
        checker=HttpHealthCheck("/", retriable_statuses=(RangeMatch(503, 504),)),
        unhealthy_threshold=2,
        healthy_threshold=2,
        unhealthy_interval=3,
        unhealthy_edge_interval=2,
        healthy_edge_interval=4,
        no_traffic_interval=60,
        no_traffic_healthy_interval=50,
    )
    async with checked(Host(OK, OK, OK, BAD, BAD, BAD, OK, OK, OK), check=check) as it:
        assert it.clock.waits_for() == [50]
        await it.round(50)
        it.engine.decide("GET", "a", "/").close()
        assert it.clock.waits_for() == [50], "traffic counts from the next check on"
        await it.round(50)
        waits = []
        for seconds in (10, 2, 3, 3, 4, 10):
            assert it.clock.waits_for() == [seconds]
            waits.append((await it.round(seconds))[0])
        assert waits == [UP, DOWN, DOWN, DOWN, UP, UP]


@in_loop
async def test_degraded_and_excluded() -> None:
    degraded = OK.replace(b"content", b"x-envoy-degraded: \r\ncontent")
    leaving = BAD.replace(b"content", b"x-envoy-immediate-health-check-fail: \r\ncontent")
    async with checked(Host(degraded, OK, leaving, OK)) as it:
        assert health(it.engine) == ["DEGRADED"]
        assert [await it.round() for _ in range(3)] == [[UP], ["DRAINING"], [UP]]


@in_loop
async def test_a_host_that_says_in_an_answer_that_it_fails() -> None:
    async with checked(Host(OK)) as it:
        it.checker.fail("c", it.hosts[0].address)
        it.checker.fail("c", "10.0.0.1:1")
        await until(lambda: health(it.engine) == ["DRAINING"])
        assert it.clock.waits_for() == [10]
        assert checks(it.engine)[0]["last_result"] == "PASSIVE"
        assert await it.round() == [UP]


@in_loop
async def test_endpoints_that_come_and_go() -> None:
    async with hosts(Host(OK), Host(OK), Host(BAD)) as (a, b, c):
        it = Checked(a, b)
        async with checking(it.checker):
            await it.checker.first_round()
            it.engine.update_endpoints("c", [endpoint(b), endpoint(c)])
            await until(lambda: c.asked and it.counts() == [1, 1])
            assert health(it.engine) == [UP, DOWN]
            await until(lambda: len(it.clock.waits_for()) == 2)
            it.clock.advance(10)
            await until(lambda: it.counts() == [2, 2])
            assert (a.asked, b.asked, c.asked) == (1, 2, 2)
            it.engine.swap(config(cluster(endpoint(b), endpoint(a))))
            await until(lambda: it.counts() == [2, 1])
            assert health(it.engine) == [UP, UP]


@in_loop
async def test_endpoints_are_checked_before_they_come() -> None:
    async with checked(Host(OK)) as it, hosts(Host(OK), Host(BAD)) as new:
        made = config(cluster(endpoint(it.hosts[0]), *(endpoint(host) for host in new)))
        seen: list[object] = []

        def swap() -> None:
            with it.checker.warmed(made, wait=60):
                seen.append([host.asked for host in (it.hosts[0], *new)])
                it.engine.swap(made)
            seen.append(health(it.engine))

        await asyncio.to_thread(swap)
        assert seen == [[1, 1, 1], [UP, UP, DOWN]]
        await until(lambda: it.clock.waits_for() == [10, 10, 10])
        assert [found["checks"] for found in checks(it.engine)] == [1, 1, 1]
        assert health(it.engine) == [UP, UP, DOWN]
        assert it.checker.counters()["cluster.c.health_check.attempt"] == 3
        it.hosts = (*it.hosts, *new)
        assert await it.round() == [UP, UP, DOWN]


@in_loop
async def test_endpoints_that_do_not_answer_come_unhealthy() -> None:
    async with checked(Host(OK)) as it, hosts(Host(...)) as (silent,):
        made = config(cluster(endpoint(silent)))

        def swap() -> None:
            with it.checker.warmed(made, wait=0.01):
                it.engine.swap(made)

        await asyncio.to_thread(swap)
        assert health(it.engine) == [DOWN]
        await until(lambda: checks(it.engine)[0])
        assert health(it.engine) == [DOWN]


@in_loop
async def test_what_was_checked_for_nothing_is_forgotten() -> None:
    async with checked(Host(OK)) as it, hosts(Host(OK)) as (new,):
        made = config(cluster(endpoint(it.hosts[0]), endpoint(new)))

        def fail() -> None:
            with it.checker.warmed(made):
                raise ValueError("it cannot be served")

        with pytest.raises(ValueError, match="cannot be served"):
            await asyncio.to_thread(fail)
        await asyncio.sleep(0)
        new.answers = [BAD]
        it.engine.swap(made)
        assert health(it.engine) == [UP, DOWN]
        await until(lambda: new.asked == 2)


@in_loop
async def test_nothing_is_waited_for_in_the_checkers_own_thread() -> None:
    async with checked(Host(OK)) as it, hosts(Host(OK)) as (new,):
        made = config(cluster(endpoint(new)))
        with it.checker.warmed(made):
            it.engine.swap(made)
        assert health(it.engine) == [DOWN]
        await until(lambda: health(it.engine) == [UP])
    with HealthChecker(Engine(made)).warmed(made):  # nor where it does not run
        pass


@in_loop
async def test_another_check_for_the_same_host() -> None:
    """What is known of it goes on."""
    async with checked(Host(OK, BAD)) as it:
        other = with_check(checker=HttpHealthCheck("/other"))
        it.engine.swap(with_health_checks(it.engine.config, {"c": other}))
        await until(lambda: it.checker._checks._jobs["c", it.hosts[0].address].check is other)
        assert health(it.engine) == [UP]
        assert await it.round() == [DOWN]
        assert it.hosts[0].requests[-1].startswith(b"GET /other ")


@in_loop
async def test_checks_that_are_taken_off() -> None:
    async with checked(Host(BAD), Host(BAD)) as it:
        assert health(it.engine) == [DOWN, DOWN]
        it.engine.swap(with_health_checks(it.engine.config, {"c": None}))
        await until(lambda: health(it.engine) == [UP, UP])
        assert checks(it.engine) == [{}, {}]
        await until(lambda: not it.clock.sleeping)


@in_loop
async def test_the_end_of_the_checker() -> None:
    async with hosts(Host(BAD)) as (host,):
        it = Checked(host)
        async with checking(it.checker):
            await it.checker.first_round()
            other = HealthChecker(it.engine)
            with pytest.raises(RuntimeError, match="checked already"):
                await other.run()
            assert health(it.engine) == [DOWN]
        assert health(it.engine) == [UP]
        assert it.clock.sleeping == []
        it.engine.update_endpoints("c", [])


@in_loop
async def test_special_endpoints() -> None:
    async with hosts(Host(OK), Host(BAD), Host(OK)) as (a, b, c):
        elsewhere = endpoint(b, health_check=EndpointHealthCheck(port=a.port, hostname="other"))
        unchecked = endpoint(c, health_check=EndpointHealthCheck(disabled=True))
        engine = Engine(config(cluster(elsewhere, unchecked)))
        async with checking(HealthChecker(engine, clock=StillClock())) as checker:
            await checker.first_round()
            assert health(engine) == [UP, UP]
            assert a.requests == [b"GET /healthz HTTP/1.1\r\nhost: other\r\nuser-agent: Envoy/HC\r\n\r\n"]
            assert (b.asked, c.asked) == (0, 0)


@in_loop
async def test_new_hosts_may_count_nowhere_until_their_first_check() -> None:
    async with hosts(Host(...)) as (host,):
        it = Checked(host, common_lb=CommonLbConfig(ignore_new_hosts_until_first_hc=True))
        async with checking(it.checker):
            await until(lambda: host.asked)
            assert health(it.engine) == ["DRAINING"]
            it.clock.advance(1)
            await it.checker.first_round()
            assert health(it.engine) == [DOWN]


@in_loop
async def test_tcp() -> None:
    echo = TcpHealthCheck(b"\r\n\r\n", (b"po", b"ng"))
    async with checked(Host(b"...pong"), check=with_check(checker=echo)) as it:
        assert health(it.engine) == [UP]
        assert await it.round() == [UP]
        assert it.hosts[0].connections == 1
        it.hosts[0].hang_up()
        await until(lambda: checks(it.engine)[0]["failures"] == 1)
        assert checks(it.engine)[0]["reason"] == "the connection was closed"


@in_loop
async def test_no_more_than_a_connection() -> None:
    async with checked(Host(OK), check=with_check(checker=TcpHealthCheck())) as it:
        assert health(it.engine) == [UP]
        await until(lambda: it.hosts[0].connections == 1)
        await it.round()
        await until(lambda: it.hosts[0].connections == 2)
        assert it.hosts[0].asked == 0


@in_loop
async def test_initial_jitter() -> None:
    async with hosts(Host(OK)) as (host,):
        it = Checked(host, check=with_check(initial_jitter=5))
        async with checking(it.checker):
            await until(lambda: it.clock.sleeping)
            (wait,) = it.clock.waits_for()
            assert 0 < wait < 5
            it.clock.advance(wait)
            await it.checker.first_round()


@in_loop
async def test_what_we_lack_ourselves_says_nothing_of_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    async with checked(Host(OK), check=with_check(reuse_connection=False, unhealthy_threshold=1)) as it:

        async def none_left(*args: Any, **kwargs: Any) -> None:
            raise OSError(24, "Too many open files")

        with monkeypatch.context() as patched:
            patched.setattr(asyncio, "open_connection", none_left)
            it.clock.advance(10)
            await until(lambda: it.clock.waits_for() == [10])
        assert health(it.engine) == [UP]
        assert checks(it.engine)[0]["checks"] == 1
        assert await it.round() == [UP]


@in_loop
async def test_statistics() -> None:
    degraded = OK.replace(b"content", b"x-envoy-degraded: \r\ncontent")
    async with checked(Host(degraded), Host(OK, BAD, None)) as it:
        await it.round()
        await it.round()
        it.checker.fail("c", it.hosts[0].address)
        await until(lambda: health(it.engine)[0] == "DRAINING")
        assert it.checker.counters() == {
            "cluster.c.health_check.attempt": 6,
            "cluster.c.health_check.success": 4,
            "cluster.c.health_check.failure": 3,
            "cluster.c.health_check.network_failure": 1,
            "cluster.c.health_check.passive_failure": 1,
        }
        assert it.checker.gauges() == {
            "cluster.c.health_check.healthy": 0,
            "cluster.c.health_check.degraded": 0,
        }
        assert await it.round() == ["DEGRADED", DOWN]
        assert it.checker.gauges() == {
            "cluster.c.health_check.healthy": 1,
            "cluster.c.health_check.degraded": 1,
        }


def test_in_a_thread() -> None:
    """No loop of the caller's is needed."""

    async def listening() -> tuple[Host, Host]:
        good, bad = Host(OK), Host(BAD)
        await good.start()
        await bad.start()
        return good, bad

    loop = asyncio.new_event_loop()
    good, bad = loop.run_until_complete(listening())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        engine = Engine(config(cluster(endpoint(good), endpoint(bad))))
        with HealthChecker(engine) as checker:
            assert checker.wait(20)
            assert health(engine) == [UP, DOWN]
            with pytest.raises(RuntimeError, match="started already"):
                checker.start()
        assert health(engine) == [UP, UP]
        checker.stop()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_no_cluster_of_that_name() -> None:
    with pytest.raises(KeyError, match="no cluster 'd'"):
        with_health_checks(config(cluster()), {"d": HTTP})


def test_a_library_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h2.config", None)  # as if it were not installed
    monkeypatch.delitem(sys.modules, "meshcore.health.probes.http2", raising=False)
    engine = Engine(config(cluster(check=replace(HTTP, checker=HttpHealthCheck("/", http2=True)))))
    with pytest.raises(ImportError, match=r"meshcore-engine\[health\]"):
        HealthChecker(engine)


def test_a_name_is_checked_at_its_current_address() -> None:
    def job(**fields: Any) -> Any:
        (found,) = plan(config(cluster(Endpoint("a.test", 80, **fields))), {}, {}).values()
        return found

    assert job().target.address == "a.test"
    moved = job(current_address="10.0.0.1")
    assert (moved.key, moved.target.address, moved.target.port) == (("c", "a.test:80"), "10.0.0.1", 80)
    assert moved != job(current_address="10.0.0.2")  # it is checked anew when it moves
    own = EndpointHealthCheck(address="10.0.0.9", port=81)
    assert job(current_address="10.0.0.1", health_check=own).target.address == "10.0.0.9"
