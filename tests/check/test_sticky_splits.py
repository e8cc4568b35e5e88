"""Tests of routes over sticky splits: shares are those of the users."""

from __future__ import annotations

from pathlib import Path

import pytest
from check_support import MESH, differences, run

from meshcore.check.exchange import Request
from meshcore.check.split import decide
from meshcore.config import load_text
from meshcore.engine import Engine


def sticky(annotation: str) -> str:
    head, tail = MESH.rsplit("metadata: {name: reviews}", 1)
    return f'{head}metadata: {{name: reviews, annotations: {{meshcore-sticky: "{annotation}"}}}}{tail}'


def shares(folder: Path, annotation: str, split: str, more: str = "") -> list[str]:
    request = f"{{url: 'http://reviews:9080/'{more}}}"
    text = f"tests:\n- {{name: it, request: {request}, expect: {{split: {split}}}}}\n"
    return differences(run(folder, text, sticky(annotation)))


@pytest.mark.parametrize(
    ("annotation", "more"),
    [
        ("header=x-user", ", headers: {x-user: alice}"),
        ("header=x-user", ""),
        ("cookie=who", ", headers: {cookie: who=alice}"),
        ("cookie=who; ttl=0", ""),
        ("source", ""),
    ],
)
def test_shares_are_counted_over_users(tmp_path: Path, annotation: str, more: str) -> None:
    assert shares(tmp_path, annotation, "{v1: 75, v2: 25}", more) == []
    found = shares(tmp_path, annotation, "{v1: 60, v2: 40}", more)
    assert [line.partition(", got about")[0] for line in found] == [
        "split: expected 60 % of v1",
        "split: expected 40 % of v2",
    ]


def test_one_user_goes_to_one_place(tmp_path: Path) -> None:
    engine = Engine(load_text(sticky("header=x-user")))
    request = Request("/", "reviews:9080", headers=(("x-user", "alice"),))
    with decide(engine, request, 0) as decision:
        assert decision.cluster is not None
        version = decision.cluster.split("|")[2]
    other = "v2" if version == "v1" else "v1"
    text = (
        "tests:\n- {{name: it, request: {{url: 'http://reviews:9080/', headers: {{x-user: alice}}}},"
        " expect: {{cluster: 'outbound|9080|{}|reviews.default.svc.cluster.local'}}}}\n"
    )
    assert differences(run(tmp_path, text.format(version), sticky("header=x-user"))) == []
    assert differences(run(tmp_path, text.format(other), sticky("header=x-user")))
