"""The two bindings of the core beside each other: the same component, the same work, in turns.

python benches/bench_backends.py [--quick]
pypy3 benches/bench_backends.py          # cffi alone: PyPy has no other
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from types import ModuleType

import tables
from comparison import Comparison, present_or_said
from timing import Contender, measure, nanoseconds, table

from meshcore._backend import BACKENDS, component_module

HOSTS = [f"10.0.{i // 250}.{i % 250 + 1}:9080" for i in range(1_000)]
KEYS = [f"user-{i}" for i in range(256)]


Modules = dict[str, ModuleType]


def makers(home: str) -> dict[str, Callable[[], ModuleType]]:
    """The component's module of each backend."""
    return {name: partial(component_module, home, name) for name in BACKENDS}


def contenders(modules: Callable[[str], Modules]) -> dict[str, dict[str, Contender]]:
    """By what is done, then by backend; ``modules`` finds those of a component."""
    work: dict[str, dict[str, Contender]] = {}
    requests = [("GET", tables.AUTHORITY, path) for path in tables.mixed_paths(1_000)]
    for name, module in modules("meshcore.match").items():
        routes = module.RouteTable(tables.route_configuration(1_000))
        statement = "for request in requests: match(*request)"
        names = {"match": routes.match, "requests": requests}
        work.setdefault("RouteTable.match", {})[name] = Contender(statement, names, len(requests))
    for name, module in modules("meshcore.balance").items():
        for kind in ("RingHash", "Maglev"):
            balancer = getattr(module, kind)(HOSTS)
            one = Contender("for key in keys: pick(key)", {"pick": balancer.pick, "keys": KEYS}, len(KEYS))
            many = Contender("pick(keys)", {"pick": balancer.pick_many, "keys": KEYS}, len(KEYS))
            work.setdefault(f"{kind}.pick", {})[name] = one
            work.setdefault(f"{kind}.pick_many, a key", {})[name] = many
        for kind in ("RoundRobin", "RandomChoice"):
            pick = getattr(module, kind)(HOSTS).pick
            work.setdefault(f"{kind}.pick", {})[name] = Contender("pick()", {"pick": pick})
        least = module.LeastRequest(HOSTS)
        names = {"pick": least.pick, "done": least.done}
        work.setdefault("LeastRequest.pick, done", {})[name] = Contender("done(pick())", names)
    for name, module in modules("meshcore.split").items():
        pick = module.WeightedSplit({"v1": 90, "v2": 9, "v3": 1}).pick
        contender = Contender("for key in keys: pick(key)", {"pick": pick, "keys": KEYS}, len(KEYS))
        work.setdefault("WeightedSplit.pick", {})[name] = contender
    return work


def compare(quick: bool) -> Comparison:
    """For `python -m benches`."""
    run = Comparison("backends", quick)
    for what, by_backend in contenders(lambda home: run.present(makers(home))).items():
        run.add(what, run.measure(by_backend), "cython", ["cffi"])
    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    rounds = 3 if parser.parse_args().quick else 9
    rows = []
    for what, by_backend in contenders(lambda home: present_or_said(makers(home))).items():
        costs = measure(by_backend, rounds=rounds)
        cells = [nanoseconds(costs[name].minimum) if name in costs else "-" for name in BACKENDS]
        ratio = costs["cffi"].minimum / costs["cython"].minimum if len(costs) == 2 else None
        rows.append([what, *cells, f"{ratio:.1f}x" if ratio is not None else "-"])
    print(table(["", *BACKENDS, "cffi / cython"], rows))


if __name__ == "__main__":
    main()
