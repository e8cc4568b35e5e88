"""Files of Envoy's ``router_check_tool``."""

from __future__ import annotations

from pathlib import Path

import pytest
from check_support import TABLE, differences, refused, run


def check(folder: Path, given: str, validate: str) -> list[str]:
    tests = (
        "tests:\n- test_name: it\n"
        f"  input: {{authority: shop.example, method: GET, {given}}}\n  validate: {{{validate}}}\n"
    )
    return differences(run(folder, tests, TABLE))


@pytest.mark.parametrize(
    ("given", "validate"),
    [
        (
            "path: /api/7?q=1",
            "cluster_name: api, virtual_host_name: shop, path_rewrite: //7?q=1, host_rewrite: api.internal, "
            'path_redirect: "", code_redirect: 0',
        ),
        ("path: /x, random_value: 59", "cluster_name: v1, path_rewrite: /x, host_rewrite: shop.example"),
        ("path: /x, random_value: 60", "cluster_name: v2"),
        ("path: /x, random_value: 100", "cluster_name: v1"),
        (
            "path: /old?q=1",
            'cluster_name: "", virtual_host_name: "", path_rewrite: "", host_rewrite: "", '
            'path_redirect: "http://shop.example/new?q=1", code_redirect: 302',
        ),
        ("path: /old, ssl: true", 'path_redirect: "https://shop.example/new"'),
        (
            "path: /ping",
            'path_redirect: "http://shop.example/ping", code_redirect: 200, '
            "response_header_matches: [{name: x-ping, string_match: {exact: 'yes'}}, "
            "{name: x-pong, present_match: true, invert_match: true}, "
            "{name: content-length, range_match: {start: 0, end: 100}}]",
        ),
        ("path: /new", "cluster_name: v1"),
        ("path: /new, runtime: beta, random_value: 29", "cluster_name: beta"),
        ("path: /new, runtime: beta, random_value: 30", "cluster_name: v1"),
        ("path: /new, runtime: alpha, random_value: 29", "cluster_name: v1"),
        (
            "path: /api, additional_request_headers: [{key: x-a, value: b}]",
            "request_header_matches: [{name: ':path', string_match: {exact: /}}, "
            "{name: x-api, exact_match: '1'}, {name: x-a, prefix_match: b}], "
            "request_header_fields: [{key: x-api, value: '1'}, {key: x-z, value: ''}]",
        ),
        (
            "path: /api, additional_response_headers: [{key: x-up, value: b}]",
            "response_header_fields: [{key: x-up, value: b}]",
        ),
        ("path: /orders/1", "virtual_cluster_name: other"),
        ("path: /ping", 'virtual_cluster_name: ""'),
    ],
)
def test_what_the_tool_accepts(tmp_path: Path, given: str, validate: str) -> None:
    assert check(tmp_path, given, validate) == []


def test_a_virtual_cluster_is_that_of_the_first_matching_headers(tmp_path: Path) -> None:
    tests = """\
    tests:
    - test_name: it
      input: {authority: shop.example, method: POST, path: /orders/1}
      validate: {virtual_cluster_name: orders}
    """
    assert differences(run(tmp_path, tests, TABLE)) == []


@pytest.mark.parametrize(
    ("validate", "difference"),
    [
        ("cluster_name: v1", "cluster_name: expected 'v1', got 'api'"),
        ('virtual_host_name: ""', "virtual_host_name: expected '', got 'shop'"),
        ("path_redirect: /x", "path_redirect: expected '/x', got ''"),
        ("virtual_cluster_name: orders", "virtual_cluster_name: expected 'orders', got 'other'"),
        (
            "request_header_matches: [{name: x-api, exact_match: '2'}]",
            "request header x-api: does not match, got '1'",
        ),
        (
            "response_header_fields: [{key: x-up, value: b}]",
            "response header x-up: expected 'b', got ''",
        ),
    ],
)
def test_what_the_tool_rejects(tmp_path: Path, validate: str, difference: str) -> None:
    assert check(tmp_path, "path: /api", validate) == [difference]


def test_bad_files(tmp_path: Path) -> None:
    assert refused(
        tmp_path,
        """\
        tests:
        - test_name: a
          input: {authority: x, path: /}
          validate: {cluster: v1}
        """,
    ) == [
        "tests.yaml:3:10: error: tests[0].input.method: missing, but required",
        "tests.yaml:4:14: error: tests[0].validate.cluster: unknown field 'cluster'; "
        "did you mean 'cluster_name'?",
    ]
