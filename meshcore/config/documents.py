"""Documents from files, folders, texts and parsed mappings."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import xxhash

from meshcore._disposal import release
from meshcore.config.findings import Findings
from meshcore.config.json_reader import looks_like_json, read_json
from meshcore.config.limits import MAX_BYTES, MAX_DEPTH
from meshcore.config.pipes import open_file
from meshcore.config.tree import Document, MappingNode, ScalarNode, SequenceNode, TreeNode
from meshcore.config.yaml_reader import read_yaml

__all__ = ["Sources", "files_of", "from_mapping", "is_document", "is_looked_into", "read_path", "read_text"]

SUFFIXES = (".json", ".yaml", ".yml")

#: What YAML calls not printable, tabs and line ends excepted.
_CONTROL = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STEP = 256 * 1024


class Sources:
    """What was read: the documents, the names of the files, and a digest of their contents."""

    def __init__(self) -> None:
        self.documents: list[Document] = []
        self.files: list[str] = []
        #: Those that nobody named: they were found in folders.
        self.found: set[str] = set()
        self._hash = xxhash.xxh3_128()

    @property
    def digest(self) -> str:
        """XXH3 (128 bits, hexadecimal) over the names and contents in the order of reading."""
        return self._hash.hexdigest()

    def add_path(self, path: str | os.PathLike[str], findings: Findings) -> None:
        """Read a file, or the YAML and JSON files of a folder and the folders in it, by name."""
        given = Path(path)
        for file in files_of(given, findings):
            if file is not given:
                self.found.add(str(file))
            self._add_file(file, findings)

    def add_given(
        self, given: str | os.PathLike[str] | Mapping[str, object], name: str, findings: Findings
    ) -> list[Document]:
        """Read a path, or take an already parsed document (under ``name``); what came of it."""
        before = len(self.documents)
        if isinstance(given, Mapping):
            self.add_mapping(given, name, findings)
        else:
            self.add_path(given, findings)
        return self.documents[before:]

    def add_text(self, text: str, name: str, findings: Findings) -> None:
        """Read a text as if it were a file of that name."""
        data = text.encode("utf-8", "surrogatepass")
        self._note(name, data)
        if len(data) > MAX_BYTES:
            _too_big(name, findings)
            return
        self.documents += _parse(text, name, findings)

    def add_mapping(self, mapping: Mapping[str, object], name: str, findings: Findings) -> None:
        """Take an already parsed document (it has no positions, only paths)."""
        document = from_mapping(mapping, name, findings)
        self._note(name, repr(mapping).encode("utf-8", "surrogatepass"))
        if document is not None:
            self.documents.append(document)

    def __enter__(self) -> Sources:
        return self

    def __exit__(self, *exception: object) -> None:
        """Free the documents, piece by piece."""
        release([item for document in self.documents for item in document.clear()])
        self.documents.clear()

    def _add_file(self, file: Path, findings: Findings) -> None:
        name = str(file)
        try:
            with open_file(file) as stream:
                data = stream.read(MAX_BYTES + 1)
        except OSError as error:
            pattern = not os.path.lexists(file) and any(letter in name for letter in "*?[")
            hint = "; patterns are for a shell: give files, or their folder" if pattern else ""
            findings.error(name, "", f"cannot be read: {error.strerror or error}{hint}")
            return
        self._note(name, data)
        if len(data) > MAX_BYTES:
            _too_big(name, findings)
            return
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            column = error.start - data.rfind(b"\n", 0, error.start)
            where = ScalarNode(Document(name, 0), line, column, None)
            findings.error(where, "", "the file is not valid UTF-8", found=f"byte 0x{data[error.start]:02x}")
            return
        self.documents += _parse(text, name, findings)

    def _note(self, name: str, data: bytes) -> None:
        self.files.append(name)
        self._hash.update(name.encode("utf-8", "surrogateescape") + b"\0%d\0" % len(data))
        self._hash.update(data)


def read_path(path: str | os.PathLike[str], findings: Findings) -> list[Document]:
    """The documents of one file or folder."""
    sources = Sources()
    sources.add_path(path, findings)
    return sources.documents


def read_text(text: str, findings: Findings, name: str = "<string>") -> list[Document]:
    """The documents of a YAML or JSON text."""
    sources = Sources()
    sources.add_text(text, name, findings)
    return sources.documents


def from_mapping(mapping: Mapping[str, object], name: str, findings: Findings) -> Document | None:
    """A parsed document as a tree; None if it holds what JSON cannot."""
    document = Document(name, 0)
    before = len(findings)
    document.root = _convert(mapping, document, findings, 0)
    return document if len(findings) == before else None


def _convert(value: object, document: Document, findings: Findings, depth: int) -> TreeNode:
    if value is None or isinstance(value, str | int | float | bool):
        return ScalarNode(document, 0, 0, value)
    if depth > MAX_DEPTH:
        findings.error(document.file, "", f"nested more than {MAX_DEPTH} levels deep")
    elif isinstance(value, Mapping):
        mapping = MappingNode(document, 0, 0)
        for key, item in value.items():
            if not isinstance(key, str):
                findings.error(document.file, "", "", found=f"{key!r} as a key", expected="a string")
                continue
            mapping.set(key, 0, 0, _convert(item, document, findings, depth + 1))
        return mapping
    elif isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        sequence = SequenceNode(document, 0, 0)
        sequence.items = [_convert(item, document, findings, depth + 1) for item in value]
        return sequence
    else:
        findings.error(
            document.file,
            "",
            "",
            found=f"a value of type {type(value).__name__}",
            expected="what JSON can express",
        )
    return ScalarNode(document, 0, 0, None)


def is_document(name: str) -> bool:
    """Whether a file of a folder is read, by its name."""
    return os.path.splitext(name)[1].lower() in SUFFIXES


def is_looked_into(name: str) -> bool:
    """Whether the documents of a folder's folder are read. Hidden ones are of tools (.github, .git, .venv).
    Where Kubernetes mounts a ConfigMap, ..data and the like hold the files that the folder has links to."""
    return not name.startswith(".")


def files_of(path: Path, findings: Findings) -> Iterable[Path]:
    """The file itself, or the YAML and JSON files of a folder and the folders in it, by name."""
    if not path.is_dir():
        return [path]

    def unreadable(error: OSError) -> None:
        findings.error(str(error.filename), "", f"cannot be read: {error.strerror or error}")

    found: list[Path] = []
    before = len(findings)
    for folder, folders, names in os.walk(path, onerror=unreadable):
        folders[:] = filter(is_looked_into, folders)
        files = (Path(folder, name) for name in filter(is_document, names))
        found += [it for it in files if it.is_file() or it.is_symlink()]
    if not found and len(findings) == before:
        findings.error(str(path), "", "the folder holds no .yaml, .yml or .json file")
    return sorted(found)


def _parse(text: str, name: str, findings: Findings) -> list[Document]:
    text = text.removeprefix("\ufeff")
    control = _control(text)
    if control is not None:
        line = text.count("\n", 0, control.start()) + 1
        column = control.start() - text.rfind("\n", 0, control.start())
        where = ScalarNode(Document(name, 0), line, column, None)
        findings.error(where, "", f"the control character U+{ord(control[0]):04X} is not allowed")
        return []
    if name.lower().endswith(".json") or looks_like_json(text):
        trial = Findings()
        documents = read_json(text, name, trial)
        if documents or name.lower().endswith(".json"):
            for finding in trial.errors:
                findings.add(finding)
            return documents
        # A YAML document in flow style begins like JSON; then YAML's reader has the word.
    return read_yaml(text, name, findings)


def _control(text: str) -> re.Match[str] | None:
    """The first control character. One search holds up all other threads: it is made in steps."""
    for start in range(0, len(text), _STEP):
        found = _CONTROL.search(text, start, start + _STEP)
        if found is not None:
            return found
    return None


def _too_big(name: str, findings: Findings) -> None:
    findings.error(name, "", f"larger than {MAX_BYTES // (1024 * 1024)} MiB, the most that is read")
