"""Replay what istioctl's analyzers find: one analyzer over the files of each case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from meshcore.analysis import ANALYZERS, analyze
from meshcore.config.documents import read_text
from meshcore.config.findings import Findings
from meshcore.config.istio.reading import is_cluster_wide
from meshcore.config.istio.resources import DEFAULT_NAMESPACE
from meshcore.config.tree import plain
from meshcore.replay.results import CaseResult, attempt

__all__ = ["replay_analysis"]


def replay_analysis(document: Sequence[Mapping[str, Any]]) -> Iterator[CaseResult]:
    """Replay cases of single analyzers."""
    for index, case in enumerate(document):
        yield attempt(str(case.get("name", index)), partial(_run, case))


def _run(case: Mapping[str, Any]) -> Iterator[str]:
    texts = {f"{index}-{file['name']}": file["yaml"] for index, file in enumerate(case["files"])}
    report = analyze(
        texts=texts,
        namespace=DEFAULT_NAMESPACE,
        mesh_config=_mesh_config(case.get("mesh_config") or ""),
        analyzers=[case["analyzer"]],
    )
    (codes,) = (set(it.codes) for it in ANALYZERS if it.name == case["analyzer"])
    found = Counter(
        (it.code, it.severity.value, it.kind, it.name) for it in report.findings if it.code in codes
    )
    wanted = Counter(
        (it["code"], it["severity"].lower(), it["kind"], _full_name(it["kind"], it["resource"]))
        for it in case["expect"]
    )
    for missing, times in sorted((wanted - found).items()):
        yield f"missing {times} x {' '.join(missing)}"
    for extra, times in sorted((found - wanted).items()):
        yield f"unexpected {times} x {' '.join(extra)}"


def _full_name(kind: str, name: str) -> str:
    return name if "/" in name or is_cluster_wide(kind) else f"{DEFAULT_NAMESPACE}/{name}"


def _mesh_config(text: str) -> Mapping[str, object] | None:
    documents = read_text(text, Findings())
    values = plain(documents[0].root) if documents else None
    return values if isinstance(values, Mapping) else None
