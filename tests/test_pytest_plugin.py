"""The pytest plugin, in a pytest of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

TABLE = """\
virtual_hosts:
- name: all
  domains: ["*"]
  routes:
  - {name: a, match: {path: /a}, route: {cluster: a}}
"""
GOOD = """\
config: table.yaml
tests:
- {name: good, request: {url: "http://x/a"}, expect: {cluster: a}}
- {name: bad, request: {url: "http://x/b"}, expect: {cluster: a}}
"""
TOOL = """\
tests:
- test_name: tool
  input: {authority: x, path: /a, method: GET}
  validate: {cluster_name: a}
"""


@pytest.fixture
def folder(pytester: pytest.Pytester) -> Path:
    (pytester.path / "table.yaml").write_text(TABLE)
    return pytester.path


def test_files_are_collected_and_run(pytester: pytest.Pytester, folder: Path) -> None:
    (folder / "shop.routes.yaml").write_text(GOOD)
    result = pytester.runpytest("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["GET http://x/b", "  cluster: expected 'a', got none", "  no route took it"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_the_name_of_a_test_is_one_line(pytester: pytest.Pytester, folder: Path) -> None:
    (folder / "shop.routes.yaml").write_text(GOOD.replace("name: bad", 'name: "a\\nb\\e[31m"'))
    result = pytester.runpytest("-p", "no:cacheprovider", "-v")
    assert "shop.routes.yaml::a\\nb\\x1b[31m FAILED" in result.stdout.str()


def test_the_ini_file_names_patterns_and_configuration(pytester: pytest.Pytester, folder: Path) -> None:
    (folder / "tool.json.yaml").write_text(TOOL)
    pytester.makeini("[pytest]\nmeshcore_tests = *.json.yaml\nmeshcore_config = table.yaml\n")
    pytester.runpytest("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_without_a_configuration(pytester: pytest.Pytester, folder: Path) -> None:
    (folder / "tool.routes.yaml").write_text(TOOL)
    result = pytester.runpytest("-p", "no:cacheprovider")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*which configuration? give config: in it, or the option meshcore_config*"])


def test_a_bad_file_is_an_error_with_its_position(pytester: pytest.Pytester, folder: Path) -> None:
    (folder / "bad.routes.yaml").write_text("tests: [{name: a}]\n")
    result = pytester.runpytest("-p", "no:cacheprovider")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*bad.routes.yaml:1:9: error: tests?0?.expect: missing, but required"])


def test_a_bad_configuration_fails_the_test(pytester: pytest.Pytester, folder: Path) -> None:
    (folder / "table.yaml").write_text("virtual_hosts: [{}]\n")
    (folder / "shop.routes.yaml").write_text(GOOD)
    result = pytester.runpytest("-p", "no:cacheprovider")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*table.yaml:1:17: error: virtual_hosts?0?.name: missing, but required*"])


ISTIO = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: v}
spec:
  hosts: [reviews]
  http: [{route: [{destination: {host: revews}}]}]
---
apiVersion: v1
kind: Service
metadata: {name: reviews}
spec: {ports: [{name: http, port: 80}]}
"""


def test_what_loading_warns_of_is_a_warning_once(pytester: pytest.Pytester, folder: Path) -> None:
    (folder / "table.yaml").write_text(ISTIO)
    (folder / "shop.routes.yaml").write_text(GOOD)
    result = pytester.runpytest("-p", "no:cacheprovider")
    assert result.parseoutcomes()["warnings"] == 1
    result.stdout.fnmatch_lines(
        [
            "shop.routes.yaml::good",
            "*table.yaml:6: ConfigurationWarning: warning: spec.http?0?.route?0?*did you mean 'reviews'?",
        ]
    )
