"""What the middlewares are measured with, whatever the app speaks."""

from __future__ import annotations

import functools
from collections.abc import Callable

from hop_documents import HEADERS, SERVICE, bootstrap
from timing import Contender, Cost

from meshcore import Mesh, load
from meshcore.integrations._inbound import MARK

__all__ = ["BARE", "COUNT", "FULL", "SCENARIOS", "Lines", "added", "mesh_for"]

Lines = list[tuple[bytes, bytes]]

#: Requests of one operation: enough that starting the loop is nothing.
COUNT = 100
#: The app without anything around it.
BARE = "bare"

CALLED = [*HEADERS, (MARK.encode(), b"productpage")]
FULL = "1,000 routes, limit"
#: Name -> number of routes, their timeout, header lines.
SCENARIOS: dict[str, tuple[int, str, Lines]] = {
    "1 route": (1, "15s", HEADERS),
    "1 route without a timeout": (1, "0s", HEADERS),
    "1 route, a caller in the mesh": (1, "15s", CALLED),
    FULL: (1000, "15s", HEADERS),
    "the same, a caller in the mesh": (1000, "15s", CALLED),
}


@functools.cache
def mesh_for(routes: int, every: str) -> Mesh:
    mesh = Mesh(load(bootstrap(9080, routes=routes, every=every)), service=SERVICE, health_checks=False)
    mesh.start()
    return mesh


def added(
    contenders: dict[str, Contender], measuring: Callable[[dict[str, Contender]], dict[str, Cost]]
) -> dict[str, Cost]:
    """What each middleware adds to the bare app."""
    costs = measuring(contenders)
    app = costs.pop(BARE)
    return {name: Cost(cost.minimum - app.minimum, cost.median - app.median) for name, cost in costs.items()}
