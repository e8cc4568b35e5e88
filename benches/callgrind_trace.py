"""Counts the instructions of a hop of a trace: extract(), child() and inject(), by valgrind's callgrind.

    python benches/callgrind_trace.py [--functions 25] [--only dicts] [--peers]

The hops are those of bench_trace.py in B3, counted as callgrind_decide.py counts. An empty loop is taken off.
"""

from __future__ import annotations

import argparse
import shutil
import sys

from callgrind_decide import spent

#: What is made once, and what a round does.
ROUNDS = {
    "nothing": "pass",
    "extract, list": "extract(headers)",
    "extract, dict": "extract(text)",
    "child": "parent.child()",
    "lists": "extract(headers).child().inject([], formats)",
    "in place": "extract(headers).child().inject(headers, formats)",
    "dicts": "extract(text).child().inject({}, formats)",
}
PEERS = {
    "py-zipkin, dict": (
        "py_zipkin_b3()['py-zipkin, dict']",
        "write(context_stack=None, tracer=Tracer(extract(text)), new_span_id=True)",
    ),
    "OpenTelemetry, list": (
        "opentelemetry_b3()['OpenTelemetry, list']",
        "inject({}, context=child(extract(headers, getter=getter)))",
    ),
}

LOOP = """
import gc, sys
sys.path.insert(0, {benches!r})
from bench_trace import B3, ours, opentelemetry_b3, py_zipkin_b3
globals().update({made}.names)
parent = __import__("meshcore").SpanContext.new()
def main():
    for _ in range(100):
        {statement}
    gc.collect()
    gc.disable()
    for _ in range({count}):
        {statement}
main()
"""
OURS = "ours(B3, 'b3multi')['meshcore']"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    options.add_argument("--functions", type=int, default=0, help="how many of each to list")
    options.add_argument("--only", choices=ROUNDS, help="leave the others out")
    options.add_argument("--peers", action="store_true", help="count OpenTelemetry and py-zipkin as well")
    arguments = options.parse_args()
    if not shutil.which("valgrind"):
        print("valgrind is not here: nothing counted")
        return 0
    chosen = [arguments.only] if arguments.only else [name for name in ROUNDS if name != "nothing"]
    rounds = {name: (OURS, ROUNDS[name]) for name in chosen} | (PEERS if arguments.peers else {})
    loop = spent(LOOP, made=OURS, statement="pass")
    for name, (made, statement) in rounds.items():
        found = spent(LOOP, made=made, statement=statement)
        print(f"{found.pop('PROGRAM TOTALS') - loop['PROGRAM TOTALS']:10,.0f}  {name}")
        more = {function: cost - loop.get(function, 0) for function, cost in found.items()}
        for function, cost in sorted(more.items(), key=lambda item: -item[1])[: arguments.functions]:
            print(f"{cost:21,.1f}  {function}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
