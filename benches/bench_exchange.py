"""The retry decision beside tenacity and stamina, and a whole exchange beside decide() alone.

    python benches/bench_exchange.py [--rounds 9]

A retry decision: an attempt has failed, and what is to be done next is asked for. The peers decide and wait
in one function: theirs is the cost of a call that fails once and then succeeds, with no wait, less that of
the same call without them.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from timing import Contender, measure, nanoseconds, table, verdict

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


def peers() -> dict[str, Contender]:
    import stamina
    import tenacity

    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(3),
        wait=tenacity.wait_none(),
        retry=tenacity.retry_if_exception_type(ConnectionError),
    )
    stamina.instrumentation.set_on_retry_hooks([])
    caller = stamina.RetryingCaller(attempts=3, wait_initial=0, wait_max=0, wait_jitter=0)
    return {
        "tenacity": Contender("retrying(call)", {"retrying": retrying, "call": failing_once()}),
        "stamina": Contender("caller(ConnectionError, call)", {"caller": caller, "call": failing_once()}),
    }


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=9)
    rounds = options.parse_args().rounds
    decide, names = engine().decide, {"H": HEADERS, "A": ANSWER}
    start = 'd = decide("GET", "a.example", "/x", H)'
    own = {
        "decide, close": f"{start}; d.close()",
        "decide, report 200, close": f"{start}; d.report(status=200, headers=A); d.close()",
        "decide, report 503, report 200, close": (
            f"{start}; d.report(status=503, headers=A); d.report(status=200, headers=A); d.close()"
        ),
    }
    contenders = {name: Contender(statement, {**names, "decide": decide}) for name, statement in own.items()}
    plain = {
        "two calls": Contender(
            "try:\n    call()\nexcept ConnectionError:\n    call()", {"call": failing_once()}
        )
    }
    cost = {
        name: one.minimum for name, one in measure({**contenders, **plain, **peers()}, rounds=rounds).items()
    }
    print(table(["", "cost"], [[name, nanoseconds(value)] for name, value in cost.items()]) + "\n")
    alone, once, again = (cost[name] for name in own)
    print(verdict("decide() and report() beside decide()", once / alone, WHOLE, at_most=True))
    for name, least in TARGETS.items():
        print(
            verdict(
                f"{name} beside a retry",
                (cost[name] - cost["two calls"]) / (again - once),
                least,
                at_most=False,
            )
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
