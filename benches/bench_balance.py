"""Picking a host by key, weight and chance beside uhashring, hashring, ketama, jump hash and random.choices.

    python benches/bench_balance.py [--quick]

Every contender has the same hosts and keys; what it takes to hash the key is part of the pick. hashring is
hash_ring for Python 3. ketama has room for about a hundred hosts, so that it gets no more (and leaves its
shared memory behind: ipcs -m). The jump hash takes numbers, so that its keys go through xxhash first.
"""

from __future__ import annotations

import argparse
import atexit
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

from comparison import Comparison, present_or_said
from timing import Contender, Cost, measure, nanoseconds, table, verdict

from meshcore import Engine, LeastRequest, Maglev, RandomChoice, RingHash, RoundRobin, model

HOSTS = 1000
KETAMA_HOSTS = 100
ENTRIES = 65_536
SIZES = (10, 1_000, 100_000)
FLATNESS = 2.0
FLOOR = "hosts[chance] in Python"
#: How many times cheaper than each peer a pick must be.
TARGETS = {"uhashring": 25.0, "ketama": 5.0}
WEIGHTED_TARGET = 25.0
KEYS = [f"user-{i * 7919 % 100_003}" for i in range(256)]


def hosts_of(count: int) -> list[str]:
    return [f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}:9080" for i in range(count)]


def weights_of(count: int) -> list[int]:
    return [1 + i % 10 for i in range(count)]


# ---------------------------------------------------------------------- peers


def ring(hosts: list[str]) -> RingHash:
    return RingHash(hosts, minimum_ring_size=max(ENTRIES, len(hosts)))


def uhashring_ring(hosts: list[str]) -> Any:
    from uhashring import HashRing

    return HashRing(hosts)


def hashring_ring(hosts: list[str]) -> Any:
    from hashring import HashRing

    return HashRing(hosts)


def ketama_ring(hosts: list[str]) -> Any:
    from ketama import Ketama

    # It looks at the file again with each pick, so that the file must stay.
    path = Path(tempfile.mkdtemp()) / "hosts"
    path.write_text("".join(f"{host}\t1\n" for host in hosts[:KETAMA_HOSTS]), encoding="utf-8")
    atexit.register(shutil.rmtree, path.parent)
    return Ketama(str(path))


def jump_pick(hosts: list[str]) -> Callable[[str], str]:
    from jump import hash as jump_hash
    from xxhash import xxh64_intdigest

    count = len(hosts)
    return lambda key: hosts[jump_hash(xxh64_intdigest(key.encode()), count)]


def two_choices(hosts: list[str]) -> Callable[[], str]:
    """Power of two choices in plain Python: the less loaded of two random hosts."""
    active = [0] * len(hosts)
    count, draw = len(hosts), random.random

    def pick() -> str:
        one, other = int(draw() * count), int(draw() * count)
        at = one if active[one] <= active[other] else other
        active[at] += 1
        active[at] -= 1
        return hosts[at]

    return pick


# ---------------------------------------------------------------------- what is measured


PEERS: dict[str, Callable[[list[str]], Callable[[str], Any]]] = {
    "uhashring": lambda hosts: uhashring_ring(hosts).get_node,
    "hashring": lambda hosts: hashring_ring(hosts).get_node,
    "ketama": lambda hosts: ketama_ring(hosts).get_server,
    "jump-consistent-hash": jump_pick,
}


def makers(hosts: list[str]) -> dict[str, Callable[[], Callable[[str], Any]]]:
    return {name: partial(make, hosts) for name, make in PEERS.items()}


def by_key(hosts: list[str], peers: Mapping[str, Callable[[str], Any]]) -> dict[str, Contender]:
    picks = {"RingHash": ring(hosts).pick, "Maglev": Maglev(hosts).pick, **peers}
    out = {
        name: Contender("for key in keys: pick(key)", {"pick": pick, "keys": KEYS}, len(KEYS))
        for name, pick in picks.items()
    }
    for kind in (ring, Maglev):
        balancer = kind(hosts)
        names = {"pick_many": balancer.pick_many, "keys": KEYS}
        out[f"{type(balancer).__name__}.pick_many"] = Contender("pick_many(keys)", names, len(KEYS))
    return out


