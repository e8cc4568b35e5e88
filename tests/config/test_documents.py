"""Documents: what is read, what it means, and what is refused, with positions."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from meshcore.config import yaml_reader
from meshcore.config.documents import Sources, from_mapping, read_path, read_text
from meshcore.config.findings import Findings
from meshcore.config.tree import MappingNode, ScalarNode, SequenceNode, TreeNode, plain


def read(text: str, name: str = "a.yaml") -> list[object]:
    """The documents of a text that has no errors, as plain values."""
    findings = Findings()
    documents = read_text(text, findings, name)
    assert [str(finding) for finding in findings.errors] == []
    return [plain(document.root) for document in documents]


def errors(text: str, name: str = "a.yaml") -> list[str]:
    findings = Findings()
    read_text(text, findings, name)
    return [str(finding) for finding in findings.errors]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("text", "text"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("true", True),
        ("Yes", True),
        ("OFF", False),
        ("on", True),
        ("y", "y"),
        ("N", "N"),
        ("", None),
        ("~", None),
        ("null", None),
        ("12", 12),
        ("-7", -7),
        ("+7", 7),
        ("010", 8),
        ("089", 89.0),
        ("0x1F", 31),
        ("0o17", 15),
        ("0b101", 5),
        ("1_000", 1000),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-1.5E-2", -0.015),
        (".inf", float("inf")),
        ("2024-01-01", "2024-01-01"),
        ("2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00"),
        ("12:30:45", "12:30:45"),
        ("1.2.3.4", "1.2.3.4"),
        ("1.5s", "1.5s"),
        ("-", None),
        ("9" * 65, "9" * 65),
        ("!!str 12", "12"),
        ("!!int '12'", 12),
        ("!!bool 'yes'", True),
        ("|\n  a\n  b\n", "a\nb\n"),
    ],
)
def test_scalars_mean_what_kubernetes_and_envoy_read(written: str, meant: object) -> None:
    if written == "-":
        assert read("a:\n-\n") == [{"a": [None]}]
        return
    found = read(f"a: {written}\n")
    assert found == [{"a": meant}]
    assert type(found[0]["a"]) is type(meant)  # type: ignore[index]


def test_documents_of_a_file_are_told_apart_and_empty_ones_skipped() -> None:
    assert read("---\na: 1\n---\n---\n# nothing\n---\nb: 2\n...\n") == [{"a": 1}, {"b": 2}]


def test_anchors_and_merge_keys() -> None:
    text = """
base: &base {a: 1, b: 2}
other: &other {b: 3, c: 4}
one: {<<: *base, b: 9}
two:
  <<: [*base, *other]
