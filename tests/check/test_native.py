"""Our own format of route tests: each expectation can fail, and says how."""

from __future__ import annotations

from pathlib import Path

import pytest
from check_support import differences, one, refused, run

API = '{url: "http://reviews:9080/api/7?q=1", headers: {x-secret: s}}'
SPLIT = '{url: "http://reviews:9080/"}'
OLD = '{url: "http://reviews:9080/old"}'


@pytest.mark.parametrize(
    ("request_", "good", "bad", "message"),
    [
        (API, "outcome: forward", "outcome: redirect", "outcome: expected 'redirect', got 'forward'"),
        (API, "route: api", "route: old", "route: expected 'old', got 'api'"),
        (API, "route: {prefix: ap}", "route: {prefix: po}", "route: expected prefix 'po', got 'api'"),
        (API, "path: /v1/7?q=1", "path: /v1/7", "path: expected '/v1/7', got '/v1/7?q=1'"),
        (
            API,
            "path: {regex: '/v./.*'}",
            "path: {regex: '/v.'}",
            "path: expected regex '/v.', got '/v1/7?q=1'",
        ),
        (API, "path: {suffix: q=1}", "path: {contains: z}", "path: expected contains 'z', got '/v1/7?q=1'"),
        (API, "subset: v1", "subset: v2", "subset: expected 'v2', got 'v1'"),
        (API, "service_port: 9080", "service_port: 80", "service_port: expected 80, got '9080'"),
        (API, "timeout: 2s", "timeout: 1500ms", "timeout: expected 1.5, got 2.0"),
        (API, "retries: 3", "retries: 2", "retries: expected 2, got 3"),
        (API, "location: null", "location: /x", "location: expected '/x', got none"),
        (API, "details: null", "details: x", "details: expected 'x', got none"),
        (
            API,
            "rule: VirtualService default/reviews",
            "rule: VirtualService default/api",
            "rule: expected 'VirtualService default/api', got 'VirtualService default/reviews'",
        ),
        (
            API,
            "request_headers: {X-Api: 1}",
            "request_headers: {x-api: 2}",
            "request header x-api: expected '2', got '1'",
        ),
        (
            API,
            "request_headers: {x-secret: null}",
            "request_headers: {x-secret: {present: true}}",
            "request header x-secret: expected to be there, got none",
        ),
        (
            API,
            "request_headers: {x-api: ['1']}",
            "request_headers: {x-api: ['1', '1']}",
            "request header x-api: expected '1', '1', got '1'",
        ),
        (
            API,
            "response_headers: {x-served: {prefix: y}}",
            "response_headers: {x-served: null}",
            "response header x-served: expected none, got 'yes'",
        ),
        (API, 'request_headers: {":path": /v1/7?q=1}', 'request_headers: {":path": /}', None),
        (OLD, "status: 301", "status: 302", "status: expected 302, got 301"),
        (OLD, "location: http://reviews:9080/new", "location: null", None),
        (OLD, "cluster: null", "cluster: x", "cluster: expected 'x', got none"),
    ],
)
def test_an_expectation(tmp_path: Path, request_: str, good: str, bad: str, message: str | None) -> None:
    assert one(tmp_path, request_, f"{{{good}}}") == []
    found = one(tmp_path, request_, f"{{{bad}}}")
    assert len(found) == 1
    assert message is None or found == [message]


def test_an_exact_split(tmp_path: Path) -> None:
    assert one(tmp_path, SPLIT, "{split: {v1: 75, v2: 25}}") == []
    assert one(tmp_path, SPLIT, "{split: {v1: 75.1, v2: 24.9}}") == [
        "split: expected 75.1 % of v1, got 75 %",
        "split: expected 24.9 % of v2, got 25 %",
    ]
    assert one(tmp_path, SPLIT, "{split: {v1: 100}}") == [
        "split: expected 100 % of v1, got 75 %",
        "split: expected 0 % of v2, got 25 %",
    ]


def test_a_split_by_other_names(tmp_path: Path) -> None:
    assert one(tmp_path, SPLIT, "{split: {reviews.default.svc.cluster.local: 100}}") == []
    assert one(tmp_path, SPLIT, "{split: {reviews: 100}}") == []
    assert one(tmp_path, SPLIT, "{split: {forward: 100}}") == []


