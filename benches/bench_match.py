"""RouteTable.match beside the routers of Starlette, Werkzeug, Falcon and aiohttp, and a linear scan.

    python benches/bench_match.py [--sizes 10,100,1000,10000] [--quick]

All of them hold the same table (one route for each service) and answer the same requests: always the
last route, and routes all over the table. We get the request's twelve headers with each call; the
peers look at method and path alone.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Callable, Iterable
from typing import Any

import tables
from comparison import Comparison, present_or_said
from timing import Contender, Cost, measure, nanoseconds, table, verdict

from meshcore import RouteTable

#: How many times cheaper than each peer at 1,000 routes, hit on the last.
TARGETS = {"Starlette": 3000.0, "Werkzeug": 50.0, "aiohttp": 25.0, "Falcon": 40.0}
FLATNESS = 1.5


def starlette_router(size: int) -> Callable[[str], Any]:
    """The loop of starlette.routing.Router.app, without the await around it."""
    from starlette.routing import Match, Route, Router

    async def endpoint(request: object) -> None: ...

    router = Router([Route(f"/service-{i}/items/{{item}}", endpoint, name=str(i)) for i in range(size)])
    scope = {"type": "http", "method": "GET", "root_path": "", "headers": []}

    def match(path: str) -> Any:
        scope["path"] = path
        for route in router.routes:
            matched, child = route.matches(scope)
            if matched is Match.FULL:
                return child
        return None

    return match


def werkzeug_map(size: int) -> Callable[[str], Any]:
    from werkzeug.routing import Map, Rule

    rules = [Rule(f"/service-{i}/items/<item>", endpoint=str(i)) for i in range(size)]
    return Map(rules).bind(tables.AUTHORITY).match


def falcon_router(size: int) -> Callable[[str], Any]:
    from falcon.routing import CompiledRouter

    class Resource:
        def on_get(self, req: object, resp: object, item: str) -> None: ...

    router = CompiledRouter()
    resource = Resource()
    for i in range(size):
        router.add_route(f"/service-{i}/items/{{item}}", resource)
    return router.find


def aiohttp_dispatcher(size: int) -> Callable[[str], Any]:
    """UrlDispatcher.resolve, its coroutine driven by hand: it never waits."""
    from aiohttp import web
    from yarl import URL

    async def handler(request: web.Request) -> web.Response:
        return web.Response()

    dispatcher = web.UrlDispatcher()
    for i in range(size):
        dispatcher.add_get(f"/service-{i}/items/{{item}}", handler)

    class Request:
        method = "GET"

    request = Request()
    urls = {path: URL(path) for path in [tables.path(i) for i in range(size)]}

    def match(path: str) -> Any:
        request.rel_url = urls[path]  # type: ignore[attr-defined]
        try:
            dispatcher.resolve(request).send(None)  # type: ignore[arg-type]
        except StopIteration as answer:
            return answer.value

    return match


def linear_scan(size: int) -> Callable[[str], Any]:
    rules = [(tables.prefix(i), f"service-{i}") for i in range(size)]

    def match(path: str) -> str | None:
        for prefix, name in rules:
            if path.startswith(prefix):
                return name
        return None

    return match


PEERS = {
    "linear scan": linear_scan,
    "Starlette": starlette_router,
    "Werkzeug": werkzeug_map,
    "aiohttp": aiohttp_dispatcher,
    "Falcon": falcon_router,
}


@functools.cache
def built(build: Callable[[int], Callable[[str], Any]], size: int) -> Callable[[str], Any]:
    """Some take a minute for 10,000 routes: once is enough."""
    return build(size)


def makers(size: int) -> dict[str, Callable[[], Callable[[str], Any]]]:
    return {name: functools.partial(built, build, size) for name, build in PEERS.items()}


def contenders(size: int, paths: list[str], peers: Iterable[str]) -> dict[str, Contender]:
    """One call for each path, by us and by each peer."""
    ours = RouteTable(tables.route_configuration(size)).match
    names = {"match": ours, "paths": paths, "authority": tables.AUTHORITY, "headers": tables.HEADERS}
    out = {
        "meshcore": Contender(
            "for path in paths: match('GET', authority, path, headers)", names, operations=len(paths)
        )
    }
    for name in peers:
        match = built(PEERS[name], size)
        if not all(match(path) for path in paths):
            raise AssertionError(f"{name} does not route what it should")
        statement = "for path in paths: match(path)"
        out[name] = Contender(statement, {"match": match, "paths": paths}, operations=len(paths))
    return out


def rows(costs: dict[int, dict[str, Cost]]) -> list[list[str]]:
    out = []
    for size, row in costs.items():
        ours = row["meshcore"].minimum
        cells = [f"{size:,}", nanoseconds(ours), nanoseconds(row["meshcore"].median)]
        for name in list(row)[1:]:
            cells += [nanoseconds(row[name].minimum), f"{row[name].minimum / ours:,.1f}x"]
        out.append(cells)
    return out


LAST, ALL_OVER = "hit on the last route", "hits all over the table"


def compare(quick: bool) -> Comparison:
    """For `python -m benches`."""
    run, size = Comparison("match", quick), 1_000
    peers = run.present(makers(size))
    for title, paths, targets in (
        (LAST, [tables.path(size - 1)] * 16, TARGETS),
        (ALL_OVER, tables.mixed_paths(size), {}),
    ):
        costs = run.measure(contenders(size, paths, peers))
        run.add(f"{title} of {size:,}", costs, "meshcore", peers, targets)
    return run


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--sizes", default=",".join(map(str, tables.SIZES)))
    options.add_argument("--quick", action="store_true", help="fewer, shorter samples")
    arguments = options.parse_args()
    sizes = [int(size) for size in arguments.sizes.split(",")]
    effort = {"rounds": 3, "sample": 0.005} if arguments.quick else {}
    peers = list(present_or_said(makers(min(sizes))))
    verdicts = []
    for title, choose in (
        (LAST, lambda size: [tables.path(size - 1)] * 16),
        (ALL_OVER, tables.mixed_paths),
    ):
        costs = {size: measure(contenders(size, choose(size), peers), **effort) for size in sizes}
        print(f"\n{title}: minimum of one match, and how many times ours it is\n")
        head = ["routes", "meshcore", "(median)"] + [cell for name in peers for cell in (name, "ratio")]
        print(table(head, rows(costs)))
        ours = {size: row["meshcore"].minimum for size, row in costs.items()}
        name = f"{title}, {max(sizes):,} routes against {min(sizes):,}"
        verdicts.append(verdict(name, ours[max(sizes)] / ours[min(sizes)], FLATNESS, at_most=True))
        if 1000 in sizes and title == LAST:
            for peer, target in ((peer, TARGETS[peer]) for peer in TARGETS if peer in costs[1000]):
                ratio = costs[1000][peer].minimum / ours[1000]
                verdicts.append(verdict(f"against {peer}, 1,000 routes", ratio, target, at_most=False))
    print("\n" + "\n".join(verdicts))
    return 0


def test_match(benchmark: Any) -> None:
    """pytest benches/bench_match.py: our own figure for pytest-benchmark's histories."""
    match = RouteTable(tables.route_configuration(1000)).match
    assert benchmark(match, "GET", tables.AUTHORITY, tables.path(999), tables.HEADERS) == "service-999"


if __name__ == "__main__":
    sys.exit(main())
