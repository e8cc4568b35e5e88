"""Files of ``istio-config-validator``."""

from __future__ import annotations

from pathlib import Path

import pytest
from check_support import differences, run

CASE = """\
testCases:
- description: it
  wantMatch: {match}
  request:
    authority: ["reviews:9080", "reviews.default.svc.cluster.local:9080"]
    method: [GET, POST]
    uri: {uri}
    headers: {{x-user: qa}}
  route: {route}
"""
V1 = "[{destination: {host: reviews.default.svc.cluster.local, subset: v1, port: {number: 9080}}}]"
SPLIT = (
    "[{destination: {host: reviews, subset: v1}, weight: 75}, "
    "{destination: {host: reviews, subset: v2}, weight: 25}]"
)


@pytest.mark.parametrize(
    ("match", "uri", "route"),
    [
        ("true", "[/api/a, /api/b]", V1),
        ("false", "[/other]", V1),
        ("true", "[/other]", SPLIT),
        ("false", "[/other]", SPLIT.replace("75", "70")),
        ("false", "[/old]", V1),
    ],
)
def test_destinations(tmp_path: Path, match: str, uri: str, route: str) -> None:
    assert differences(run(tmp_path, CASE.format(match=match, uri=uri, route=route))) == []


def test_every_combination_is_a_request(tmp_path: Path) -> None:
    results = run(tmp_path, CASE.format(match="true", uri="[/api/a, /other]", route=V1))
    (result,) = results
    assert len(result.case.requests) == 8
    assert {failure.request.path for failure in result.failures} == {"/other"}
    assert differences(results)[0] == (
        "destinations: expected reviews.default.svc.cluster.local:9080 subset v1, "
        "got outbound|9080|v1|reviews.default.svc.cluster.local weight 75, "
        "outbound|9080|v2|reviews.default.svc.cluster.local weight 25"
    )
