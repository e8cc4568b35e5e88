"""meshcore.watching: what has changed, and when it is worth reading."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from meshcore import load_text
from meshcore.model import Config
from meshcore.watching import SETTLE, Change, Documents, UnsettledError, fingerprint

CONFIG = load_text("name: table\nvirtual_hosts: []\n")


def test_fingerprints(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.yaml").write_text("a")
    paths = [str(folder), str(tmp_path / "missing")]
    seen = [fingerprint(paths)]
    (folder / "a.yaml").write_text("bb")
    seen.append(fingerprint(paths))
    (folder / "b.yaml").write_text("")
    seen.append(fingerprint(paths))
    os.replace(folder / "b.yaml", folder / "a.yaml")
    seen.append(fingerprint(paths))
    assert len(set(seen)) == 4
    assert fingerprint(paths) == seen[-1]


class Read:
    """Loads a configuration, and may be told what happens meanwhile."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.meanwhile = ""
        self.served: list[Config] = []
        self.documents = Documents(self.load, [str(path)], 5.0)

    def load(self) -> Config:
        if self.meanwhile:
            self.path.write_text(self.meanwhile)
        return CONFIG


def test_changed_files_are_read_once_two_looks_agree(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a")
    documents = Read(path).documents
    assert documents.look() is None
    assert documents.wait == 5.0
    path.write_text("ab")
    assert documents.look() is None
    assert documents.wait == SETTLE
    path.write_text("abc")
    assert documents.look() is None
    settled = documents.look()
    assert settled == fingerprint([str(path)])
    documents.read(lambda config: None, settled)
    assert documents.look() is None
    assert documents.look() is None


def test_what_changes_while_it_is_read_is_not_served(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a")
    read = Read(path)
    path.write_text("ab")
    read.documents.look()
    settled = read.documents.look()
    read.meanwhile = "abc"
    with pytest.raises(UnsettledError):
        read.documents.read(read.served.append, settled)
    assert read.served == []
    read.meanwhile = ""
    read.documents.look()
    assert read.documents.look() is not None


def test_what_is_asked_for_is_read_whatever_has_changed(tmp_path: Path) -> None:
    read = Read(tmp_path / "none.yaml")
    assert read.documents.read(read.served.append) is CONFIG
    assert read.served == [CONFIG]


def test_what_cannot_be_served_is_told_and_a_defect_from_a_finding(tmp_path: Path) -> None:
    read = Read(tmp_path / "none.yaml")
    assert read.documents.take(read.served.append) == Change(CONFIG)
    finding, defect = ValueError("no such cluster"), KeyError("x")

    def refuse(error: Exception) -> Change[Config] | None:
        def serve(config: Config) -> None:
            raise error

        return read.documents.take(serve)

    assert refuse(finding) == Change(None, "no such cluster")
    assert refuse(defect) == Change(None, "KeyError('x')", defect)
    assert refuse(UnsettledError()) is None
