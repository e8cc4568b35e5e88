"""Whole files: every case is counted, whatever is wrong with it, and the command line says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from meshcore.cli.main import main
from meshcore.replay import replay_file

CLUSTER = {
    "name": "c",
    "type": "STATIC",
    "connect_timeout": "1s",
    "load_assignment": {
        "cluster_name": "c",
        "endpoints": [
            {
                "lb_endpoints": [
                    {"endpoint": {"address": {"socket_address": {"address": "127.0.0.2", "port_value": 80}}}},
                    {"endpoint": {"address": {"socket_address": {"address": "127.0.0.3", "port_value": 80}}}},
                ]
            }
        ],
    },
}
ROUTES = {
    "name": "rc",
    "virtual_hosts": [
        {
            "name": "all",
            "domains": ["*"],
            "routes": [
                {"name": "r", "match": {"prefix": "/a"}, "route": {"cluster": "c", "prefix_rewrite": "/b"}},
                {"name": "d", "match": {"path": "/d"}, "direct_response": {"status": 200}},
            ],
        }
    ],
}
REQUEST = {"method": "GET", "authority": "h", "path": "/a/x", "scheme": "http", "headers": []}
FORWARD = {
    "kind": "forward",
    "status": 200,
    "route": "r",
    "cluster": "c",
    "path": "/b/x",
    "authority": "h",
    "request_headers_added": {"x-envoy-original-path": ["/a/x"]},
}


def recording(*cases: Any, **more: Any) -> dict[str, Any]:
    return {
        "name": "t",
        "suite": "00_own",
        "route_config": ROUTES,
        "clusters": [CLUSTER],
        **more,
        "cases": cases,
    }


def write(folder: Path, document: object, name: str = "t.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(document))
    return path


def test_a_recording_passes_and_fails_case_by_case(tmp_path: Path) -> None:
    wrong = {**FORWARD, "path": "/c/x"}
    path = write(
        tmp_path,
        recording(
            {"request": REQUEST, "expect": FORWARD},
            {"request": REQUEST, "expect": wrong, "note": "wrong on purpose"},
            {"request": {**REQUEST, "path": "/d"}, "expect": {"kind": "direct_response", "status": 200}},
            {"request": {**REQUEST, "path": "/n"}, "expect": {"kind": "no_route", "status": 404}},
        ),
    )
    result = replay_file(path)
    assert result.passed == 3
    assert [failure.to_json() for failure in result.failures] == [
        {"case": "1: wrong on purpose", "differences": ["path: expected '/c/x', got '/b/x'"]}
    ]


def test_rotations_are_counted(tmp_path: Path) -> None:
    counts = {"status": {"200": 5}, "endpoint": {"127.0.0.2:80": 3, "127.0.0.3:80": 2}}
    sequence = ["127.0.0.3:80", "127.0.0.2:80"] * 2 + ["127.0.0.3:80"]
    case = {"request": REQUEST, "repeat": 5, "expect": {"counts": counts, "sequence": sequence}}
    assert replay_file(write(tmp_path, recording(case))).failures == []
    uneven = {**counts, "endpoint": {"127.0.0.2:80": 5}}
    case = {"request": REQUEST, "repeat": 5, "expect": {"counts": uneven}}
    assert replay_file(write(tmp_path, recording(case))).failed == 1


def test_broken_cases_fail_alone(tmp_path: Path) -> None:
    result = replay_file(
        write(
            tmp_path,
            recording(
                {"request": REQUEST, "expect": FORWARD}, {}, 7, {"request": {"headers": 1}, "expect": {}}
            ),
        )
    )
    assert (result.passed, result.failed) == (1, 3)


def test_a_configuration_that_does_not_load_fails_every_case(tmp_path: Path) -> None:
    case = {"request": REQUEST, "expect": FORWARD}
    result = replay_file(write(tmp_path, recording(case, case, hcm={"no_such_field": 1})))
    assert (result.passed, result.failed) == (0, 2)
    assert "no_such_field" in result.failures[0].differences[0]


def test_topics_that_are_not_covered_fail(tmp_path: Path) -> None:
    case = {"request": REQUEST, "expect": FORWARD}
    clusters = [{**CLUSTER, "lb_policy": "CLUSTER_PROVIDED"}]
    result = replay_file(write(tmp_path, recording(case, suite="12_balancing", clusters=clusters)))
    assert [failure.differences for failure in result.failures] == [("not covered yet: cluster provided",)]


def test_config_validation(tmp_path: Path) -> None:
    good = {"name": "good", "route_config": ROUTES, "clusters": [CLUSTER], "expect": {"valid": True}}
    bad = {**good, "name": "bad", "clusters": []}
    document = {"kind": "config_validation", "cases": [good, {**bad, "expect": {"valid": False}}, bad]}
    result = replay_file(write(tmp_path, document))
    assert result.passed == 2
    assert [failure.case for failure in result.failures] == ["2: bad"]


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("authorization.json", [{"name": "z", "workload": {}, "config": "", "cases": [{"id": "z/1"}]}]),
    ],
)
def test_what_waits_for_later_is_counted_as_failed(tmp_path: Path, name: str, document: Any) -> None:
    result = replay_file(write(tmp_path, document, name))
    assert (result.passed, result.failed) == (0, 1)
    assert result.failures[0].differences[0].startswith("not covered yet")


def test_files_that_are_no_recordings_fail(tmp_path: Path) -> None:
    for path in (write(tmp_path, {"a": 1}), tmp_path / "missing.json"):
        result = replay_file(path)
        assert (result.passed, result.failed) == (0, 1)


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = write(tmp_path, recording({"request": REQUEST, "expect": FORWARD}), "good.json")
    bad = write(tmp_path, recording({"request": REQUEST, "expect": {"kind": "redirect"}}), "bad.json")
    assert main(["replay", str(good)]) == 0
    assert capsys.readouterr().out.splitlines() == [f"{good}: 1 passed, 0 failed", "1 passed, 0 failed"]
    assert main(["replay", str(tmp_path)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{bad}: 0 passed, 1 failed",
        "  0",
        "    kind: expected 'redirect', got 'forward'",
        f"{good}: 1 passed, 0 failed",
        "1 passed, 1 failed",
    ]


def test_any_text_can_be_shown(tmp_path: Path) -> None:
    case = {"id": "\ud800", "request": REQUEST, "expect": {"kind": "redirect"}}
    path = write(tmp_path, recording(case))
    command = [sys.executable, "-m", "meshcore", "replay", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stdout.endswith("0 passed, 1 failed\n")


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = write(tmp_path, recording({"request": REQUEST, "expect": {"kind": "redirect"}}))
    assert main(["replay", "--json", str(bad)]) == 1
    assert json.loads(capsys.readouterr().out) == {
        "files": [
            {
                "file": str(bad),
                "passed": 0,
                "failed": 1,
                "failures": [{"case": "0", "differences": ["kind: expected 'redirect', got 'forward'"]}],
            }
        ],
        "passed": 0,
        "failed": 1,
    }


def test_where_there_is_nothing_it_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("no recording")
    assert main(["replay", str(tmp_path)]) == 1
    assert "the folder holds no .json or .jsonl file" in capsys.readouterr().out
    empty = tmp_path / "decisions.json"
    empty.write_text(json.dumps(recording()))
    assert main(["replay", str(tmp_path)]) == 1
    assert "there is no case in it" in capsys.readouterr().out


def test_a_pipe_that_nobody_writes_to_fails(tmp_path: Path) -> None:
    pipe = tmp_path / "a.json"
    os.mkfifo(pipe)
    (failure,) = replay_file(pipe).failures
    assert "nobody writes to this pipe" in failure.differences[0]
