"""The examples do what they say, each by its one command."""

from __future__ import annotations

import asyncio
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


def run(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=EXAMPLES.parent,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✗" not in done.stdout
    return done.stdout


@pytest.mark.parametrize(
    ("example", "rows", "libraries"),
    [
        pytest.param("fastapi-bookinfo", 5, ("fastapi", "uvicorn", "httpx"), id="fastapi-bookinfo"),
        pytest.param("llm-gateway", 15, ("fastapi", "uvicorn", "httpx"), id="llm-gateway"),
        pytest.param("flask-requests", 6, ("flask", "requests"), id="flask-requests"),
    ],
)
def test_an_example_keeps_its_promises(example: str, rows: int, libraries: tuple[str, ...]) -> None:
    for library in libraries:
        pytest.importorskip(library)
    assert run(f"examples/{example}/run.py").count("✓") == rows


@pytest.mark.parametrize("folder", sorted(path.parent.name for path in EXAMPLES.glob("*/run.py")))
def test_an_example_is_explained_and_found(folder: str) -> None:
    assert (EXAMPLES / folder / "README.md").exists()
    for page in ("README.md", "docs/mesh.md"):
        assert f"examples/{folder}" in (EXAMPLES.parent / page).read_text()


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b'{"model": "small", "messages": [], "max_tokens": -1}', 400),
        (b'{"model": "small", "messages": [], "max_tokens": Infinity}', 400),
        (b"[" * 100_000, 400),
        ('{"model": "caf\xe9", "messages": []}'.encode(), 404),
        (b'{"model": "\\ud800", "messages": []}', 404),
        ('{"model": "none", "user": "\u20ac", "messages": []}'.encode(), 404),
    ],
    ids=["tokens below 0", "tokens without end", "deep", "model", "model that is no text", "user"],
)
def test_the_gateway_answers_what_it_cannot_ask_for(
    said: bytes, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for library in ("fastapi", "httpx"):
        pytest.importorskip(library)
    import httpx

    (tmp_path / "endpoints.yaml").write_text(
        "large: {ports: [80], endpoints: [{address: 127.0.0.1, port: 1, labels: {version: stable}}]}\n"
    )
    monkeypatch.setenv("MESH", str(EXAMPLES / "llm-gateway" / "mesh.yaml"))
    monkeypatch.setenv("ENDPOINTS", str(tmp_path / "endpoints.yaml"))
    monkeypatch.setenv("STATE", str(tmp_path / "state"))
    gateway = runpy.run_path(str(EXAMPLES / "llm-gateway" / "gateway.py"))

    async def ask() -> httpx.Response:
        headers = {"authorization": "Bearer me", "content-type": "application/json"}
        transport = httpx.ASGITransport(gateway["app"])
        async with gateway["client"], httpx.AsyncClient(transport=transport) as client:
            return await client.post("http://gateway/v1/chat/completions", content=said, headers=headers)

    with gateway["mesh"]:
        assert asyncio.run(ask()).status_code == status
        assert gateway["budget"].check("Bearer me", 1000)[0]  # nothing was used
