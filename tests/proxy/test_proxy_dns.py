"""The proxy and clusters whose endpoints come by DNS: what clients and origins see."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from dataclasses import replace

import aiohttp
import pytest
from proxy_support import RawClient, RawOrigin, Served, cluster, config_for, in_loop, proxy_for

from meshcore.discovery import Answer, LookupFailed, Question
from meshcore.model import (
    Cluster,
    Discovery,
    DnsSettings,
    Endpoint,
    HealthCheck,
    LocalityEndpoints,
    TcpHealthCheck,
)
from meshcore.proxy import Proxy, ProxyOptions

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
OFTEN = DnsSettings(refresh_rate=0.002)


class Names:
    """A resolver that a test tells what to say; unknown names fail, and ``gate`` holds it up."""

    def __init__(self, **known: str) -> None:
        self.known = known
        self.asked: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.turns = threading.Condition()

    def lookup(self, question: Question) -> Answer:
        assert self.gate.wait(30)
        with self.turns:
            self.asked.append(question.name)
            self.turns.notify_all()
        if question.name not in self.known:
            raise LookupFailed("refused")
        return Answer((self.known[question.name],))

    def wait_for_turns(self, count: int) -> None:
        """Until so many more lookups have been asked: two, and the first of them is in force."""
        with self.turns:
            until = len(self.asked) + count
            assert self.turns.wait_for(lambda: len(self.asked) >= until, 60)


def named(port: int, kind: Discovery, name: str = "app.test", dns: DnsSettings = OFTEN) -> Cluster:
    return replace(cluster(port, address=name), discovery=kind, dns=dns)


async def get(served: Served) -> int:
    async with RawClient(served.port) as client:
        await client.get("/")
        status, _, _ = await client.answer()
        return status


async def clusters_page(served: Served) -> list[dict[str, object]]:
    url = f"http://127.0.0.1:{served.proxy.admin_port}/clusters?format=json"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        found: list[dict[str, object]] = json.loads(await response.text())["clusters"]
        return found


@in_loop
async def test_requests_go_to_what_the_name_resolves_to() -> None:
    names = Names(**{"app.test": "127.0.0.1"})
    async with (
        RawOrigin(OK) as app,
        proxy_for(
            config_for(named(app.port, Discovery.STRICT_DNS)), resolver=names, admin=("127.0.0.1", 0)
        ) as served,
    ):
        assert await get(served) == 200
        assert app.heads[0].startswith(b"GET / HTTP/1.1\r\nHost: app.example\r\n")
        assert served.log[-1].endpoint == f"127.0.0.1:{app.port}"
        (page,) = await clusters_page(served)
        assert page["dns"][0]["addresses"] == ["127.0.0.1"]  # type: ignore[index]


@in_loop
async def test_logical_dns_is_one_endpoint_that_is_sent_where_its_name_leads_now() -> None:
    names = Names(**{"app.test": "127.0.0.1"})
    async with (
        RawOrigin(OK) as app,
        proxy_for(config_for(named(app.port, Discovery.LOGICAL_DNS)), resolver=names) as served,
    ):
        assert await get(served) == 200
        assert served.log[-1].endpoint == f"app.test:{app.port}"
        names.known["app.test"] = "127.0.0.2"  # nobody listens there
        await asyncio.to_thread(names.wait_for_turns, 2)
        assert await get(served) == 503
        assert served.log[-1].flags == "UF"
        assert len(app.heads) == 1


@in_loop
async def test_listening_waits_for_the_first_answer() -> None:
    names = Names(**{"app.test": "127.0.0.1"})
    names.gate.clear()
    async with RawOrigin(OK) as app:
        config = config_for(named(app.port, Discovery.STRICT_DNS))
        proxy = Proxy(config, listen=[("127.0.0.1", 0)], resolver=names)
        starting = asyncio.create_task(proxy.start())
        while not any(thread.name == "meshcore-dns" for thread in threading.enumerate()):
            await asyncio.sleep(0)
        assert proxy.ports == []
        names.gate.set()
        await starting
        assert len(proxy.ports) == 1
        await proxy.stop(drain=0)


@in_loop
async def test_without_an_answer_in_time_requests_find_no_endpoint_until_it_comes() -> None:
    names = Names(**{"app.test": "127.0.0.1"})
    names.gate.clear()
    options = ProxyOptions(dns_wait=0.01)
    async with (
        RawOrigin(OK) as app,
        proxy_for(
            config_for(named(app.port, Discovery.STRICT_DNS)), options=options, resolver=names
        ) as served,
    ):
        assert await get(served) == 503
        assert served.log[-1].flags == "UH"
        names.gate.set()
        assert await asyncio.to_thread(served.proxy.discovery.following.wait_warm, 30)
        assert await get(served) == 200


@in_loop
async def test_a_name_that_fails_does_not_hold_up_the_start_nor_take_what_is_known() -> None:
    names = Names()
    async with (
        RawOrigin(OK) as app,
        proxy_for(config_for(named(app.port, Discovery.STRICT_DNS)), resolver=names) as served,
    ):
        assert await get(served) == 503
        names.known["app.test"] = "127.0.0.1"
        await asyncio.to_thread(names.wait_for_turns, 2)
        assert await get(served) == 200
        del names.known["app.test"]
        await asyncio.to_thread(names.wait_for_turns, 2)
        assert await get(served) == 200


@in_loop
async def test_a_new_configuration_keeps_answers_and_waits_for_new_names() -> None:
    names = Names(**{"app.test": "127.0.0.1", "new.test": "127.0.0.1"})
    once = DnsSettings(refresh_rate=3600.0)
    async with (
        RawOrigin(OK) as app,
        proxy_for(config_for(named(app.port, Discovery.STRICT_DNS, dns=once)), resolver=names) as served,
    ):
        kept = named(app.port, Discovery.STRICT_DNS, dns=once)
        await asyncio.to_thread(served.proxy.swap, config_for(kept, digest="second"))
        assert served.proxy.view().config.digest == "second"
        assert await get(served) == 200
        assert names.asked == ["app.test"]
        new = named(app.port, Discovery.STRICT_DNS, "new.test", once)
        await asyncio.to_thread(served.proxy.swap, config_for(new))
        assert await get(served) == 200
        assert names.asked == ["app.test", "new.test"]


@in_loop
async def test_a_configuration_swapped_into_the_engine_is_followed_too() -> None:
    names = Names(**{"app.test": "127.0.0.1"})
    async with (
        RawOrigin(OK) as app,
        proxy_for(config_for(cluster(app.port)), resolver=names) as served,
    ):
        served.engine.swap(config_for(named(app.port, Discovery.STRICT_DNS)))
        await get(served)  # which tells the proxy
        await asyncio.to_thread(names.wait_for_turns, 2)
        assert await get(served) == 200
        assert served.log[-1].endpoint == f"127.0.0.1:{app.port}"


@in_loop
async def test_certificates_are_read_again_for_a_configuration_and_not_for_an_answer() -> None:
    async with proxy_for(config_for(cluster(1))) as served:
        forgotten = []
        served.proxy.upstream.forget_certificates = lambda: forgotten.append(1)  # type: ignore[method-assign]
        served.engine.update_endpoints("app", ["127.0.0.1:2"])
        assert served.proxy.view().cluster("app") == served.engine.config.cluster("app")
        assert forgotten == []
        served.proxy.swap(config_for(cluster(1)))
        served.proxy.view()
        assert forgotten == [1]


@in_loop
async def test_a_resolver_that_is_missing_is_told_before_anything_is_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "dns.resolver", None)
    own = named(80, Discovery.STRICT_DNS, dns=DnsSettings(servers=("127.0.0.1:53",)))
    proxy = Proxy(config_for(own), listen=[("127.0.0.1", 0)])
    with pytest.raises(ImportError, match=r"meshcore-engine\[dns\]"):
        await proxy.start()
    assert proxy.ports == []


def test_a_group_has_both_names_and_addresses() -> None:
    group = LocalityEndpoints((Endpoint("app.test", 80), Endpoint("127.0.0.1", 81)))
    mixed = Cluster("app", Discovery.STRICT_DNS, (group,), OFTEN)

    @in_loop
    async def run() -> None:
        names = Names(**{"app.test": "127.0.0.9"})
        async with proxy_for(config_for(mixed), resolver=names) as served:
            endpoints = {host["address"] for host in served.engine.clusters()[0]["endpoints"]}
            assert endpoints == {"127.0.0.9:80", "127.0.0.1:81"}

    run()


@in_loop
async def test_addresses_that_come_are_checked_before_they_are_used() -> None:
    names = Names(**{"app.test": "127.0.0.1"})
    check = HealthCheck(TcpHealthCheck(), timeout=1, interval=0.01, no_traffic_interval=0.01)
    async with (
        RawOrigin(OK) as app,
        proxy_for(
            config_for(replace(named(app.port, Discovery.STRICT_DNS), health_check=check)), resolver=names
        ) as served,
    ):
        assert await get(served) == 200
        names.known["app.test"] = "127.0.0.2"  # nobody listens there
        await asyncio.to_thread(names.wait_for_turns, 2)
        (page,) = served.engine.clusters()
        assert [(host["address"], host["health"]) for host in page["endpoints"]] == [
            (f"127.0.0.2:{app.port}", "UNHEALTHY"),
            (f"127.0.0.1:{app.port}", "HEALTHY"),  # no name has it any longer, but it is well
        ]
        assert await get(served) == 200
        app.stop()
        while len(served.engine.clusters()[0]["endpoints"]) > 1:
            await asyncio.sleep(0)
