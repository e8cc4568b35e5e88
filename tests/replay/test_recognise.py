"""Schemas are told by content first, by name where the content is empty."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from meshcore.replay.recognise import Schema, UnknownSchema, read_recording, schema_of


@pytest.mark.parametrize(
    ("document", "schema"),
    [
        ({"route_config": {}, "clusters": [], "cases": []}, Schema.ENVOY_DECISIONS),
        ({"kind": "config_validation", "cases": []}, Schema.ENVOY_CONFIG_VALIDATION),
        ([{"name": "s", "config": "", "services": [], "cases": []}], Schema.ISTIO_ROUTING),
        ([{"name": "s", "workload": {}, "config": "", "cases": []}], Schema.ISTIO_AUTHORIZATION),
        ([{"name": "s", "yaml": "", "valid": True}], Schema.ISTIO_VALIDATION),
        ([{"name": "s", "analyzer": "a", "files": [], "expect": []}], Schema.ISTIO_ANALYSIS),
        ([{"name": "s", "input": "", "golden": ""}], Schema.GATEWAY_API),
    ],
)
def test_by_content(document: Any, schema: Schema) -> None:
    assert schema_of(document, "some_name.json") is schema


@pytest.mark.parametrize(
    ("document", "name", "schema"),
    [
        ([], "a/routing.json", Schema.ISTIO_ROUTING),
        ([], "routing_more.json", Schema.ISTIO_ROUTING),
        ([], "validation.jsonl", Schema.ISTIO_VALIDATION),
        ([], "analysis.json", Schema.ISTIO_ANALYSIS),
        ([], "gateway_api.json", Schema.GATEWAY_API),
        ({"cases": []}, "config_validation_2.json", Schema.ENVOY_CONFIG_VALIDATION),
    ],
)
def test_by_name(document: Any, name: str, schema: Schema) -> None:
    assert schema_of(document, name) is schema


@pytest.mark.parametrize(
    "document", [{}, [], [1], None, "text", {"cases": []}, {"route_config": {}, "cases": 3}]
)
def test_anything_else_is_no_recording(document: Any) -> None:
    with pytest.raises(UnknownSchema):
        schema_of(document, "notes.json")


def test_reading(tmp_path: Path) -> None:
    lines = tmp_path / "validation.jsonl"
    lines.write_text('{"a": 1}\n\n{"a": 2}\n')
    assert read_recording(lines) == [{"a": 1}, {"a": 2}]
    for name, content in (("bad.json", b"{"), ("latin.json", b'"\xff"'), ("deep.json", b"[" * 100_000)):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(UnknownSchema):
            read_recording(path)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.json", '{"cases": [],\n "a": {"x": 1,\n "y": 2, "x": 3}}', "line 3: the key 'x' stands twice"),
        ("a.jsonl", '{"x": 1}\n\n{"x": 1, "x": 2}\n', "line 3: the key 'x' stands twice"),
    ],
)
def test_a_key_that_stands_twice_is_told(tmp_path: Path, name: str, text: str, told: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UnknownSchema, match=rf"^{told} in this mapping \(first at line [23]\)$"):
        read_recording(tmp_path / name)
