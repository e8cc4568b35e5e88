"""Outlier detection beside the breakers that Python services count failures with.

    python benches/bench_outlier.py [--quick]

Telling how a request to one of ten hosts went, and asking whether a host may be used. The peers have a
breaker for each host: pybreaker and aiobreaker count around a call that does nothing, with circuitbreaker the
call is decorated, purgatory is used by ``with``. They know failures in a row alone; ours also keeps success
rates.

Then what detection adds to the engine: decide, report and close, with a cluster that has it and with one that
has not.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

from comparison import Comparison, present_or_said
from timing import Contender, Cost, beside, measure, verdict

from meshcore import Engine, OutlierDetector
from meshcore.model import (
    Cluster,
    Config,
    Endpoint,
    ForwardAction,
    Listener,
    LocalityEndpoints,
    OutlierDetection,
    PathKind,
    PathMatch,
    Route,
    RouteConfiguration,
    RouteMatch,
    VirtualHost,
)

HOSTS = [f"10.0.0.{number}:80" for number in range(10)]
#: How many times cheaper than the peer asking and reporting must be.
TARGETS = {"pybreaker": 10.0}
#: What decide, report and close may cost with detection, of what they cost without.
OVERHEAD = 1.5


def nothing() -> None:
    pass


def pybreaker_breakers() -> Contender:
    import pybreaker

    breakers = {host: pybreaker.CircuitBreaker(fail_max=5) for host in HOSTS}
    return Contender("with breakers[host].calling(): pass", {"breakers": breakers, "host": HOSTS[3]})


def aiobreaker_breakers() -> Contender:
    import aiobreaker

    breakers = {host: aiobreaker.CircuitBreaker(fail_max=5) for host in HOSTS}
    names = {"breakers": breakers, "host": HOSTS[3], "nothing": nothing}
    return Contender("breakers[host].call(nothing)", names)


def circuitbreaker_breakers() -> Contender:
    import circuitbreaker

    guarded = {host: circuitbreaker.circuit(nothing) for host in HOSTS}
    return Contender("guarded[host]()", {"guarded": guarded, "host": HOSTS[3]})


def purgatory_breakers() -> Contender:
    import purgatory

    factory = purgatory.SyncCircuitBreakerFactory()
    names = {"get_breaker": factory.get_breaker, "host": HOSTS[3]}
    return Contender("with get_breaker(host): pass", names)


PEERS: dict[str, Callable[[], Contender]] = {
    "pybreaker": pybreaker_breakers,
    "aiobreaker": aiobreaker_breakers,
    "circuitbreaker": circuitbreaker_breakers,
    "purgatory": purgatory_breakers,
}


def ours() -> dict[str, Contender]:
    detector = OutlierDetector(HOSTS, max_ejection_percent=50)
    out = OutlierDetector(HOSTS, max_ejection_percent=50, base_ejection_time=3000.0, max_ejection_time=3000.0)
    for _ in range(5):
        out.report(HOSTS[3], 503)
    names = {"report": detector.report, "ejected": detector.ejected, "host": HOSTS[3]}
    return {
        "report, a success": Contender("report(host, 200)", names),
        "report, a failure": Contender("report(host, 503); report(host, 200)", names, 2),
        "ejected": Contender("ejected(host)", names),
        "ejected, it is": Contender("ejected(host)", {"ejected": out.ejected, "host": HOSTS[3]}),
        "ejected and report": Contender("ejected(host); report(host, 200)", names),
    }


def engine(detection: OutlierDetection | None) -> Engine:
    endpoints = tuple(Endpoint(host[:-3], 80) for host in HOSTS)
    cluster = Cluster("c", localities=(LocalityEndpoints(endpoints),), outlier_detection=detection)
    route = Route(RouteMatch(PathMatch(PathKind.PREFIX, "/")), ForwardAction(cluster="c"))
    table = RouteConfiguration("t", (VirtualHost("v", ("*",), (route,)),))
    return Engine(Config((Listener("l", None, table),), (cluster,)))


def in_the_engine() -> dict[str, Contender]:
    statement = "d = decide('GET', 'a', '/', headers); d.report(status=200); d.close()"
    headers = [(b"accept", b"*/*"), (b"user-agent", b"bench")]
    return {
        name: Contender(statement, {"decide": engine(detection).decide, "headers": headers})
        for name, detection in (("without", None), ("with outlier detection", OutlierDetection()))
    }


def compare(quick: bool) -> Comparison:
    """For `python -m benches`."""
    run = Comparison("outlier", quick)
    costs = run.measure({**ours(), **run.present(PEERS)})
    run.add("asking for a host and telling how it went", costs, "ejected and report", PEERS, TARGETS)
    return run


def report(title: str, costs: dict[str, Cost]) -> None:
    print(f"\n{title}\n")
    print(beside(costs, digits=2))


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="fewer, shorter samples")
    effort: dict[str, Any] = {"rounds": 3, "sample": 0.005} if options.parse_args().quick else {}
    told = measure({**ours(), **present_or_said(PEERS)}, **effort)
    report("telling how a request to one of ten hosts went", told)
    decided = measure(in_the_engine(), **effort)
    report("decide, report and close", decided)
    verdicts = [
        verdict(
            f"ejected() and report() against {peer}",
            told[peer].minimum / told["ejected and report"].minimum,
            target,
            at_most=False,
        )
        for peer, target in TARGETS.items()
        if peer in told
    ]
    ratio = decided["with outlier detection"].minimum / decided["without"].minimum
    verdicts.append(verdict("decide, report and close with detection", ratio, OVERHEAD, at_most=True))
    print("\n" + "\n".join(verdicts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
