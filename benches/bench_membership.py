"""Changes of endpoints: one cluster of many, and the tables that the hashing policies build anew.

python benches/bench_membership.py [--clusters 100,10000] [--quick]
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import tables
from comparison import Comparison
from timing import Contender, measure, nanoseconds, table

from meshcore import Engine, Maglev, RingHash
from meshcore.model import Config

HOSTS = [f"10.0.{i // 250}.{i % 250 + 1}:9080" for i in range(1_000)]


def config(clusters: int) -> Config:
    """One listener, and so many clusters of ten hosts."""
    base = tables.config(100)
    return replace(base, clusters=tuple(tables.cluster(f"c{i}", 10) for i in range(clusters)))


def changes(clusters: int) -> dict[str, Contender]:
    """Two updates, there and back; and two swaps of whole configurations that differ in the same cluster."""
    engine = Engine(config(clusters))
    name = f"c{clusters // 2}"
    updates = {"update": engine.update_endpoints, "name": name, "one": HOSTS[:10], "two": HOSTS[:9]}
    other = Engine(config(clusters))
    first = other.config
    other.update_endpoints(name, HOSTS[:9])
    swaps = {"swap": other.swap, "one": first, "two": other.config}
    return {
        "update_endpoints": Contender("update(name, one); update(name, two)", updates, 2),
        "swap": Contender("swap(one); swap(two)", swaps, 2),
    }


def builds() -> dict[str, Contender]:
    ring = Contender("make(hosts, minimum_ring_size=65536)", {"make": RingHash, "hosts": HOSTS})
    maglev = Contender("make(hosts)", {"make": Maglev, "hosts": HOSTS})
    return {"ring of 65,536 entries": ring, "Maglev table of 65,537": maglev}


def compare(quick: bool) -> Comparison:
    """For `python -m benches`."""
    run, clusters = Comparison("membership", quick), 1_000
    costs = run.measure(changes(clusters))
    run.add(f"endpoints of one cluster of {clusters:,}", costs, "update_endpoints", ["swap"])
    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clusters", default="100,10000")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    rounds = 3 if args.quick else 9
    rows = []
    for clusters in map(int, args.clusters.split(",")):
        costs = measure(changes(clusters), rounds=rounds, sample=0.2)
        update, swap = costs["update_endpoints"].minimum, costs["swap"].minimum
        rows.append([f"{clusters:,}", nanoseconds(update), nanoseconds(swap), f"{swap / update:.0f}x"])
    print(table(["clusters", "update_endpoints", "swap", "swap / update"], rows))
    print()
    costs = measure(builds(), rounds=rounds, sample=0.2)
    print(table(["1,000 hosts", "to build"], [[name, nanoseconds(it.minimum)] for name, it in costs.items()]))


if __name__ == "__main__":
    main()
