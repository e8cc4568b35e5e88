"""The thread and the task that make an engine follow its names."""

from __future__ import annotations

import asyncio
import threading
from queue import SimpleQueue

import pytest
from discovery_support import Script, addresses, by_name, config

from meshcore import Engine
from meshcore.discovery import Answer, AsyncDiscovery, Question, ThreadDiscovery
from meshcore.model import DnsSettings

OFTEN = DnsSettings(refresh_rate=0.002)


class Gate:
    """A resolver that tells of each lookup and answers when the test does.

    A lookup that is asked says that the answer before it is in force.
    """

    def __init__(self) -> None:
        self.asked: SimpleQueue[Question] = SimpleQueue()
        self.replies: SimpleQueue[Answer] = SimpleQueue()

    def lookup(self, question: Question) -> Answer:
        self.asked.put(question)
        return self.replies.get(timeout=30)

    def reply(self, *found: str) -> None:
        self.replies.put(Answer(found))

    def next(self) -> None:
        self.asked.get(timeout=30)


def test_a_thread_follows() -> None:
    before = threading.enumerate()  # meshes of other tests may have such threads
    gate, engine = Gate(), Engine(config(by_name("c", "a", dns=OFTEN)))
    gate.reply("10.0.0.1")
    discovery = ThreadDiscovery(engine, resolver=gate)
    assert discovery.start(wait=30)
    assert addresses(engine, "c") == ["10.0.0.1:80"]
    gate.next()
    for last in "234":
        gate.next()
        gate.reply(f"10.0.0.{last}")
    gate.next()
    assert addresses(engine, "c") == ["10.0.0.4:80"]
    discovery.close()
    gate.reply("10.0.0.9")
    began = [thread for thread in threading.enumerate() if thread not in before]
    assert not any(thread.name == "meshcore-discovery" for thread in began)


def test_there_is_no_thread_before_there_is_a_name() -> None:
    before = threading.enumerate()
    script, engine = Script(a=["10.0.0.1"]), Engine(config())

    def began() -> list[str]:
        names = [thread.name for thread in threading.enumerate() if thread not in before]
        return [name for name in names if name != "meshcore-dns"]  # a lookup's, which ends by itself

    with ThreadDiscovery(engine, resolver=script) as discovery:
        assert began() == []
        discovery.swap(config(by_name("c", "a")), wait=30)
        assert began() == ["meshcore-discovery"]
        assert addresses(engine, "c") == ["10.0.0.1:80"]
    assert began() == []


def test_a_task_follows() -> None:
    gate, engine = Gate(), Engine(config(by_name("c", "a", dns=OFTEN)))

    async def run() -> None:
        gate.reply("10.0.0.1")
        discovery = AsyncDiscovery(engine, resolver=gate)
        assert await discovery.start(wait=30)
        assert addresses(engine, "c") == ["10.0.0.1:80"]
        await asyncio.to_thread(gate.next)
        for last in "234":
            await asyncio.to_thread(gate.next)
            gate.reply(f"10.0.0.{last}")
        await asyncio.to_thread(gate.next)
        assert addresses(engine, "c") == ["10.0.0.4:80"]
        await discovery.close()
        gate.reply("10.0.0.9")
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(run())


def test_the_start_waits_no_longer_than_it_may() -> None:
    script = Script(a=["10.0.0.1"])
    let_go = script.hold("a")
    engine = Engine(config(by_name("c", "a")))
    discovery = ThreadDiscovery(engine, resolver=script)
    assert not discovery.start(wait=0.01)
    assert addresses(engine, "c") == []
    let_go.set()
    assert discovery.following.wait_warm(30)
    assert addresses(engine, "c") == ["10.0.0.1:80"]
    discovery.close()


def test_clusters_that_need_not_be_warm_are_not_waited_for() -> None:
    script = Script(a=["10.0.0.1"])
    let_go = script.hold("a")
    engine = Engine(config(by_name("c", "a", dns=DnsSettings(wait_for_warm=False))))
    with ThreadDiscovery(engine, resolver=script):
        assert addresses(engine, "c") == []
        let_go.set()


def test_swapping_waits_for_new_names_in_both() -> None:
    def engine_and_script() -> tuple[Engine, Script]:
        return Engine(config(by_name("c", "a"))), Script(a=["10.0.0.1"], b=["10.0.0.2"])

    engine, script = engine_and_script()
    with ThreadDiscovery(engine, resolver=script) as thread:
        thread.swap(config(by_name("d", "b")), wait=30)
        assert addresses(engine, "d") == ["10.0.0.2:80"]

    async def run() -> None:
        engine, script = engine_and_script()
        async with AsyncDiscovery(engine, resolver=script) as task:
            await task.swap(config(by_name("d", "b")), wait=30)
            assert addresses(engine, "d") == ["10.0.0.2:80"]

    asyncio.run(run())


def test_what_cannot_be_asked_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "dns.resolver", None)
    own = by_name("c", "a", dns=DnsSettings(servers=("10.0.0.53:53",)))
    engine = Engine(config(own))
    with pytest.raises(ImportError, match=r"meshcore-engine\[dns\]"):
        ThreadDiscovery(engine).start()
    assert addresses(engine, "c") == ["a:80"]  # nothing has changed
