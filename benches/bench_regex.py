"""Regexes beside Python's `re` and google-re2: one at a time, and many as the routes of one host.

    python benches/bench_regex.py [--sizes 1,10,100,1000] [--quick]

Everybody matches the whole text, precompiled. "re loop" and "re2 loop" try one regex after the other,
as a router over them would; "re2.Set" is RE2's own combined automaton, which tells all that match.
Ours goes through RouteTable.match: with domains, first match wins, and the route's name in the end.
"""

from __future__ import annotations

import argparse
import functools
import importlib.metadata
import platform
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

import tables
from comparison import Comparison
from timing import Contender, Cost, measure, nanoseconds, table, verdict

from meshcore import RouteTable
from meshcore.match import Regex
from meshcore.model import (
    ForwardAction,
    PathKind,
    PathMatch,
    Route,
    RouteConfiguration,
    RouteMatch,
    VirtualHost,
)

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
WORDS = (
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "zeta",
    "eta",
    "theta",
    "iota",
    "kappa",
    "lambda",
    "mu",
    "nu",
)

#: A pass to find the one, and one to see that it is the one.
FLATNESS = 2.0

#: name, pattern, text, whether it matches
SINGLE = [
    ("version", "/api/v[0-9]+/users/[^/]+", "/api/v2/users/4711", True),
    ("version, long rest", "/api/v[0-9]+/.*", "/api/v2/" + "reports/2024/" * 8, True),
    ("version, no", "/api/v[0-9]+/users/[^/]+", "/api/v2/orders/4711", False),
    ("extension", r".*\.(jpg|png|css)", "/static/images/header/logo-large.png", True),
    ("extension, no", r".*\.(jpg|png|css)", "/static/images/header/logo-large.gif", False),
    ("language", "/(en|de|fr)/.*", "/de/produkte/uebersicht", True),
    ("uuid", f"/orders/{UUID}", "/orders/5a1d5c2e-0f43-4d05-9d4b-1b9c7a4fbb1e", True),
    ("ignore case", "(?i)/Checkout/Basket/[a-z]+", "/checkout/BASKET/add", True),
    (
        "39 words",
        "/(" + "|".join(f"{a}-{b}" for a in WORDS for b in ("in", "out", "up")) + ")/x",
        "/mu-up/x",
        True,
    ),
    ("word border", r"/.*\bedit\b.*", "/documents/4711/edit/page", True),
    ("lines", r"(?m)/a.*$", "/a/documents/4711/edit/page", True),
    ("beyond ASCII", "/[^/]+/städte/.*", "/länder/städte/münchen/straße", True),
    ("counted", "/(?:[a-z]{1,20}-){2,8}[a-z]{1,20}", "/one-two-three-four-five-six", True),
    ("large", "/(?:[a-z]{1,60}[0-9]{1,60}/){1,6}end", "/abc123/defg4567/end", True),
    ("many stars", ".*.*.*=.*", "/search?text=value", True),
]

#: Exponential for a matcher that backtracks, or for one that tabulates without a bound. `re` sits these out.
PATHOLOGICAL = [
    ("(a*)*b", "a"),
    ("(a|aa)*$", "a"),
    ("(x+x+)+y", "x"),
    ("(?:(?:a{1,9}){1,9})*b", "a"),
    (".*.*.*=.*", "a"),
    ("(?:a|b)*a(?:a|b){14}", "ab"),
]

#: Routes by number, and a request for each.
FAMILIES: dict[str, tuple[Callable[[int], str], Callable[[int], str]]] = {
    "own prefix": ("/service-{}/items/[^/]+".format, "/service-{}/items/4711".format),
    "version": ("/api/v[0-9]+/service-{}/[^/]+".format, "/api/v2/service-{}/4711".format),
    "extension": (r".*\.(?:a{0}|b{0})x".format, "/static/images/logo.b{}x".format),
    "inner": (".*/service-{}/.*".format, "/api/v2/service-{}/4711".format),
    "ignore case": ("(?i)/[^/]+/Service-{}/[^/]+".format, "/api/SERVICE-{}/4711".format),
    "no literal": ("/[a-z]+/[0-9]{{{}}}/x".format, lambda i: f"/items/{'7' * i}/x"),
}
#: RE2 refuses counts beyond 1000, and a path of thousands of digits is no path.
SMALL_FAMILIES = {"no literal": 100}