def by_weight(hosts: list[str]) -> dict[str, Contender]:
    weights = weights_of(len(hosts))
    names = {"choices": random.choices, "hosts": hosts, "sums": list(accumulate(weights))}
    picks = {
        "RandomChoice": RandomChoice(hosts, weights=weights).pick,
        "RoundRobin": RoundRobin(hosts, weights=weights).pick,
        "two choices in Python": two_choices(hosts),
    }
    return {
        **{name: Contender("pick()", {"pick": pick}) for name, pick in picks.items()},
        "random.choices": Contender("choices(hosts, cum_weights=sums)[0]", names),
        "LeastRequest": least_request(hosts),
    }


def least_request(hosts: list[str]) -> Contender:
    """A request from its begin to its end, as a pick of the Python P2C counts one, too."""
    balancer = LeastRequest(hosts)
    return Contender("done(pick())", {"pick": balancer.pick, "done": balancer.done})


def deciding(size: int) -> Contender:
    """A whole decision and its end; the endpoint is a number until somebody asks for its name."""
    endpoints = tuple(model.Endpoint(host.partition(":")[0], 9080) for host in hosts_of(size))
    cluster = model.Cluster(
        "c", localities=(model.LocalityEndpoints(endpoints),), policy=model.Policy.LEAST_REQUEST
    )
    match = model.RouteMatch(model.PathMatch(model.PathKind.PREFIX, "/"))
    host = model.VirtualHost("v", ("*",), (model.Route(match, model.ForwardAction(cluster="c")),))
    table = model.RouteConfiguration("t", (host,))
    engine = Engine(model.Config((model.Listener("l", None, table),), (cluster,)))
    return Contender('decide("GET", "a.example", "/").close()', {"decide": engine.decide})


def flatness(quick: dict[str, Any]) -> dict[str, list[Cost]]:
    """Each policy's pick at each size; and what it takes to hand out one of so many strings, which lie all
    over the memory and are counted by reference."""
    out: dict[str, list[Cost]] = {}
    for size in SIZES:
        hosts = hosts_of(size)
        picks = {
            name: Contender("for key in keys: pick(key)", {"pick": pick, "keys": KEYS}, len(KEYS))
            for name, pick in (("RingHash", ring(hosts).pick), ("Maglev", Maglev(hosts).pick))
        }
        chance = RandomChoice(hosts, weights=weights_of(size)).pick
        picks["RandomChoice"] = Contender("pick()", {"pick": chance})
        picks["LeastRequest"] = least_request(hosts)
        picks["Engine.decide, least request"] = deciding(size)
        picks[FLOOR] = Contender(
            "hosts[int(draw() * count)]", {"hosts": hosts, "draw": random.random, "count": size}
        )
        for name, cost in measure(picks, **quick).items():
            out.setdefault(name, []).append(cost)
    return out


BUILT_RING, BUILT_MAGLEV = f"RingHash of {ENTRIES:,} entries", "Maglev of 65,537 places"
BUILDERS: dict[str, Callable[[list[str]], Any]] = {
    "uhashring": uhashring_ring,
    "hashring": hashring_ring,
    "ketama": ketama_ring,
}


def building(hosts: list[str], peers: Iterable[str]) -> dict[str, Contender]:
    makers = {BUILT_RING: ring, BUILT_MAGLEV: Maglev}
    makers |= {peer: make for peer, make in BUILDERS.items() if peer in peers}
    return {name: Contender("make(hosts)", {"make": make, "hosts": hosts}) for name, make in makers.items()}


