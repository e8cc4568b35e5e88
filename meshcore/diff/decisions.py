"""Which requests are decided otherwise, and how."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

from meshcore.check.exchange import Request
from meshcore.config.placeholders import routes_of, with_placeholders
from meshcore.diff.fate import changes, fate_of
from meshcore.diff.fields import FieldChange
from meshcore.engine import Engine
from meshcore.model import Config

__all__ = ["Comparison", "Group", "compare_decisions"]

#: Draws for each request where a route takes only a fraction of the requests.
_DRAWS = 16
_EXAMPLES = 3


@dataclass(slots=True)
class Group:
    """Requests that change in the same way: from one route to one route, in the same fields."""

    old: str
    new: str
    fields: tuple[str, ...]
    count: int = 0
    examples: list[tuple[Request, tuple[FieldChange, ...]]] = field(default_factory=list)


@dataclass(slots=True)
class Comparison:
    """What was compared: requests (as often as each came), those that change, and how."""

    total: int = 0
    changed: int = 0
    groups: list[Group] = field(default_factory=list)


def compare_decisions(
    old: Config,
    new: Config,
    requests: Mapping[Request, int],
    progress: Callable[[int], None] = lambda done: None,
) -> Comparison:
    """Decide each request by both configurations, with the same random number.

    Args:
        old, new: the configurations; clusters without endpoints get one that stands for them.
        requests: each request, and how often it came.
        progress: told how many different requests are done, after each.
    """
    before, after = Engine(with_placeholders(old)), Engine(with_placeholders(new))
    chance = any(route.match.fraction is not None for config in (old, new) for route in routes_of(config))
    random = Random(0)
    groups: dict[tuple[str, str, tuple[str, ...]], Group] = {}
    result = Comparison()
    for done, (request, count) in enumerate(requests.items(), 1):
        result.total += count
        for _ in range(_DRAWS if chance else 1):
            seed = random.getrandbits(64)
            was, will = fate_of(before, request, seed), fate_of(after, request, seed)
            found = tuple(changes(was, will))
            if found:
                key = (was.label, will.label, tuple(dict.fromkeys(it.path for it in found)))
                group = groups.setdefault(key, Group(*key))
                group.count += count
                result.changed += count
                if len(group.examples) < _EXAMPLES:
                    group.examples.append((request, found))
                break
        progress(done)
    result.groups = sorted(groups.values(), key=lambda group: -group.count)
    return result
