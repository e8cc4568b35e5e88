"""``meshcore demo`` as people run it: a process of its own, real sockets."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKS = (
    "canary 90/10",
    "header-routed user",
    "prefix rewrite",
    "redirect",
    "direct response",
    "config swap",
    "canary 50/50",
)
COMMAND = [sys.executable, "-m", "meshcore", "demo"]
#: Tests that run in a shell's background ignore interrupts, and so would what they start. No preexec_fn does
#: it: gRPC, which other tests have begun in this process, aborts now and then in a child that runs Python.
HEED_INTERRUPTS = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""
#: The demo promises to end well before.
SECONDS = 20


def environment(**changes: str) -> dict[str, str]:
    known = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    return {**known, "PYTHONIOENCODING": "utf-8", **changes}


def test_plain_lines_where_there_is_no_terminal(tmp_path: Path) -> None:
    started = time.monotonic()
    done = subprocess.run(
        COMMAND,
        cwd=tmp_path,  # no file is looked for where it happens to run
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert time.monotonic() - started < SECONDS
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    for check in CHECKS:
        assert re.search(rf"^ok +{re.escape(check)}: .*; expected: .+; seen: .+$", done.stdout, re.MULTILINE)
    assert re.search(r"seen: [1-9]\d* in flight, 0 lost", done.stdout)
    assert re.search(r"^All 8 as expected, in [\d.]+ s\.$", done.stdout, re.MULTILINE)
    summary = r"^[\d,]+ requests at the gateway, [\d,]+ at the services behind it, 0 failed\.$"
    assert re.search(summary, done.stdout, re.MULTILINE)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("columns", [100, 60])
def test_a_live_table_on_a_terminal(columns: int) -> None:
    code, shown = on_a_terminal(COMMAND, columns)
    assert code == 0
    assert "\x1b[?25l" in shown, "the cursor is hidden while the table is drawn"
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l"), "and shown again"
    table = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert "All 8 as expected" in table
    assert all(f"✓ {check}" in table for check in CHECKS)
    assert re.search(r"[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] canary 90/10", table), "progress is seen"


def test_an_interrupt_ends_it_quietly() -> None:
    with started(COMMAND) as process:
        read_until(process, "rules:")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=SECONDS)
        assert (process.returncode, errors) == (130, "")


def test_sigterm_ends_it_quietly() -> None:
    with started(COMMAND) as process:
        read_until(process, "rules:")
        process.terminate()
        _, errors = process.communicate(timeout=SECONDS)
        assert (process.returncode, errors) == (143, "")


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_serve_keeps_the_shop_up(stop: signal.Signals) -> None:
    with started([*COMMAND, "--serve", "--requests", "60"]) as process:
        shown = read_until(process, "stop it")
        found = re.search(r"the front page +(http://127\.0\.0\.1:\d+)/productpage", shown)
        assert found is not None
        url = found[1]
        page = fetch(f"{url}/productpage", accept="text/html")
        assert "<title>The Comedy of Errors</title>" in page
        assert "reviews v3" in fetch(f"{url}/productpage", accept="text/html", end_user="jason")
        assert '"path": "/details/7"' in fetch(f"{url}/catalog/7")
        with pytest.raises(urllib.error.HTTPError, match="404"):
            fetch(f"{url}/nothing-here")
        process.send_signal(stop)
        rest, errors = process.communicate(timeout=SECONDS)
        assert (process.returncode, errors) == (0, "")
        assert rest.endswith("stopping\n")


def fetch(url: str, **headers: str) -> str:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with urllib.request.urlopen(urllib.request.Request(url, headers=named), timeout=10) as answer:
        text: str = answer.read().decode()
    return text


@contextlib.contextmanager
def started(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", HEED_INTERRUPTS, *command],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """What the process prints up to the first line that holds ``text``."""
    assert process.stdout is not None
    shown = ""
    for line in process.stdout:
        shown += line
        if text in line:
            return shown
    raise AssertionError(f"{text!r} was not printed, but:\n{shown}")


def on_a_terminal(command: list[str], columns: int) -> tuple[int, str]:
    """Run ``command`` on a terminal of its own; its exit code and all that it wrote."""
    main, side = pty.openpty()
    env = environment(TERM="xterm", COLUMNS=str(columns), LINES="40")
    with subprocess.Popen(command, stdin=side, stdout=side, stderr=side, env=env) as process:
        os.close(side)
        shown = bytearray()
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline and select.select([main], [], [], deadline - time.monotonic())[0]:
            try:
                data = os.read(main, 65536)
            except OSError:  # how Linux says that the other side has closed
                break
            if not data:
                break
            shown += data
        os.close(main)
        return process.wait(timeout=SECONDS), shown.decode()