def compare(quick: bool) -> Comparison:
    """For `python -m benches`."""
    run, hosts = Comparison("balance", quick), hosts_of(HOSTS)
    peers = run.present(makers(hosts))
    costs = run.measure(by_key(hosts, peers))
    for name in ("RingHash", "Maglev"):
        run.add(f"a key's host of {HOSTS:,}", costs, name, peers, TARGETS)
    costs = run.measure(by_weight(hosts))
    for name in ("RandomChoice", "RoundRobin"):
        targets = {"random.choices": WEIGHTED_TARGET}
        run.add(f"a host of {HOSTS:,} by weight", costs, name, targets, targets)
    run.add("the less loaded of two hosts", costs, "LeastRequest", ["two choices in Python"])
    costs = run.measure(building(hosts, peers), rounds=3)
    for name in (BUILT_RING, BUILT_MAGLEV):
        run.add(f"building over {HOSTS:,} hosts", costs, name, BUILDERS)
    return run


def report(title: str, costs: dict[str, Cost], ours: list[str]) -> None:
    print(f"\n{title}: minimum, median, and how many times ours it is\n")
    rows = [
        [name, nanoseconds(cost.minimum), nanoseconds(cost.median)]
        + [f"{cost.minimum / costs[one].minimum:,.1f}x" for one in ours]
        for name, cost in costs.items()
    ]
    print(table(["", "minimum", "median", *ours], rows))


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="fewer, shorter samples")
    effort: dict[str, Any] = {"rounds": 3, "sample": 0.005} if options.parse_args().quick else {}
    hosts = hosts_of(HOSTS)
    peers = present_or_said(makers(hosts))
    keyed = measure(by_key(hosts, peers), **effort)
    report(f"a key's host of {HOSTS:,}", keyed, ["RingHash", "Maglev"])
    weighted = measure(by_weight(hosts), **effort)
    report(f"a host of {HOSTS:,} by weight", weighted, ["RandomChoice", "RoundRobin", "LeastRequest"])
    built = measure(building(hosts, peers), **{**effort, "rounds": 3})
    report(f"building over {HOSTS:,} hosts", built, list(built)[:2])
    flat = flatness(effort)
    print("\nminimum of one pick by the number of hosts\n")
    print(
        table(
            ["", *(f"{size:,}" for size in SIZES)],
            [[n, *(nanoseconds(c.minimum) for c in row)] for n, row in flat.items()],
        )
    )
    verdicts = [
        verdict(f"{name} against {peer}", keyed[peer].minimum / keyed[name].minimum, target, at_most=False)
        for name in ("RingHash", "Maglev")
        for peer, target in TARGETS.items()
        if peer in keyed
    ]
    for name in ("RandomChoice", "RoundRobin"):
        ratio = weighted["random.choices"].minimum / weighted[name].minimum
        verdicts.append(verdict(f"{name} against random.choices", ratio, WEIGHTED_TARGET, at_most=False))
    ratio = weighted["two choices in Python"].minimum / weighted["LeastRequest"].minimum
    verdicts.append(verdict("LeastRequest against two choices in Python", ratio, 1, at_most=False))
    floor = flat.pop(FLOOR)
    for name, row in flat.items():
        ratio = max(cost.minimum for cost in row) / min(cost.minimum for cost in row)
        verdicts.append(
            verdict(f"{name}, {SIZES[0]:,} to {SIZES[-1]:,} hosts", ratio, FLATNESS, at_most=True)
        )
        if name in ("RandomChoice", "LeastRequest"):
            ratio = row[-1].minimum / floor[-1].minimum
            what = f"{name} against {FLOOR}, {SIZES[-1]:,} hosts"
            verdicts.append(verdict(what, ratio, FLATNESS, at_most=True))
    print("\n" + "\n".join(verdicts))
    return 0


def test_ring_hash(benchmark: Any) -> None:
    """pytest benches/bench_balance.py: our own figures for pytest-benchmark's histories."""
    assert benchmark(ring(hosts_of(HOSTS)).pick, "user-1")


def test_maglev(benchmark: Any) -> None:
    assert benchmark(Maglev(hosts_of(HOSTS)).pick, "user-1")


if __name__ == "__main__":
    sys.exit(main())