again: *base
"""
    (found,) = read(text)
    assert found == {
        "base": {"a": 1, "b": 2},
        "other": {"b": 3, "c": 4},
        "one": {"a": 1, "b": 9},
        "two": {"a": 1, "b": 2, "c": 4},
        "again": {"a": 1, "b": 2},
    }


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "4:3", "the key 'c' stands twice in this mapping (first at line 3)"),
        ("a: [1, 2\n", "2:1", "not valid YAML"),
        ("a:\n\t- 1\n", "2:1", "never with tabs"),
        ("on: 1\n", "1:1", 'put it in quotes: "on"'),
        ("null: 1\n", "1:1", "as a key"),
        ("[a]: 1\n", "1:1", "found a collection as a key"),
        ("{a: {[b]: 1}}\n", "1:6", "found a collection as a key"),
        ("{ {a: 1}: 1}\n", "1:3", "found a collection as a key"),
        ("{{- if .Values.x }}\na: 1\n{{- end }}\n", "1:2", "looks like a Helm template; render it first"),
        ("a: {{ .Values.x }}\n", "1:5", "looks like a Helm template; render it first"),
        ("a: *b\n", "1:4", "the alias *b has no anchor &b before it"),
        ("a: &x [*x]\n", "1:8", "stands inside of what it stands for"),
        ("a: !thing 1\n", "1:4", "the tag '!thing' is not supported"),
        ("a: !!binary aGk=\n", "1:4", "is not supported"),
        ("a: !!int x\n", "1:4", "does not fit the tag !!int"),
        ("a: !!map [1]\n", "1:4", "is not supported"),
        ("a: 1\n<<: 2\n", "2:5", "can merge mappings only"),
        ('a: "x\\0y"\n', "1:4", "a NUL character is not allowed"),
        ("a: x\x07y\n", "1:5", "the control character U+0007 is not allowed"),
        ("a: b: c\n", "1:5", "not valid YAML"),
    ],
)
def test_what_is_refused_is_named_with_its_position(text: str, where: str, words: str) -> None:
    (found,) = errors(text)
    assert found.startswith(f"a.yaml:{where}: error: ")
    assert words in found


def test_reading_goes_on_after_a_syntax_error() -> None:
    text = "a: 1\n---\nb: [\n---\nc: 1\nc: 2\n---\n\td: 1\n---\ne: 5\n"
    findings = Findings()
    documents = read_text(text, findings, "a.yaml")
    assert [plain(document.root) for document in documents] == [{"a": 1}, {"c": 1}, {"e": 5}]
    assert [(finding.line, finding.column) for finding in findings.errors] == [(4, 1), (6, 1), (8, 1)]
    assert documents[-1].root.line == 10


def test_alias_bombs_are_refused_quickly() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    (found,) = errors("\n".join(lines))
    assert "the aliases of this document expand to more than 100000 nodes" in found


def test_depth_is_bounded() -> None:
    for text in ("[" * 5000, "- " * 5000 + "x", '{"a":' * 5000):
        assert any("nested more than 100 levels deep" in found for found in errors(text))
    assert read("[" * 99 + "]" * 99)


def test_size_is_bounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("meshcore.config.documents.MAX_BYTES", 1024 * 1024)
    assert errors("a: " + "x" * 1024 * 1024) == ["a.yaml: error: larger than 1 MiB, the most that is read"]
    file = tmp_path / "big.yaml"
    file.write_text("a: " + "x" * 1024 * 1024)
    findings = Findings()
    assert read_path(file, findings) == []
    assert "larger than 1 MiB" in str(findings.errors[0])


def test_bytes_that_are_no_utf8_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "latin.yaml"
    file.write_bytes(b"a: 1\nb: caf\xe9\n")
    findings = Findings()
    assert read_path(file, findings) == []
    assert str(findings.errors[0]) == f"{file}:2:7: error: the file is not valid UTF-8, found byte 0xe9"


def test_a_missing_file_is_a_finding(tmp_path: Path) -> None:
    findings = Findings()
    read_path(tmp_path / "none.yaml", findings)
    assert "cannot be read: No such file" in str(findings.errors[0])


def test_a_pattern_that_no_shell_has_filled_in_is_told(tmp_path: Path) -> None:
    findings = Findings()
    read_path(tmp_path / "*.yaml", findings)
    assert str(findings.errors[0]).endswith("; patterns are for a shell: give files, or their folder")


def test_folders_are_read_by_name_and_recursively(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "b.yaml").write_text("n: 2")
    (tmp_path / "a.yml").write_text("n: 1")
    (tmp_path / "sub" / "c.json").write_text('{"n": 3}')
    (tmp_path / "notes.txt").write_text("n: [")
    findings = Findings()
    (tmp_path / ".github").mkdir()
    (tmp_path / ".github" / "ci.yaml").write_text("on: push")
    documents = read_path(tmp_path, findings)
    assert [plain(document.root) for document in documents] == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert not findings.has_errors
    empty = tmp_path / "empty"
    empty.mkdir()
    read_path(empty, findings)
    assert "holds no .yaml, .yml or .json file" in str(findings.errors[0])


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\n")
    findings = Findings()
    assert [plain(document.root) for document in read_path(file, findings)] == [{"a": 1}]


def test_the_digest_tells_contents_apart() -> None:
    def digest(text: str) -> str:
        sources = Sources()
        sources.add_text(text, "a.yaml", Findings())
        return sources.digest

    assert digest("a: 1") == digest("a: 1")
    assert digest("a: 1") != digest("a: 2")


def test_parsed_mappings_become_documents() -> None:
    findings = Findings()
    document = from_mapping({"a": [1, {"b": None}]}, "<mapping>", findings)
    assert document is not None
    assert plain(document.root) == {"a": [1, {"b": None}]}
    assert from_mapping({"a": {1: 2}}, "<mapping>", findings) is None
    assert from_mapping({"a": {"b": object()}}, "<mapping>", findings) is None
    assert [finding.detail for finding in findings.errors] == [
        "found 1 as a key, expected a string",
        "found a value of type object, expected what JSON can express",
    ]


# -- JSON -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("", "1:1", "expected a value"),
        ('{"a": 1,\n "b": 2,}', "2:9", "a comma before '}'"),
        ('{"a" 1}', "1:6", "expected ':' after the key"),
        ("{a: 1}", "1:2", "expected a key in double quotes"),
        ('{"a": 1} x', "1:10", "text after the end"),
        ("[1 2]", "1:4", "expected ',' or ']'"),
        ("[1}", "1:3", "expected ',' or ']'"),
        ('["x\ny"]', "1:4", "Invalid control character"),
        ('["\\x"]', "1:3", "Invalid \\escape"),
        ("[nul]", "1:2", "expected a value"),
        ("[01]", "1:3", "expected ',' or ']'"),
        ('["a", "\\ud800"]', "1:7", "\\ud800 is half of a surrogate pair"),
        ("[1e]", "1:3", "expected ',' or ']'"),
        ('{"a": 1,\n\t"a": 2}', "2:2", "the key 'a' stands twice in this mapping (first at line 1)"),
    ],
)
def test_json_errors(text: str, where: str, words: str) -> None:
    (found,) = errors(text, "a.json")
    assert found.startswith(f"a.json:{where}: error: ")
    assert words in found


def test_yaml_that_begins_like_json_is_still_yaml() -> None:
    assert read("{a: 1, b: [x, y]}") == [{"a": 1, "b": ["x", "y"]}]
    assert read('{"a": 1, b: yes}') == [{"a": 1, "b": True}]
    assert read("[x]\n---\na: 1\n") == [["x"], {"a": 1}]


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=20,
)


def _without_nul(value: object) -> bool:
    return "\\u0000" not in json.dumps(value)


@settings(deadline=None)
@given(JSON_VALUES.filter(_without_nul), st.sampled_from([None, 1, "\t"]), st.booleans())
def test_json_round_trip(value: object, indent: int | str | None, escaped: bool) -> None:
    text = json.dumps({"v": value}, indent=indent, ensure_ascii=escaped)
    findings = Findings()
    documents = read_text(text, findings, "a.json")
    if any(
        ord(character)
        in (*range(9), 11, 12, *range(14, 32), *range(127, 133), *range(134, 160), 0xFFFE, 0xFFFF)
        for character in text
    ):
        assert findings.has_errors
        return
    assert [str(finding) for finding in findings.errors] == []
    assert [plain(document.root) for document in documents] == [{"v": value}]


# -- YAML round trips -----------------------------------------------------------------------------

TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffe\uffff"), max_size=20
)
YAML_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


class Dumper(yaml.SafeDumper):
    """Quotes what other readers than PyYAML would read as something else than text."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    from meshcore.config.scalars import resolve_plain

    style = None if resolve_plain(value) == value else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


