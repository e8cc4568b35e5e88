"""``analyze()``: read, validate, analyze, and leave out what nobody wants to hear of."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from meshcore.analysis.builtin import add_builtins
from meshcore.analysis.context import Context
from meshcore.analysis.cursor import Cursor
from meshcore.analysis.ignoring import Ignore, ignored_by_documents
from meshcore.analysis.inventory import Inventory
from meshcore.analysis.mesh import mesh_among, mesh_config_of
from meshcore.analysis.registry import ANALYZERS, Analyzer, named
from meshcore.analysis.report import Report
from meshcore.config.codes import CODES
from meshcore.config.documents import Sources, files_of
from meshcore.config.enforcement import PENDING
from meshcore.config.envoy import load_documents as load_envoy
from meshcore.config.findings import Finding, Findings, Severity
from meshcore.config.istio.endpoints import add_endpoints
from meshcore.config.istio.mesh_config import read_mesh
from meshcore.config.istio.reading import is_cluster_wide, read, unfold
from meshcore.config.istio.resources import DEFAULT_NAMESPACE
from meshcore.config.istio.translate import make_registry
from meshcore.config.istio.validation import validate
from meshcore.config.load import is_envoy, is_native, option_for
from meshcore.config.native import rate_limits_of
from meshcore.config.quiet import without_collections
from meshcore.config.tree import Document, MappingNode, ScalarNode, describe
from meshcore.model import Config

_NOT_YET = frozenset(PENDING.values())

__all__ = ["Progress", "analyze", "analyze_documents"]

#: Told what is being done, how far it is, and how far it will go.
Progress: TypeAlias = Callable[[str, int, int], None]
Source: TypeAlias = "str | os.PathLike[str] | Mapping[str, object]"

UNREADABLE = "MC1001"
INVALID_ENVOY = "MC1002"
DOUBTFUL_ENVOY = "MC1003"
UNKNOWN = "MC1005"
INVALID_LIMITS = "MC1006"
INVALID = "IST0106"
DOUBTFUL = "IST0133"


def analyze(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
    *,
    texts: Mapping[str, str] | None = None,
    namespace: str = DEFAULT_NAMESPACE,
    endpoints: Source | None = None,
    mesh_config: Source | None = None,
    ignore: Iterable[str | Ignore] = (),
    pedantic: bool = False,
    analyzers: Iterable[str] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Validate documents and look for what is valid and yet wrong. It never raises for their content.

    Args:
        paths: files and folders (their .yaml, .yml and .json files, recursively).
        texts: further documents, by the name that stands for the file in findings.
        namespace: where documents are that name no namespace.
        endpoints: addresses and labels for services whose documents give none.
        mesh_config: the mesh configuration, a file or its content.
        ignore: codes not to report, each ``CODE`` or ``CODE=Kind namespace/name``.
        pedantic: also report what is right as often as not (info, and off by default).
        analyzers: names of the analyzers to run instead of all.
        progress: called now and then with the stage, how far it is and how far it goes.

    Raises:
        ValueError: for an ``ignore`` that is no rule, or an analyzer that there is not.
    """
    chosen = (
        [it for it in ANALYZERS if pedantic or not it.pedantic] if analyzers is None else named(analyzers)
    )
    rules = [it if isinstance(it, Ignore) else Ignore.parse(it) for it in ignore]
    tell = progress or (lambda stage, done, total: None)
    sources, findings = Sources(), Findings()
    with without_collections():
        _read(sources, [paths] if isinstance(paths, str | os.PathLike) else paths, findings, tell)
        for name, text in (texts or {}).items():
            sources.add_text(text, name, findings)
        coded = _coded(findings, UNREADABLE, UNREADABLE)
        mesh = _mesh(mesh_config, coded)
        inventory = analyze_documents(
            sources.documents,
            coded,
            namespace=namespace,
            endpoints=endpoints,
            mesh=mesh,
            analyzers=chosen,
            progress=tell,
        )
    if not sources.documents and not coded.has_errors:
        coded.error(", ".join(sources.files) or "(no file)", "", "there is no document", code=UNREADABLE)
    return _report(sources, coded, inventory, rules, dict(texts or {}))


def analyze_documents(
    documents: Iterable[Document],
    findings: Findings,
    *,
    namespace: str = DEFAULT_NAMESPACE,
    endpoints: Source | None = None,
    mesh: Cursor | None = None,
    analyzers: Sequence[Analyzer] = ANALYZERS,
    progress: Progress | None = None,
) -> Inventory:
    """Validate and analyze documents that are read already; all findings have codes."""
    tell = progress or (lambda stage, done, total: None)
    documents = list(documents)
    native = [document for document in documents if is_native(document)]
    _limits(native, findings)
    envoy, kubernetes = _sort((it for it in documents if it not in native), namespace, findings)
    inventory = Inventory()
    add_builtins(inventory)
    for document in kubernetes:
        inventory.add(document)
    tell("validating", 0, len(kubernetes) + len(envoy))
    validation = Findings()
    resources = read(kubernetes, validation)
    validate(resources, validation)
    read_mesh(resources.mesh, None, validation)
    registry = make_registry(resources)
    if endpoints is not None:
        add_endpoints(registry, endpoints, frozenset(resources.namespaces | {DEFAULT_NAMESPACE}), validation)
    _merge(findings, _coded(validation, INVALID, DOUBTFUL))
    config = _envoy(envoy, findings)
    ctx = Context(
        inventory,
        findings,
        resources=resources,
        registry=registry,
        mesh=mesh if mesh is not None else mesh_among(kubernetes),
        config=config,
        expects_endpoints=endpoints is not None,
    )
    for index, analyzer in enumerate(analyzers):
        tell("analyzing", index, len(analyzers))
        analyzer.run(ctx)
    tell("analyzing", len(analyzers), len(analyzers))
    return inventory


