"""Replay files: read each, tell its schema, hand its cases to the adapter of that schema."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

from meshcore.replay import envoy, gateway_api, istio
from meshcore.replay.analysis import replay_analysis
from meshcore.replay.recognise import Schema, UnknownSchema, read_recording, schema_of
from meshcore.replay.results import CaseResult, FileResult, describe

__all__ = ["files_of", "replay", "replay_file"]

SUFFIXES = (".json", ".jsonl")

Adapter: TypeAlias = Callable[[Any], Iterator[CaseResult]]

_ADAPTERS: dict[Schema, Adapter] = {
    Schema.ENVOY_DECISIONS: envoy.replay_decisions,
    Schema.ENVOY_CONFIG_VALIDATION: envoy.replay_config_validation,
    Schema.ISTIO_ROUTING: istio.replay_routing,
    Schema.ISTIO_VALIDATION: istio.replay_validation,
    Schema.ISTIO_ANALYSIS: replay_analysis,
    Schema.ISTIO_AUTHORIZATION: istio.replay_authorization,
    Schema.GATEWAY_API: gateway_api.replay_gateway_api,
}


def files_of(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Path]:
    """The files to replay: each path itself, or the recordings in it where it is a folder."""
    for name in paths:
        path = Path(name)
        if path.is_dir():
            # An empty folder is told of as a file that cannot be run.
            yield from sorted(file for file in path.iterdir() if file.suffix in SUFFIXES) or [path]
        else:
            yield path


def replay(paths: Iterable[str | os.PathLike[str]]) -> Iterator[FileResult]:
    """Replay files one after another; each result comes as soon as its file is done."""
    return map(replay_file, files_of(paths))


def replay_file(path: str | os.PathLike[str]) -> FileResult:
    """Replay one file. It never raises: what cannot be run is a failure with the reason."""
    result = FileResult(str(path))
    if Path(path).is_dir():
        result.add(CaseResult("file", (f"the folder holds no {' or '.join(SUFFIXES)} file",)))
        return result
    try:
        document = read_recording(Path(path))
        adapter = _ADAPTERS[schema_of(document, str(path))]
    except (OSError, UnknownSchema) as error:
        result.add(CaseResult("file", (str(error),)))
        return result
    try:
        for case in adapter(document):
            result.add(case)
    except Exception as error:
        result.add(CaseResult("file", (f"not a well-formed recording: {describe(error)}",)))
    if not result.passed and not result.failed:
        result.add(CaseResult("file", ("there is no case in it",)))
    return result