Dumper.add_representer(str, _text)


@settings(deadline=None)
@given(
    st.lists(st.dictionaries(TEXTS, YAML_VALUES, min_size=1, max_size=4), min_size=1, max_size=3),
    st.booleans(),
)
def test_yaml_round_trip(values: list[dict[str, object]], flow: bool) -> None:
    text = yaml.dump_all(values, Dumper=Dumper, default_flow_style=flow, allow_unicode=True, sort_keys=False)
    assert read(text) == values


def _scalars(node: TreeNode, path: tuple[object, ...] = ()) -> dict[tuple[object, ...], ScalarNode]:
    if isinstance(node, ScalarNode):
        return {path: node}
    found: dict[tuple[object, ...], ScalarNode] = {}
    if isinstance(node, SequenceNode):
        for index, item in enumerate(node.items):
            found |= _scalars(item, (*path, index))
    elif isinstance(node, MappingNode):
        for key, item in node.entries.items():
            found |= _scalars(item, (*path, key))
    return found


WORDS = st.from_regex(r"[a-z]{1,6}", fullmatch=True).map(lambda word: "k" + word)
TREES = st.recursive(
    WORDS,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3) | st.dictionaries(WORDS, inner, min_size=1, max_size=3)
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(WORDS, TREES, min_size=1, max_size=4), st.booleans(), st.integers(0, 3))
def test_positions_point_at_the_scalars(tree: dict[str, object], flow: bool, before: int) -> None:
    text = "# note\n" * before + yaml.dump(tree, default_flow_style=flow, sort_keys=False)
    lines = text.splitlines()
    (document,) = read_text(text, Findings())
    for node in _scalars(document.root).values():
        assert lines[node.line - 1][node.column - 1 :].startswith(str(node.value))
    root = document.root
    assert isinstance(root, MappingNode)
    for key in root.entries:
        mark = root.key_origin(key)
        assert lines[mark.line - 1][mark.column - 1 :].startswith(key)


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(TEXTS, YAML_VALUES, min_size=1, max_size=4), st.booleans())
def test_both_parsers_of_pyyaml_agree(value: dict[str, object], flow: bool) -> None:
    text = yaml.dump(value, Dumper=Dumper, default_flow_style=flow, allow_unicode=True, sort_keys=False)
    trees = []
    for loader in (yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(yaml_reader, "_LOADER", loader)
            (document,) = read_text(text, Findings())
        trees.append(
            {path: (node.line, node.column, node.value) for path, node in _scalars(document.root).items()}
        )
    assert trees[0] == trees[1]


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for name in ("a.yaml", "a.json"):
        findings = Findings()
        read_text(text, findings, name)
        assert all(finding.file == name for finding in findings.errors)


def test_a_folder_or_a_link_that_cannot_be_read_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.yaml").write_text("n: 1")
    (tmp_path / "gone.yaml").symlink_to("nowhere")
    (tmp_path / "locked").mkdir()
    scandir = os.scandir

    def denied(path: str) -> object:
        if str(path).endswith("locked"):  # whoever runs the tests may be allowed to read everything
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", denied)
    findings = Findings()
    assert len(read_path(tmp_path, findings)) == 1
    assert {str(it) for it in findings.errors} == {
        f"{tmp_path}/locked: error: cannot be read: Permission denied",
        f"{tmp_path}/gone.yaml: error: cannot be read: No such file or directory",
    }


def test_a_mounted_config_map_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "..2026_11_01").mkdir()
    (tmp_path / "..2026_11_01" / "a.yaml").write_text("n: 1")
    (tmp_path / "..data").symlink_to("..2026_11_01")
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    (document,) = read_path(tmp_path, Findings())
    assert document.file == str(tmp_path / "a.yaml")
