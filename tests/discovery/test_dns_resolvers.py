"""Resolvers: dnspython against a real name server on loopback, and the machine's own."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from dns_server import DnsServer

from meshcore.discovery import (
    Answer,
    DefaultResolver,
    DnspythonResolver,
    LookupFailed,
    Question,
    SystemResolver,
)
from meshcore.model import LookupFamily

V4, V6 = "10.0.0.1", "2001:db8::1"


@pytest.fixture
def server() -> Iterator[DnsServer]:
    with DnsServer() as running:
        yield running


def question(server: DnsServer, name: str, family: LookupFamily = LookupFamily.AUTO, **more: Any) -> Question:
    return Question(name, family, (server.address,), **more)


@pytest.mark.parametrize(
    ("family", "both", "only_v4", "only_v6"),
    [
        (LookupFamily.AUTO, [V6], [V4], [V6]),
        (LookupFamily.V4_ONLY, [V4], [V4], []),
        (LookupFamily.V6_ONLY, [V6], [], [V6]),
        (LookupFamily.V4_PREFERRED, [V4], [V4], [V6]),
        (LookupFamily.ALL, [V6, V4], [V4], [V6]),
    ],
)
def test_families(
    server: DnsServer, family: LookupFamily, both: list[str], only_v4: list[str], only_v6: list[str]
) -> None:
    server.set("both.test", V4, V6)
    server.set("v4.test", V4)
    server.set("v6.test", V6)
    resolver = DnspythonResolver()
    for name, expected in (("both.test", both), ("v4.test", only_v4), ("v6.test", only_v6)):
        assert resolver.lookup(question(server, name, family)).addresses == tuple(expected)


def test_the_ttl_is_the_answers(server: DnsServer) -> None:
    server.set("a.test", V4)
    server.ttl = 17
    assert DnspythonResolver().lookup(question(server, "a.test")) == Answer((V4,), 17.0)
    server.ttl = 3  # nothing is cached
    assert DnspythonResolver().lookup(question(server, "a.test")).ttl == 3.0


def test_an_alias_holds_no_longer_than_it_says(server: DnsServer) -> None:
    server.set("real.test", V4)
    server.aliases["alias.test"] = ("real.test", 5)
    answer = DnspythonResolver().lookup(question(server, "alias.test", LookupFamily.V4_ONLY))
    assert answer == Answer((V4,), 5.0)


def test_no_such_name_is_an_answer_and_a_failing_server_is_not(server: DnsServer) -> None:
    server.rcodes["broken.test"] = "SERVFAIL"
    resolver = DnspythonResolver(timeout=0.5)
    nowhere = resolver.lookup(question(server, "nowhere.test"))
    assert (nowhere, nowhere.reason) == (Answer(()), "there is no such name")
    with pytest.raises(LookupFailed):
        resolver.lookup(question(server, "broken.test"))


def test_silence_is_a_failure(server: DnsServer) -> None:
    server.silent.add("quiet.test")
    with pytest.raises(LookupFailed, match="no name server answered in time"):
        DnspythonResolver(timeout=0.2).lookup(question(server, "quiet.test", LookupFamily.V4_ONLY))


def test_tcp_where_it_is_asked_for(server: DnsServer) -> None:
    server.set("a.test", V4)
    answer = DnspythonResolver().lookup(question(server, "a.test", LookupFamily.V4_ONLY, use_tcp=True))
    assert answer.addresses == (V4,)
    assert server.asked == [("a.test", "A", "tcp")]


def test_own_servers_need_dnspython_and_all_else_does_not(
    server: DnsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "dns.resolver", None)
    resolver = DefaultResolver(system=Fixed(Answer((V4,))))
    resolver.require([Question("a.test")])
    assert resolver.lookup(Question("a.test")).addresses == (V4,)
    with pytest.raises(ImportError, match=r"meshcore-engine\[dns\]"):
        resolver.require([question(server, "a.test")])


def test_the_default_asks_the_servers_that_are_named(server: DnsServer) -> None:
    server.set("a.test", V4)
    resolver = DefaultResolver(system=Fixed(Answer(("192.0.2.9",))))
    assert resolver.lookup(question(server, "a.test")).addresses == (V4,)
    assert resolver.lookup(Question("a.test")).addresses == ("192.0.2.9",)


class Fixed:
    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def lookup(self, question: Question) -> Answer:
        return self.answer


def test_the_machines_resolver_knows_the_hosts_file() -> None:
    found = SystemResolver().lookup(Question("localhost", LookupFamily.V4_ONLY))
    assert found == Answer(("127.0.0.1",), None)


def addrinfo(*addresses: str) -> list[tuple[Any, ...]]:
    return [
        (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 0))
        for one in addresses
    ]


def test_the_machines_resolver_by_family(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *given, **more: addrinfo(V4, V6, V4))
    resolver = SystemResolver()
    found = {family: resolver.lookup(Question("a", family)).addresses for family in LookupFamily}
    assert found == {
        LookupFamily.AUTO: (V6,),
        LookupFamily.V4_ONLY: (V4,),
        LookupFamily.V6_ONLY: (V6,),
        LookupFamily.V4_PREFERRED: (V4,),
        LookupFamily.ALL: (V6, V4),
    }


@pytest.mark.parametrize(
    ("code", "answer"), [(socket.EAI_NONAME, Answer(())), (socket.EAI_AGAIN, None), (socket.EAI_FAIL, None)]
)
def test_what_the_machines_resolver_calls_a_failure(
    monkeypatch: pytest.MonkeyPatch, code: int, answer: Answer | None
) -> None:
    def refuse(*given: object, **more: object) -> None:
        raise socket.gaierror(code, "as the test says")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    if answer is not None:
        assert SystemResolver().lookup(Question("a.test")) == answer
    else:
        with pytest.raises(LookupFailed, match="as the test says"):
            SystemResolver().lookup(Question("a.test"))


def test_short_names_stay_short_where_the_search_list_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda name, *given, **more: asked.append(name) or [])
    for search in (True, False):
        SystemResolver().lookup(Question("reviews", search=search))
    assert asked == ["reviews", "reviews."]


def test_what_is_no_name_fails() -> None:
    with pytest.raises(LookupFailed, match="is no name"):
        SystemResolver().lookup(Question("a" * 64 + ".test"))


def test_addresses_are_checked_and_written_as_usual() -> None:
    assert Answer(("2001:DB8:0::1", V6, V4)).checked().addresses == (V6, V4)
    with pytest.raises(LookupFailed, match=r"'elsewhere\.test'"):
        Answer(("elsewhere.test",)).checked()
    for ttl in (-1.0, float("nan"), float("inf")):
        with pytest.raises(LookupFailed, match=f"a TTL of {ttl}"):
            Answer((V4,), ttl).checked()
