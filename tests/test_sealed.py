"""meshcore._sealed: what the engine hands out is not made by hand, in any way."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from meshcore import Attempt, Decision, Engine, Mirror, RingHash
from meshcore._breakers import Lease
from meshcore._pick import Pick
from meshcore.model import Config


@pytest.mark.parametrize(
    ("kind", "who"),
    [
        (Decision, "decisions are made by Engine.decide"),
        (Attempt, "attempts are made by decisions"),
        (Mirror, "mirrors are made by Decision.mirrors"),
        (Pick, "picks are made by Engine.pick"),
        (Lease, "leases are made by Engine.connection"),
        (RingHash.__base__, "RingHash or Maglev"),
    ],
)
def test_only_their_makers_make_them(kind: Any, who: str) -> None:
    for make in (kind, lambda: kind.__new__(kind)):
        with pytest.raises(TypeError, match=who):
            make()
    with pytest.raises(TypeError, match="not safe"):
        object.__new__(kind)


def test_decisions_are_not_copied() -> None:
    decision = Engine(Config(())).decide("GET", "a", "/")
    for duplicate in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            duplicate(decision)