def test_a_share_that_only_draws_can_tell(tmp_path: Path) -> None:
    table = """\
virtual_hosts:
- name: all
  domains: ["*"]
  routes:
  - match: {prefix: /, runtime_fraction: {default_value: {numerator: 20}, runtime_key: k}}
    route: {cluster: new}
  - match: {prefix: /}
    route: {cluster: old}
"""
    tests = "tests:\n- {name: it, request: {url: 'http://a/'}, expect: {split: {new: %d, old: %d}}}\n"
    assert differences(run(tmp_path, tests % (20, 80), table)) == []
    wrong = differences(run(tmp_path, tests % (30, 70), table))
    assert [text.rpartition(",")[0] for text in wrong] == [
        "split: expected 30 % of new",
        "split: expected 70 % of old",
    ]


def test_what_is_a_matter_of_chance_must_be_said_so(tmp_path: Path) -> None:
    assert one(tmp_path, SPLIT, "{subset: v1}") == [
        "subset: expected 'v1', got 'v2'",
        "this is a matter of chance: expect a split, or give the test a seed",
    ]
    assert one(tmp_path, SPLIT, "{subset: v1}", ", seed: 74") == []
    assert one(tmp_path, SPLIT, "{subset: v2}", ", seed: 75") == []


def test_several_requests_and_an_answer(tmp_path: Path) -> None:
    results = run(
        tmp_path,
        """\
        config: config.yaml
        tests:
        - name: both
          requests:
          - {authority: reviews, path: /api/, port: 9080, method: POST}
          - {authority: reviews, path: /old, port: 9080}
          response: {status: 503, headers: {x-up: [a, b]}}
          expect:
            response_headers: {":status": 503, x-up: [a, b]}
        """,
    )
    (result,) = results
    (failure,) = result.failures
    assert failure.request.path == "/old"
    assert failure.lines()[0] == "GET http://reviews/old to port 9080"
    place = tmp_path / "config.yaml"
    assert failure.lines()[-1] == (
        f"  decided by {place}:20:13 (VirtualService default/reviews, spec.http[0].match[0])"
    )


def test_a_mesh_of_its_own_settings(tmp_path: Path) -> None:
    (tmp_path / "mesh.yaml").write_text("defaultHttpRetryPolicy: {attempts: 7}\n")
    results = run(
        tmp_path,
        """\
        config: [config.yaml]
        mesh_config: mesh.yaml
        tests:
        - {name: it, request: {url: "http://reviews:9080/"}, expect: {retries: 7}}
        """,
    )
    assert differences(results) == []


def test_bad_files_are_refused_by_position(tmp_path: Path) -> None:
    assert refused(
        tmp_path,
        """\
        tests:
        - name: a
          request: {url: /x, path: /y}
          expect: {stats: 200}
        - name: b
          request: {url: "http://a/"}
          expect: {}
        - name: c
          request: {url: "http://a/", headers: [x]}
          expect: {status: yes, split: {v1: 10, v2: 20}, path: {regex: "("}}
        - name: d
          request: {url: "http://[::1/"}
          expect: {status: 200}
        """,
    ) == [
        "tests.yaml:3:18: error: tests[0].request.url: found '/x', expected a URL such as "
        "http://reviews:9080/reviews/7",
        "tests.yaml:3:28: error: tests[0].request.path: the url says this already",
        "tests.yaml:4:12: error: tests[0].expect.stats: unknown field 'stats'; did you mean 'status'?",
        "tests.yaml:7:11: error: tests[1].expect: nothing is expected, so the test could not fail",
        "tests.yaml:9:40: error: tests[2].request.headers: found a list, "
        "expected a mapping of names to values",
        "tests.yaml:10:20: error: tests[2].expect.status: found the boolean true (written yes), "
        "expected a whole number",
        "tests.yaml:10:32: error: tests[2].expect.split: found a sum of 30, "
        "expected shares that add up to 100",
        "tests.yaml:10:64: error: tests[2].expect.path.regex: not a regex that RE2 and we accept: "
        "missing ) for this ( (at position 0 of '(')",
        "tests.yaml:12:18: error: tests[3].request.url: found 'http://[::1/', expected a URL such as "
        "http://reviews:9080/reviews/7",
    ]


def test_one_mistake_hides_no_other(tmp_path: Path) -> None:
    found = refused(
        tmp_path,
        """\
        tests:
        - name: a
          request: {url: "http://a/", header: {x: y}}
          expect: {rute: a, split: {v1: 90}}
        """,
    )
    assert [finding.partition(" error: ")[2].partition(":")[0] for finding in found] == [
        "tests[0].request.header",
        "tests[0].expect.rute",
        "tests[0].expect.split",
    ]


def test_a_file_that_is_no_file_of_tests(tmp_path: Path) -> None:
    (finding,) = refused(tmp_path, "kind: Service\n")
    assert finding.startswith("tests.yaml:1:1: error: found a mapping of kind, expected tests (ours, or")
    assert refused(tmp_path, "") == ["tests.yaml: error: there is no test in it"]
