"""The file of a shared state, on each backend."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from meshcore._backend import BACKENDS


@pytest.fixture
def backend_of_files(each_backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert each_backend in BACKENDS
    monkeypatch.setenv("MESHCORE_BACKEND", each_backend)


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "state"
    gc.collect()
