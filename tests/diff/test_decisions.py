"""Which requests change, and how."""

from __future__ import annotations

from meshcore.check import Request
from meshcore.config import load_text
from meshcore.diff import Comparison, compare_decisions
from meshcore.sampling import requests_for

TABLE = """\
virtual_hosts:
- name: all
  domains: ["*"]
  routes:
  - {name: a, match: {prefix: /a}, route: {cluster: a, prefix_rewrite: /x}}
  - name: split
    match: {prefix: /s}
    route: {weighted_clusters: {clusters: [{name: a, weight: 90}, {name: b, weight: 10}]}}
  - {name: old, match: {prefix: /o}, redirect: {path_redirect: /}}
"""
REQUESTS = {Request("/a/1", "x"): 5, Request("/s", "x"): 3, Request("/o", "x"): 2, Request("/none", "x"): 1}


def compare(old: str, new: str) -> Comparison:
    return compare_decisions(load_text(old, name="old"), load_text(new, name="new"), REQUESTS)


def fields(result: Comparison) -> list[str]:
    return [str(it) for group in result.groups for _, found in group.examples for it in found]


def test_nothing_changes() -> None:
    result = compare(TABLE, TABLE.replace("name: a, match", "name: z, match"))
    assert (result.total, result.changed, result.groups) == (11, 0, [])


def test_a_split() -> None:
    result = compare(TABLE, TABLE.replace("90", "50").replace("10}", "50}"))
    assert (result.changed, fields(result)) == (3, ["cluster: 90 % a, 10 % b -> 50 % a, 50 % b"])
    (group,) = result.groups
    assert (group.old, group.new, group.fields, group.count) == (
        "split old:6",
        "split new:6",
        ("cluster",),
        3,
    )


def test_a_rewrite_and_an_edit() -> None:
    new = TABLE.replace("prefix_rewrite: /x}", "prefix_rewrite: /y}").replace(
        "{name: a, match",
        "{name: a, request_headers_to_add: [{header: {key: x-new, value: v}}], match",
    )
    assert fields(compare(TABLE, new)) == ["path: /x/1 -> /y/1", "request_headers: none -> x-new: v"]


def test_an_answer_in_place_of_a_forward() -> None:
    result = compare(TABLE, TABLE.replace("prefix: /a}", "prefix: /b}"))
    (group,) = result.groups
    assert (group.count, group.old, group.new) == (5, "a old:5", "(route_not_found)")
    assert group.fields[:3] == ("outcome", "status", "details")


def test_policies() -> None:
    new = TABLE.replace("prefix_rewrite: /x", "prefix_rewrite: /x, retry_policy: {retry_on: 5xx}")
    (found,) = fields(compare(TABLE, new))
    policy = "RetryPolicy(retry_on=5xx num_retries=1 host_selection_max_attempts=1)"
    assert found == f"action.retry_policy: none -> {policy}"


def test_a_fraction_is_seen_whatever_the_draw() -> None:
    new = TABLE.replace(
        "{prefix: /a}", "{prefix: /a, runtime_fraction: {default_value: {numerator: 50}, runtime_key: k}}"
    )
    assert compare(TABLE, new).changed == 5


def test_the_groups_come_by_their_weight_and_progress_is_told() -> None:
    seen: list[int] = []
    old = load_text(TABLE)
    new = load_text(
        TABLE.replace("cluster: a,", "cluster: z,").replace("path_redirect: /}", "path_redirect: /z}")
    )
    result = compare_decisions(old, new, REQUESTS, seen.append)
    assert [group.count for group in result.groups] == [5, 2]
    assert seen == [1, 2, 3, 4]


def test_requests_made_from_the_routes_show_each_change() -> None:
    old = load_text(TABLE)
    new = load_text(TABLE.replace("/x", "/y"))
    assert compare_decisions(old, new, dict.fromkeys(requests_for(old), 1)).changed > 0
