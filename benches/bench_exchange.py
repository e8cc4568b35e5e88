"""The retry decision beside tenacity and stamina, and a whole exchange beside decide() alone.

    python benches/bench_exchange.py [--rounds 9]

A retry decision: an attempt has failed, and what is to be done next is asked for. The peers decide and wait
in one function: theirs is the cost of a call that fails once and then succeeds, with no wait, less that of
the same call without them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from typing import Any

from comparison import Comparison, present_or_said
from timing import Contender, Cost, measure, nanoseconds, table, verdict

from meshcore import Engine
from meshcore.config.envoy import load_parts

#: How many times cheaper than each peer a retry must be, and what a whole exchange may cost beside decide().
TARGETS = {"tenacity": 5.0, "stamina": 5.0}
WHOLE = 1.5
HEADERS = [(b"user-agent", b"curl/8"), (b"accept", b"*/*"), (b"x-request-id", b"8a1f"), (b"cookie", b"a=b")]
ANSWER = [(b"content-type", b"text/plain"), (b"content-length", b"2"), (b"date", b"now"), (b"etag", b"x")]


def engine() -> Engine:
    policy = {"retry_on": "5xx,connect-failure,unavailable,retriable-status-codes", "num_retries": 2}
    hosts = [
        {"endpoint": {"address": {"socket_address": {"address": f"10.0.0.{i}", "port_value": 80}}}}
        for i in range(1, 6)
    ]
    route = {"match": {"prefix": "/"}, "route": {"cluster": "c", "retry_policy": policy}}
    cluster = {"name": "c", "load_assignment": {"cluster_name": "c", "endpoints": [{"lb_endpoints": hosts}]}}
    table = {"virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [route]}]}
    return Engine(load_parts(table, [cluster], {}, [], {}, {}))


def failing_once() -> Any:
    state = {"failed": False}

    def call() -> None:
        state["failed"] = not state["failed"]
        if state["failed"]:
            raise ConnectionError

    return call


def tenacity_retry() -> Contender:
    import tenacity

    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(3),
        wait=tenacity.wait_none(),
        retry=tenacity.retry_if_exception_type(ConnectionError),
    )
    return Contender("retrying(call)", {"retrying": retrying, "call": failing_once()})


def stamina_retry() -> Contender:
    import stamina

    stamina.instrumentation.set_on_retry_hooks([])
    caller = stamina.RetryingCaller(attempts=3, wait_initial=0, wait_max=0, wait_jitter=0)
    return Contender("caller(ConnectionError, call)", {"caller": caller, "call": failing_once()})


PEERS: dict[str, Callable[[], Contender]] = {"tenacity": tenacity_retry, "stamina": stamina_retry}
START = 'd = decide("GET", "a.example", "/x", H)'
ALONE, ONCE, AGAIN = OWN = {
    "decide, close": f"{START}; d.close()",
    "decide, report 200, close": f"{START}; d.report(status=200, headers=A); d.close()",
    "decide, report 503, report 200, close": (
        f"{START}; d.report(status=503, headers=A); d.report(status=200, headers=A); d.close()"
    ),
}
PLAIN = "two calls"


def contenders() -> dict[str, Contender]:
    """Ours, and the call that fails once without anybody around it."""
    names = {"H": HEADERS, "A": ANSWER, "decide": engine().decide}
    plain = Contender("try:\n    call()\nexcept ConnectionError:\n    call()", {"call": failing_once()})
    return {**{name: Contender(statement, names) for name, statement in OWN.items()}, PLAIN: plain}


def retries(costs: Mapping[str, Cost]) -> dict[str, Cost]:
    """What the retry alone costs each of them."""

    def less(name: str, without: str) -> Cost:
        whole, part = costs[name], costs[without]
        return Cost(whole.minimum - part.minimum, whole.median - part.median)

    return {"report": less(AGAIN, ONCE)} | {peer: less(peer, PLAIN) for peer in PEERS if peer in costs}


def compare(quick: bool) -> Comparison:
    """For `python -m benches`."""
    run = Comparison("exchange", quick)
    costs = retries(run.measure({**contenders(), **run.present(PEERS)}))
    run.add("a retry", costs, "report", PEERS, TARGETS)
    return run


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=9)
    rounds = options.parse_args().rounds
    costs = measure({**contenders(), **present_or_said(PEERS)}, rounds=rounds)
    print(table(["", "cost"], [[name, nanoseconds(cost.minimum)] for name, cost in costs.items()]) + "\n")
    ratio = costs[ONCE].minimum / costs[ALONE].minimum
    print(verdict("decide() and report() beside decide()", ratio, WHOLE, at_most=True))
    retry = {name: cost.minimum for name, cost in retries(costs).items()}
    for name, least in TARGETS.items():
        if name in retry:
            print(verdict(f"{name} beside a retry", retry[name] / retry["report"], least, at_most=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
