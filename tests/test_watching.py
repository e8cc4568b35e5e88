"""meshcore.watching: what has changed, and when it is worth reading."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from meshcore import load_text
from meshcore.model import Config
from meshcore.watching import RESTLESS, SETTLE, Change, Documents, UnsettledError, fingerprint, named_files

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


def test_what_keeps_its_size_and_its_time_of_modification_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a")
    seen, before = fingerprint([str(path)]), path.stat()
    while path.stat().st_ctime_ns == before.st_ctime_ns:  # the system's clock has ticks
        with path.open("r+") as file:
            file.write("b")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert fingerprint([str(path)]) != seen


def test_of_a_folder_documents_count_and_what_else_is_there_does_not(tmp_path: Path) -> None:
    for name in ("a.yaml", "sub/b.YML", ".git/config.yaml", "access.log"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("a")
    seen = fingerprint([str(tmp_path)])
    for name in (".git/config.yaml", "access.log", ".a.yaml.swp", "tls.key"):
        (tmp_path / name).write_text("longer")
        assert fingerprint([str(tmp_path)]) == seen
    (tmp_path / "sub/b.YML").write_text("longer")
    assert fingerprint([str(tmp_path)]) != seen
    log = str(tmp_path / "access.log")
    assert [path for path, *_ in fingerprint([log])] == [log]  # which somebody has named


def test_what_a_configuration_names_counts_too(tmp_path: Path) -> None:
    key, other = tmp_path / "key.pem", tmp_path / "other.pem"
    names = [str(key)]
    documents = Documents(lambda: CONFIG, [str(tmp_path)], 5.0, lambda _: names)
    documents.follow(CONFIG)
    key.write_text("a")
    assert documents.look() is None
    settled = documents.look()
    assert settled is not None
    names[:] = [str(other)]
    assert documents.take(lambda _: None, settled) == Change(CONFIG)
    key.write_text("longer")
    assert documents.look() is None
    assert documents.wait == 5.0
    other.write_text("a")
    assert documents.look() is None
    assert documents.look() is not None


def test_files_that_documents_name(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("page")
    cluster = {
        "name": "c",
        "transport_socket": {
            "name": "envoy.transport_sockets.tls",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
                "common_tls_context": {
                    "tls_certificates": [
                        {"certificate_chain": {"filename": "c.pem"}, "private_key": {"filename": "k.pem"}}
                    ],
                    "validation_context": {"trusted_ca": {"filename": "ca.pem"}},
                },
            },
        },
    }
    route = {"match": {"prefix": "/"}, "direct_response": {"status": 200, "body": {"filename": str(page)}}}
    table = {"name": "t", "virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [route]}]}
    assert [*named_files(load_text(json.dumps(table)))] == [str(page)]
    bootstrap = {"static_resources": {"clusters": [cluster]}}
    assert sorted(named_files(load_text(json.dumps(bootstrap)))) == ["c.pem", "ca.pem", "k.pem"]


def test_files_that_do_not_come_to_rest_are_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("")
    documents = Read(path).documents
    for size in range(1, 2 * RESTLESS):
        path.write_text("a" * size)
        assert documents.look() is None
    (told,) = caplog.messages
    assert told.startswith(f"{path} keeps changing")
    assert documents.look() is not None


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