#: With how many routes `python -m benches` compares.
COMPARED = 100


@functools.cache
def re2_options() -> Any:
    """RE2 would look for what the groups match otherwise, by slower machines."""
    import re2

    options = re2.Options()
    options.never_capture = True
    return options


def re2_compile(pattern: str) -> Any:
    import re2

    return re2.compile(pattern, re2_options())


COMPILERS: dict[str, Callable[[str], Any]] = {"re": re.compile, "re2": re2_compile}


def single(rounds: int) -> None:
    rows = []
    for name, pattern, text, matches in SINGLE:
        contenders = {
            "ours": Regex(pattern).full_match,
            **{who: compile_(pattern).fullmatch for who, compile_ in COMPILERS.items()},
        }
        for who, match in contenders.items():
            if bool(match(text)) is not matches:
                raise AssertionError(f"{who} about {pattern} on {text}")
        costs = time_calls(contenders, [text], rounds)
        rows.append([name, *cells(costs, ["re", "re2"])])
    print(table(["one regex", "ours", "re", "", "re2", ""], rows), end="\n\n")


def long_texts(rounds: int) -> None:
    """What a further byte costs: the difference between two lengths, so that what a call costs falls out."""
    few, many = 2_000, 10_000
    rows = []
    for pattern, piece in PATHOLOGICAL:
        contenders = {"ours": Regex(pattern).full_match, "re2": re2_compile(pattern).fullmatch}
        short, long = (time_calls(contenders, [(piece * n)[:n].encode()], rounds) for n in (few, many))
        slopes = {
            who: Cost(
                *(
                    (getattr(long[who], f) - getattr(short[who], f)) / (many - few)
                    for f in ("minimum", "median")
                )
            )
            for who in contenders
        }
        rows.append([pattern, *cells(slopes, ["re2"])])
    print(table(["each further byte", "ours", "re2", ""], rows), end="\n\n")


def route_table(patterns: Sequence[str]) -> RouteTable:
    routes = tuple(
        Route(
            match=RouteMatch(PathMatch(PathKind.REGEX, pattern)),
            action=ForwardAction(cluster="c"),
            name=str(i),
        )
        for i, pattern in enumerate(patterns)
    )
    hosts = (VirtualHost("bench", (tables.AUTHORITY,), routes),)
    return RouteTable(RouteConfiguration(name="bench", virtual_hosts=hosts))


def request(table: RouteTable) -> Callable[[str], str | None]:
    match = table.match
    return lambda path: match("GET", tables.AUTHORITY, path)


def loop_over(compile_: Callable[[str], Any], patterns: Sequence[str]) -> Callable[[str], str | None]:
    named = [(compile_(pattern).fullmatch, str(i)) for i, pattern in enumerate(patterns)]

    def match(path: str) -> str | None:
        for fullmatch, name in named:
            if fullmatch(path):
                return name
        return None

    return match


def re2_set(patterns: Sequence[str]) -> Callable[[str], str | None]:
    import re2

    combined = re2.Set.FullMatchSet()
    for pattern in patterns:
        combined.Add(pattern)
    combined.Compile()

    def match(path: str) -> str | None:
        found = combined.Match(path)
        return str(min(found)) if found else None

    return match


LOOPS: dict[str, Callable[[Sequence[str]], Callable[[str], str | None]]] = {
    "re loop": functools.partial(loop_over, re.compile),
    "re2 loop": functools.partial(loop_over, re2_compile),
    "re2.Set": re2_set,
}


