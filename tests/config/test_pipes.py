"""Pipes among the files that are read."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from meshcore.config.documents import read_path
from meshcore.config.findings import Findings
from meshcore.config.pipes import open_file


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "a.yaml"
    os.mkfifo(path)
    return path


def test_one_that_nobody_writes_to_is_a_finding(pipe: Path) -> None:
    findings = Findings()
    assert read_path(pipe, findings) == []
    (finding,) = findings.errors
    assert "nobody writes to this pipe" in str(finding)


def test_one_that_somebody_writes_to_is_read_to_its_end(pipe: Path) -> None:
    # A reader of our own lets the writer open it.
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(pipe, os.O_WRONLY)
    stream: list[bytes] = []

    def read() -> None:
        with open_file(pipe) as opened:  # waits for the first byte
            stream.append(opened.read())

    thread = threading.Thread(target=read)
    thread.start()
    os.write(writer, b"a: b\n")
    os.write(writer, b"c: d\n")
    os.close(writer)
    thread.join(20)
    os.close(reader)
    assert stream == [b"a: b\nc: d\n"]


def test_files_are_read_as_ever(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"")
    with open_file(file) as stream:
        assert stream.read() == b""
    with pytest.raises(FileNotFoundError):
        open_file(tmp_path / "none")
