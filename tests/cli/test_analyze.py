"""meshcore analyze: output, exit codes, and what is refused."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from meshcore.cli.findings import FindingsView
from meshcore.cli.main import main
from meshcore.config import Finding, Severity
from meshcore.config.codes import CODES

RULES = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec:
  hosts: [api.example]
  http:
  - route: [{destination: {host: wbe}, weight: 0}]
"""


@pytest.fixture
def rules(tmp_path: Path) -> str:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    return str(path)


def test_findings_are_lines_with_place_code_and_resource(
    rules: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", rules]) == 1
    first, second, summary = capsys.readouterr().out.splitlines()
    assert first.startswith(
        f"{rules}:7:34: error[IST0101]: spec.http[0].route[0].destination.host: there is no"
    )
    assert first.endswith("(VirtualService default/web)")
    assert ":7:48: warning[MC1201]: " in second
    assert summary == "1 error, 1 warning in 1 document"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 1),
        (["--ignore", "IST0101"], 0),
        (["--ignore", "IST0101", "--fail-on", "warning"], 1),
        (["--ignore", "IST0101,MC1201=VirtualService default/web", "--fail-on", "info"], 0),
        (["--fail-on", "never"], 0),
    ],
)
def test_the_exit_code_says_whether_it_failed(rules: str, arguments: list[str], code: int) -> None:
    assert main(["analyze", rules, *arguments]) == code


@pytest.mark.parametrize(
    "arguments",
    [[], ["x.yaml", "--ignore", "IST9"], ["x.yaml", "--fail-on", "x"], ["x.yaml", "--json", "--sarif"]],
)
def test_misuse_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["analyze", *arguments])
    assert raised.value.code == 2
    assert "meshcore analyze: error: " in capsys.readouterr().err


def test_nothing_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "fine.yaml"
    path.write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n")
    assert main(["analyze", str(path), "--fail-on", "info"]) == 0
    assert capsys.readouterr().out == "nothing found in 1 document\n"


def test_standard_input_is_a_dash(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(RULES))
    assert main(["analyze", "-"]) == 1
    assert capsys.readouterr().out.startswith("<stdin>:7:34: error[IST0101]")


def test_json_holds_all_of_it(rules: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", rules, "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["counts"] == {"error": 1, "warning": 1, "info": 0}
    assert (report["files"], report["documents"]) == (1, 1)
    first = report["findings"][0]
    assert first["code"] == "IST0101"
    assert first["title"] == "ReferencedResourceNotFound"
    assert (first["file"], first["line"], first["column"]) == (rules, 7, 34)
    assert (first["kind"], first["name"]) == ("VirtualService", "default/web")
    assert first["path"] == "spec.http[0].route[0].destination.host"


def test_sarif_is_json_too(rules: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", rules, "--sarif"]) == 1
    assert len(json.loads(capsys.readouterr().out)["runs"][0]["results"]) == 2


def test_codes_are_listed_and_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(CODES)
    assert main(["analyze", "--explain", "mc1101"]) == 0
    assert capsys.readouterr().out.startswith("MC1101 ShadowedMatch (warning)\n\n")
    assert main(["analyze", "--explain", "MC11"]) == 2
    assert "there is no code 'MC11'" in capsys.readouterr().err


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, finding: Finding, text: str, *, color: bool = False) -> list[str]:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    if color:
        monkeypatch.delenv("NO_COLOR", raising=False)
    else:
        monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    FindingsView(stream, {finding.file: text}).show(finding)
    return stream.getvalue().splitlines()


def test_a_terminal_shows_the_source_and_a_caret(monkeypatch: pytest.MonkeyPatch) -> None:
    finding = Finding(Severity.WARNING, "odd", "a", 2, 7, "x", code="MC1101")
    assert shown(monkeypatch, finding, "one\nhost: reviews.prod, b\n") == [
        "a:2:7: warning[MC1101]: x: odd",
        "    2 | host: reviews.prod, b",
        "      |       ^~~~~~~~~~~~",
    ]
    coloured = shown(monkeypatch, finding, "one\nhost: reviews.prod\n", color=True)
    assert coloured[0] == "\x1b[1ma:2:7:\x1b[0m \x1b[1;33mwarning[MC1101]:\x1b[0m x: odd"
    assert coloured[2].endswith("\x1b[1;33m^~~~~~~~~~~~\x1b[0m")


def test_long_lines_are_cut_around_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    finding = Finding(Severity.ERROR, "odd", "a", 1, 301, "x")
    _, source, caret = shown(monkeypatch, finding, "a" * 299 + " target " + "b" * 300)
    assert source[caret.index("^") :].startswith("target")
    assert len(source) <= 60


@pytest.mark.parametrize(("line", "column"), [(0, 0), (9, 1), (1, 99), (1, 0)])
def test_places_that_are_not_there_do_no_harm(
    monkeypatch: pytest.MonkeyPatch, line: int, column: int
) -> None:
    assert shown(monkeypatch, Finding(Severity.ERROR, "odd", "a", line, column), "short")[0].startswith("a")


def test_control_characters_do_not_reach_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, Finding(Severity.ERROR, "\x1b[2J", "a", 1, 1), "\x1b[2Jx")
    assert "\x1b" not in "".join(lines)
