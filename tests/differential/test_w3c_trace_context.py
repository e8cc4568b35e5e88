"""W3C's own trace-context suite against an app with our middleware and client."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_envoy import free_ports

SUITE = os.environ.get("MESHCORE_W3C", "")
HERE = Path(__file__).parent
PATIENCE = 30.0

pytestmark = pytest.mark.w3c


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """The variables that lead the suite to the service, which runs."""
    if not SUITE:
        pytest.skip("no suite: MESHCORE_W3C names the folder test/ of w3c/trace-context, see tests/README.md")
    port, harness = (str(it) for it in free_ports(2))
    environment = {
        **os.environ,
        "OTEL_PROPAGATORS": "tracecontext",
        "HARNESS_PORT": harness,
        "W3C_SERVICE_PORT": port,
    }
    command = [sys.executable, "-m", "uvicorn", "--port", port, "--log-level", "warning", "w3c_service:app"]
    with subprocess.Popen(command, cwd=HERE, env=environment) as server:
        try:
            _await(int(port), server)
            yield environment
        finally:
            server.terminate()


def _await(port: int, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and server.poll() is None:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("the service does not listen")


@pytest.mark.parametrize(("level", "skipped"), [(1, 1), (2, 0)])
def test_the_suite_passes(level: int, skipped: int, environment: dict[str, str]) -> None:
    endpoint = f"http://127.0.0.1:{environment['W3C_SERVICE_PORT']}/test"
    done = subprocess.run(
        [sys.executable, "test.py", endpoint],
        cwd=SUITE,
        env={**environment, "STRICT_LEVEL": "2", "SPEC_LEVEL": str(level)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    ran = re.search(r"^Ran (\d+) tests", done.stderr, re.MULTILINE)
    assert done.returncode == 0, done.stderr
    assert ran is not None
    assert int(ran[1]) >= 41
    assert f"skipped={skipped}" in done.stderr or not skipped