def _read(
    sources: Sources, paths: Iterable[str | os.PathLike[str]], findings: Findings, tell: Progress
) -> None:
    files = [file for path in paths for file in files_of(Path(path), findings)]
    for index, file in enumerate(files):
        tell("reading", index, len(files))
        sources.add_path(file, findings)
    tell("reading", len(files), len(files))


def _sort(
    documents: Iterable[Document], namespace: str, findings: Findings
) -> tuple[list[Document], list[Document]]:
    """Envoy's documents and Kubernetes' (lists unfolded), the latter all in a namespace."""
    other: list[Document] = []
    kubernetes: list[Document] = []
    for document in documents:
        root = document.root
        if not isinstance(root, MappingNode):
            expected = "a document (a mapping)"
            findings.error(root, "", found=describe(root), expected=expected, code=UNREADABLE)
        elif "kind" in root.entries or "apiVersion" in root.entries:
            broken = Findings()
            kubernetes += unfold(document, broken)
            _merge(findings, _coded(broken, UNREADABLE, UNREADABLE))
        else:
            other.append(document)
    for document in kubernetes:
        _place(document, namespace)
    envoy: list[Document] = []
    for document in other:
        assert isinstance(document.root, MappingNode)
        option = option_for(document.root)
        if option is None and (not kubernetes or is_envoy(document)):
            envoy.append(document)
            continue
        findings.forget(replace(it, code=UNREADABLE) for it in document.slips)
        what = "neither Kubernetes' nor Envoy's" if option is None else f"this goes with {option}"
        _merge(findings, _one(document, f"{what}: left aside", UNKNOWN))
    return envoy, kubernetes


def _one(document: Document, message: str, code: str) -> Findings:
    found = Findings()
    found.warn(document.root, "", message, code=code)
    return _coded(found, code, code)


def _place(document: Document, namespace: str) -> None:
    """Put a document that names no namespace into one, as applying it there would."""
    assert isinstance(document.root, MappingNode)
    metadata = document.root.child("metadata")
    if metadata is None or metadata.text("namespace") or is_cluster_wide(document.root.text("kind")):
        return
    line, column = metadata.line, metadata.column
    metadata.set("namespace", line, column, ScalarNode(document, line, column, namespace))


def _envoy(documents: list[Document], findings: Findings) -> Config | None:
    if not documents:
        return None
    validation = Findings()
    config = load_envoy(documents, validation)
    kept = Findings()
    for finding in (*validation.errors, *validation.warnings):
        if finding.message not in _NOT_YET:  # that is about us, not about the documents
            kept.add(finding)
    _merge(findings, _coded(kept, INVALID_ENVOY, DOUBTFUL_ENVOY))
    return config


def _limits(documents: list[Document], findings: Findings) -> None:
    validation = Findings()
    rate_limits_of(documents, validation, alone=True)
    _merge(findings, _coded(validation, INVALID_LIMITS, INVALID_LIMITS))


def _mesh(source: Source | None, findings: Findings) -> Cursor | None:
    if source is None:
        return None
    broken, invalid = Findings(), Findings()
    documents = Sources().add_given(source, "<mesh configuration>", broken)
    _merge(findings, _coded(broken, UNREADABLE, UNREADABLE))
    if not broken.has_errors:
        read_mesh((), source, invalid)
        _merge(findings, _coded(invalid, INVALID, DOUBTFUL))
    return mesh_config_of(documents)


def _coded(findings: Findings, error: str, warning: str) -> Findings:
    """The findings with a code each, and the severity that the code has."""
    coded = Findings()
    for finding in (*findings.errors, *findings.warnings, *findings.infos):
        code = finding.code or (error if finding.severity is Severity.ERROR else warning)
        severity = CODES[code].severity if finding.severity is not Severity.ERROR else Severity.ERROR
        coded.add(replace(finding, code=code, severity=severity))
    return coded


def _merge(into: Findings, more: Findings) -> None:
    for finding in (*more.errors, *more.warnings, *more.infos):
        into.add(finding)


def _report(
    sources: Sources, findings: Findings, inventory: Inventory, rules: list[Ignore], texts: dict[str, str]
) -> Report:
    everything = [*findings.errors, *findings.warnings, *findings.infos]
    ignored = ignored_by_documents(inventory, everything)
    ignored |= {finding for finding in everything if any(rule.covers(finding) for rule in rules)}
    order = {name: index for index, name in enumerate(sources.files)}
    kept: list[Finding] = sorted(
        (finding for finding in everything if finding not in ignored),
        key=lambda it: (order.get(it.file, len(order)), it.file, it.line, it.column, it.code),
    )
    return Report(tuple(kept), len(sources.files), len(sources.documents), len(ignored), texts)
