"""Reports as SARIF 2.1.0, which code review tools show beside the lines of a change."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import PurePath
from urllib.parse import quote

import xxhash

from meshcore.analysis.explain import explanation
from meshcore.analysis.report import Report
from meshcore.config.codes import CODES, Code
from meshcore.config.findings import Finding, Severity

__all__ = ["to_sarif"]

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
#: Stands for the folder that relative paths begin at.
_ROOT = "%SRCROOT%"


def to_sarif(report: Report, version: str) -> dict[str, object]:
    """The report as a SARIF log; ``version`` is that of the tool."""
    used = {finding.code: None for finding in report.findings if finding.code in CODES}
    rules = [_rule(CODES[code]) for code in sorted(used)]
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    driver = {"name": "meshcore", "version": version, "rules": rules}
    seen: dict[str, int] = {}
    results = [_result(finding, index, seen) for finding in report.findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: Code) -> dict[str, object]:
    text = explanation(code.code)
    return {
        "id": code.code,
        "name": code.name,
        "shortDescription": {"text": code.summary},
        "fullDescription": {"text": text.why},
        "help": {"text": text.text(), "markdown": text.markdown()},
        "defaultConfiguration": {"level": _LEVELS[code.severity]},
    }


def _result(finding: Finding, index: dict[object, int], seen: dict[str, int]) -> dict[str, object]:
    message = ": ".join(part for part in (finding.path, finding.detail) if part)
    place: dict[str, object] = {"artifactLocation": _location(finding.file)}
    if finding.line:
        place["region"] = {"startLine": finding.line, "startColumn": max(finding.column, 1)}
    where: dict[str, object] = {"physicalLocation": place}
    if finding.resource:
        where["logicalLocations"] = [{"fullyQualifiedName": finding.resource, "kind": "resource"}]
    result: dict[str, object] = {
        "level": _LEVELS[finding.severity],
        "message": {"text": message},
        "locations": [where],
        "partialFingerprints": {"meshcoreFinding/v1": _fingerprint(finding, seen)},
    }
    if finding.code in index:
        result |= {"ruleId": finding.code, "ruleIndex": index[finding.code]}
    return result


def _location(file: str) -> dict[str, object]:
    """A path relative to the working folder where it is below it, as tools expect; else a file URI."""
    if file.startswith("<"):
        return {"uri": quote(file.strip("<>"))}
    if os.path.isabs(file):
        relative = os.path.relpath(file)
        if relative.startswith(os.pardir):
            return {"uri": PurePath(file).as_uri()}
        file = relative
    return {"uri": quote(os.fsencode(PurePath(os.path.normpath(file)).as_posix())), "uriBaseId": _ROOT}


def _fingerprint(finding: Finding, seen: dict[str, int]) -> str:
    """Stays the same when lines move: the resource, the field and the code, counted where they repeat."""
    parts: Iterable[str] = (finding.code, finding.kind, finding.name, finding.path)
    if not finding.name:
        parts = (*parts, PurePath(finding.file).name)
    key = xxhash.xxh3_64_hexdigest("\0".join(parts).encode("utf-8", "surrogatepass"))
    seen[key] = seen.get(key, 0) + 1
    return f"{key}:{seen[key]}"
