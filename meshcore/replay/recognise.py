"""Tell the schema of a recording by its content and its name."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from meshcore.config.findings import Findings
from meshcore.config.json_reader import read_json
from meshcore.config.pipes import open_file

__all__ = ["Schema", "UnknownSchema", "read_recording", "schema_of"]


class Schema(Enum):
    """The kinds of recordings."""

    ENVOY_DECISIONS = "decisions of Envoy"
    ENVOY_CONFIG_VALIDATION = "configurations that Envoy accepts or refuses"
    ISTIO_ROUTING = "Istio routing"
    ISTIO_VALIDATION = "Istio validation"
    ISTIO_ANALYSIS = "Istio analysis"
    ISTIO_AUTHORIZATION = "Istio authorization"
    GATEWAY_API = "Gateway API"


#: What the entries of a file that is a list have, and no other schema's do.
_BY_KEYS = (
    (Schema.ISTIO_AUTHORIZATION, frozenset({"workload", "cases"})),
    (Schema.ISTIO_ROUTING, frozenset({"config", "cases"})),
    (Schema.ISTIO_VALIDATION, frozenset({"yaml", "valid"})),
    (Schema.ISTIO_ANALYSIS, frozenset({"files", "expect"})),
    (Schema.GATEWAY_API, frozenset({"input", "golden"})),
)
#: Where the content doesn't say (an empty list), the name does.
_BY_NAME = {
    "analysis": Schema.ISTIO_ANALYSIS,
    "authorization": Schema.ISTIO_AUTHORIZATION,
    "config_validation": Schema.ENVOY_CONFIG_VALIDATION,
    "gateway_api": Schema.GATEWAY_API,
    "routing": Schema.ISTIO_ROUTING,
    "validation": Schema.ISTIO_VALIDATION,
}


class UnknownSchema(ValueError):
    """A file that is no recording."""


def read_recording(path: Path) -> Any:
    """The JSON document of a file, or the list of the lines of a JSON lines file.

    Raises:
        UnknownSchema: for text that is not JSON, and for a key that stands twice in a mapping: what it says
            first would be lost.
        OSError: for a file that cannot be read.
    """
    try:
        with open_file(path) as stream:
            text = stream.read().decode()
        if path.suffix != ".jsonl":
            return _parsed(text, 1)
        return [_parsed(line, at) for at, line in enumerate(text.splitlines(), 1) if line.strip()]
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise UnknownSchema(f"not JSON: {error}") from error


def _parsed(text: str, line: int) -> Any:
    """``line``: where the text begins."""
    twice = False

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal twice
        made = dict(pairs)
        twice |= len(made) < len(pairs)
        return made

    found = json.loads(text, object_pairs_hook=unique)
    if twice:  # the reader of configurations knows where, and is slower
        findings = Findings()
        read_json("\n" * (line - 1) + text, "", findings)
        told = next(error for error in findings.errors if "stands twice" in error.message)
        raise UnknownSchema(f"line {told.line}: {told.message}")
    return found


def schema_of(document: Any, name: str) -> Schema:
    """The schema of a document that was read from a file called ``name``.

    Raises:
        UnknownSchema: for a document of no known schema.
    """
    if isinstance(document, Mapping):
        if document.get("kind") == "config_validation":
            return Schema.ENVOY_CONFIG_VALIDATION
        if isinstance(document.get("cases"), Sequence) and "route_config" in document:
            return Schema.ENVOY_DECISIONS
    elif isinstance(document, list):
        for entry in document[:1]:
            if isinstance(entry, Mapping):
                for schema, keys in _BY_KEYS:
                    if keys <= entry.keys():
                        return schema
    stem = Path(name).name.split(".")[0]
    for prefix, schema in _BY_NAME.items():
        if stem.startswith(prefix) and isinstance(document, list) != (
            schema is Schema.ENVOY_CONFIG_VALIDATION
        ):
            return schema
    raise UnknownSchema("a recording of no known schema")
