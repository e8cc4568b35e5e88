"""The command line as a whole: help, version, exit codes and errors."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from meshcore import __version__
from meshcore.cli import main as cli


def run(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "meshcore", *args], capture_output=True, text=True, timeout=60, check=False
    )


def command(monkeypatch: pytest.MonkeyPatch, func: object) -> None:
    """Make ``meshcore`` a command line whose only subcommand does ``func``."""
    parser = argparse.ArgumentParser()
    parser.set_defaults(func=func)
    monkeypatch.setattr(cli, "build_parser", lambda: parser)


def test_version() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"meshcore {__version__}\n")


def test_help_names_every_command() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert all(re.search(rf"\n    {name}\s", done.stdout) for name in cli.COMMANDS)


def test_help_imports_no_extra() -> None:
    code = (
        "import sys; from meshcore.cli.main import build_parser; build_parser().format_help(); "
        "print('aiohttp' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "False\n"


@pytest.mark.parametrize("args", [(), ("frobnicate",), ("routes",), ("routes", "-c", "x", "--node", "=")])
def test_a_wrong_command_line_is_2(args: tuple[str, ...]) -> None:
    done = run(*args)
    assert done.returncode == 2
    assert "usage: meshcore" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_code_of_the_command_is_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    command(monkeypatch, lambda args: 1)
    assert cli.main([]) == 1


def test_a_missing_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def needs_aiohttp(args: argparse.Namespace) -> int:
        raise ModuleNotFoundError("No module named 'aiohttp.web'", name="aiohttp.web")

    command(monkeypatch, needs_aiohttp)
    assert cli.main([]) == 2
    assert "pip install 'meshcore-engine[proxy]'" in capsys.readouterr().err


def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(args: argparse.Namespace) -> int:
        raise ModuleNotFoundError("No module named 'zzz'", name="zzz")

    command(monkeypatch, broken)
    with pytest.raises(ModuleNotFoundError):
        cli.main([])


def test_an_error_of_the_system_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(args: argparse.Namespace) -> int:
        raise OSError(98, "Address already in use")

    command(monkeypatch, refused)
    assert cli.main([]) == 1
    assert capsys.readouterr().err == "meshcore: error: Address already in use\n"


def test_an_interrupt_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(args: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    command(monkeypatch, interrupted)
    assert cli.main([]) == 130
    assert capsys.readouterr().err == ""


def test_a_closed_pipe_is_quiet() -> None:
    code = (
        "import argparse, sys; from meshcore.cli import main as cli; parser = argparse.ArgumentParser(); "
        "parser.set_defaults(func=lambda args: print('x' * 10_000_000) or 0); "
        "cli.build_parser = lambda: parser; sys.exit(cli.main([]))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=60) == 141


def test_a_closed_output_is_no_bug() -> None:
    code = "import os, sys; os.execv(sys.executable, [sys.executable, '-m', 'meshcore', 'analyze', '--list'])"
    done = subprocess.run(
        [sys.executable, "-c", f"import os; os.close(1); {code}"], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8:strict"])
def test_any_text_can_be_printed(encoding: str, tmp_path: Path) -> None:
    """Names come from documents: no encoding of the output may fail, and no terminal be told what to do."""
    route = {"name": "\u2713\u001b[31m", "match": {"prefix": "/"}, "direct_response": {"status": 200}}
    table = {"virtual_hosts": [{"name": "v\n", "domains": ["*"], "routes": [route]}]}
    file = tmp_path / "table.json"
    file.write_text(json.dumps(table))
    other = tmp_path / "other.json"
    other.write_text(json.dumps(table).replace('"/"', '"/x"'))
    for args in (
        ("routes", "-c", str(file)),
        ("explain", "GET", "http://a/", "-c", str(file)),
        ("diff", str(file), str(other)),
        ("analyze", str(file)),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "meshcore", *args],
            capture_output=True,
            timeout=60,
            env={**os.environ, "PYTHONIOENCODING": encoding},
        )
        assert done.returncode in (0, 1)
        assert b"Traceback" not in done.stderr
        assert b"\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("args", "name"),
    [
        (["routes", "-c", ""], "paths"),
        (["routes", "-c", "a.yaml", "--endpoints", ""], "endpoints"),
        (["routes", "-c", "a.yaml", "--cluster-domain", ""], "cluster-domain"),
        (["analyze", "a.yaml", ""], "paths"),
        (["check", ""], "tests"),
        (["diff", "", "b.yaml"], "old"),
        (["hash", "key", "--against", "", "-c", "a.yaml"], "against"),
        (["proxy", "-c", "a.yaml", "--runtime-dir", ""], "runtime-dir"),
        (["ratelimit-server", "-c", ""], "paths"),
    ],
)
def test_an_empty_path_is_none(args: list[str], name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(args)
    assert ended.value.code == 2
    assert f"error: {name}: '' is given; is a variable of the shell empty?" in capsys.readouterr().err
