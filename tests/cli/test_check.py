"""``meshcore check`` on the bookshop, and on tests of its own."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from meshcore.cli.main import main

ROOT = Path(__file__).parents[2]
EXAMPLES = str(ROOT / "examples" / "route-tests")
TABLE = """\
virtual_hosts:
- name: all
  domains: ["*"]
  routes:
  - {name: a, match: {path: /a}, route: {cluster: a}}
  - {name: b, match: {path: /b}, route: {cluster: b}}
"""
TESTS = """\
tests:
- name: good
  request: {url: "http://x/a"}
  expect: {cluster: a}
- name: "bad \\x01"
  request: {url: "http://x/a", headers: {x-a: "1"}}
  expect: {cluster: b}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.yaml").write_text(TABLE)
    (tmp_path / "tests.yaml").write_text(TESTS)
    return tmp_path


def test_the_examples_pass_and_cover_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", EXAMPLES, "--fail-under", "100"]) == 0
    assert capsys.readouterr().out.endswith(
        "8 passed, 0 failed\n6 of 6 routes covered: 100.0 %, at least 100 % wanted\n"
    )


def test_a_failure_says_what_differs_and_which_rule_decided(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "tests.yaml", "-c", "table.yaml", "-v"]) == 1
    assert capsys.readouterr().out == (
        "ok     tests.yaml:2: good\n"
        "FAILED tests.yaml:5: bad \\x01\n"
        "  GET http://x/a (x-a: 1)\n"
        "    cluster: expected 'b', got 'a'\n"
        "    decided by table.yaml:5:5 (RouteConfiguration, virtual_hosts[0].routes[0])\n"
        "1 passed, 1 failed\n"
    )


def test_json_and_coverage(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "tests.yaml", "-c", "table.yaml", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["passed"], said["failed"]) == (1, 1)
    assert said["tests"][1]["failures"][0]["differences"] == ["cluster: expected 'b', got 'a'"]
    assert said["coverage"] == {
        "routes": 2,
        "covered": 1,
        "percent": 50.0,
        "missed": [{"route": "b", "place": "table.yaml:6:5"}],
    }


def test_too_little_coverage_fails(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "tests.yaml").write_text(TESTS[: TESTS.index('- name: "bad')])
    assert main(["check", "tests.yaml", "-c", "table.yaml", "--fail-under", "50"]) == 0
    assert main(["check", "tests.yaml", "-c", "table.yaml", "--fail-under", "50.1"]) == 1
    assert capsys.readouterr().out.endswith(
        "1 of 2 routes covered: 50.0 %, at least 50.1 % wanted\n  not covered: b, table.yaml:6:5\n"
    )
    with pytest.raises(SystemExit):
        main(["check", "tests.yaml", "-c", "table.yaml", "--fail-under", "101"])


def test_junit(folder: Path) -> None:
    main(["check", "tests.yaml", "-c", "table.yaml", "--junit", "out.xml"])
    root = ElementTree.parse(folder / "out.xml").getroot()
    assert (root.get("tests"), root.get("failures")) == ("2", "1")
    cases = list(root.iter("testcase"))
    assert [case.get("name") for case in cases] == ["good", "bad \ufffd"]
    assert [case.get("line") for case in cases] == ["2", "5"]
    (failure,) = root.iter("failure")
    assert failure.get("message") == "cluster: expected 'b', got 'a'"
    assert "decided by table.yaml:5:5" in (failure.text or "")


def test_without_a_configuration(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "tests.yaml"]) == 2
    assert "which configuration? give -c, or config: in tests.yaml" in capsys.readouterr().err


def test_a_missing_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "none.yaml", "-c", "table.yaml"]) == 1
    assert "none.yaml" in capsys.readouterr().err


def test_of_a_folder_the_files_of_tests(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "shop.routes.yaml").write_text(TESTS[: TESTS.index('- name: "bad')])
    assert main(["check", ".", "-c", "table.yaml", "-v"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "ok     shop.routes.yaml:2: good",
        "1 passed, 0 failed",
    ]


def test_of_a_folder_without_such_names_all_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "table.yaml").rename(folder / "table.yaml.txt")
    assert main(["check", ".", "-c", "table.yaml.txt"]) == 1
    assert capsys.readouterr().out.endswith("1 passed, 1 failed\n")


def test_a_failure_is_shown_with_what_the_documents_warn_of(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "mesh.yaml").write_text("""\
{apiVersion: v1, kind: Service, metadata: {name: billing}, spec: {ports: [{port: 80}]}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: billing}
spec: {hosts: [billling], http: [{name: new, route: [{destination: {host: billing}}]}]}
""")
    test = 'tests: [{name: new, request: {url: "http://billing/"}, expect: {route: %s}}]\n'
    (folder / "tests.yaml").write_text(test % "new")
    assert main(["check", "tests.yaml", "-c", "mesh.yaml"]) == 1
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith("mesh.yaml:6:15: warning: spec.hosts: there is no service 'billling.default")
    (folder / "tests.yaml").write_text(test % "default")
    assert main(["check", "tests.yaml", "-c", "mesh.yaml"]) == 0
    assert capsys.readouterr().err == ""