def compare(quick: bool) -> Comparison:
    """For `python -m benches`: all single regexes together, and routes of each kind."""
    run = Comparison("regex", quick)

    def matchers(compile_: Callable[[str], Any], method: str) -> Contender:
        pairs = [(getattr(compile_(pattern), method), text) for _, pattern, text, _ in SINGLE]
        return Contender("for match, text in pairs: match(text)", {"pairs": pairs}, len(pairs))

    singles = {who: functools.partial(matchers, it, "fullmatch") for who, it in COMPILERS.items()}
    costs = run.measure({"Regex": matchers(Regex, "full_match"), **run.present(singles)})
    run.add(f"one of {len(SINGLE)} regexes", costs, "Regex", COMPILERS)
    for family, (pattern_of, path_of) in FAMILIES.items():
        patterns = [pattern_of(i + 1) for i in range(COMPARED)]
        loops = {who: functools.partial(make, patterns) for who, make in LOOPS.items()}
        calls = {"RouteTable.match": request(route_table(patterns)), **run.present(loops)}
        names = {"path": path_of(COMPARED)}
        contenders = {who: Contender("match(path)", {"match": it, **names}) for who, it in calls.items()}
        operation = f"{COMPARED} regex routes, {family}, the last"
        run.add(operation, run.measure(contenders), "RouteTable.match", LOOPS)
    return run


def sets(sizes: Sequence[int], rounds: int) -> dict[str, dict[int, dict[str, dict[str, Cost]]]]:
    """family -> size -> where the hit is -> contender -> cost"""
    out: dict[str, dict[int, dict[str, dict[str, Cost]]]] = {}
    for family, (pattern_of, path_of) in FAMILIES.items():
        rows = []
        for size in (size for size in sizes if size <= SMALL_FAMILIES.get(family, size)):
            patterns = [pattern_of(i + 1) for i in range(size)]
            contenders = {
                "ours": request(route_table(patterns)),
                **{who: make(patterns) for who, make in LOOPS.items()},
            }
            for where, number in {"first": 0, "middle": size // 2, "last": size - 1, "none": None}.items():
                path = "/nothing/of/this/kind" if number is None else path_of(number + 1)
                for who, match in contenders.items():
                    if match(path) != (None if number is None else str(number)):
                        raise AssertionError(f"{who} about {family} {number} of {size}: {match(path)}")
                only = route_table(patterns if number is None else [patterns[number]])
                costs = time_calls({**contenders, "alone": request(only)}, [path], rounds)
                out.setdefault(family, {}).setdefault(size, {})[where] = costs
                rows.append([f"{family}, {size:,}, {where}", *cells(costs, list(contenders)[1:])])
        print(table(["routes", "ours", "re loop", "", "re2 loop", "", "re2.Set", ""], rows), end="\n\n")
    return out


def time_calls(contenders: dict[str, Callable[[Any], Any]], texts: list[Any], rounds: int) -> dict[str, Cost]:
    statement = "for text in texts: match(text)"
    return measure(
        {
            who: Contender(statement, {"match": match, "texts": texts}, operations=len(texts))
            for who, match in contenders.items()
        },
        rounds=rounds,
        sample=0.004,
    )


def cells(costs: dict[str, Cost], peers: list[str]) -> list[str]:
    ours = costs["ours"].minimum
    out = [nanoseconds(ours)]
    for peer in peers:
        out += [nanoseconds(costs[peer].minimum), f"{costs[peer].minimum / ours:,.1f}x"]
    return out


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--sizes", default="1,10,100,1000", help="routes in the host")
    options.add_argument("--quick", action="store_true", help="fewer rounds")
    arguments = options.parse_args()
    rounds = 3 if arguments.quick else 7
    sizes = [int(size) for size in arguments.sizes.split(",")]
    packages = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in ("meshcore-engine", "google-re2")
    )
    print(f"Python {platform.python_version()} (re), {packages}; minima of {rounds} rounds, processor time\n")
    single(rounds)
    long_texts(rounds)
    costs = sets(sizes, rounds)
    print("cost of a hit on the last over that of a table with this one route alone:")
    for family, by_size in costs.items():
        last = by_size[max(by_size)]["last"]
        ratio = last["ours"].minimum / last["alone"].minimum
        print(verdict(f"{family}, {max(by_size):,} routes", ratio, FLATNESS, at_most=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
