"""``load()``: from paths, texts and mappings to the model, whichever dialect they speak."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from meshcore._memory import untrack
from meshcore._options import instance, source, texts, wrong
from meshcore._options import sources as checked_sources
from meshcore.config.documents import Sources
from meshcore.config.ejection import idle_clusters
from meshcore.config.findings import Findings
from meshcore.config.node import Node
from meshcore.config.quiet import without_collections
from meshcore.config.tree import Document, MappingNode, SequenceNode, TreeNode, describe
from meshcore.model import Config

if TYPE_CHECKING:
    from meshcore.config.native import NativeLimits

__all__ = ["Endpoints", "MeshSettings", "Source", "is_envoy", "is_native", "load", "load_text", "option_for"]

Path: TypeAlias = "str | os.PathLike[str]"
#: A path of a file or a folder, or an already parsed document.
Source: TypeAlias = "Path | Mapping[str, object]"
#: Where ``endpoints`` come from: a file, or its parsed content.
Endpoints: TypeAlias = "Path | Mapping[str, object]"
#: Where Istio's ``MeshConfig`` comes from: a file, or its parsed content.
MeshSettings: TypeAlias = "Path | Mapping[str, object]"

#: What only Envoy's documents have, so that they are told beyond doubt.
_ENVOY = ("@type", "static_resources", "staticResources", "virtual_hosts", "virtualHosts")


def load(
    paths: Source | Sequence[Source],
    *,
    node: Node | None = None,
    endpoints: Endpoints | None = None,
    mesh_config: MeshSettings | None = None,
    ignore_kinds: Collection[str] = (),
    runtime: Mapping[str, object] | None = None,
) -> Config:
    """Read, check and translate documents: Istio's and Kubernetes', or Envoy's v3.

    Args:
        paths: files, folders (their .yaml, .yml and .json files, recursively, by name), or parsed
            mappings.
        node: for whom Istio documents are compiled; a workload in ``default`` if not given.
        endpoints: addresses and labels for services whose documents give none (with Istio's documents alone,
            as ``mesh_config``).
        mesh_config: settings of the mesh (Istio's ``MeshConfig``), over those of the documents.
        ignore_kinds: kinds to leave aside that would otherwise be refused (Istio).
        runtime: Envoy runtime keys, over those of a bootstrap's ``layered_runtime``.

    Raises:
        ConfigError: with every error of every document; nothing is half loaded.
        TypeError, ValueError: an option is none of its kind.
    """
    items: list[Source] = checked_sources("paths", paths)
    _require_options(node, endpoints, mesh_config, ignore_kinds, runtime)
    sources, findings = Sources(), Findings()
    with without_collections(), sources:
        for index, item in enumerate(items):
            sources.add_given(item, f"<mapping {index}>" if index else "<mapping>", findings)
        return _build(sources, findings, node, endpoints, mesh_config, ignore_kinds, runtime)


def load_text(
    text: str,
    *,
    name: str = "<string>",
    node: Node | None = None,
    endpoints: Endpoints | None = None,
    mesh_config: MeshSettings | None = None,
    ignore_kinds: Collection[str] = (),
    runtime: Mapping[str, object] | None = None,
) -> Config:
    """Like :func:`load`, for YAML or JSON text; ``name`` stands for the file in findings."""
    if not isinstance(text, str):
        raise wrong("text", text, "YAML or JSON as a str; of bytes text.decode(), of a file load(PATH)")
    instance("name", name, str, "a name for findings")
    _require_options(node, endpoints, mesh_config, ignore_kinds, runtime)
    sources, findings = Sources(), Findings()
    with without_collections(), sources:
        sources.add_text(text, name, findings)
        return _build(sources, findings, node, endpoints, mesh_config, ignore_kinds, runtime)


def _require_options(
    node: object, endpoints: object, mesh_config: object, ignore_kinds: object, runtime: object
) -> None:
    if node is not None:
        instance("node", node, Node, "a meshcore.Node")
    if endpoints is not None:
        expected = "a dict of services, such as {'reviews': [{'address': '127.0.0.1', 'port': 9081}]}"
        source("endpoints", endpoints, expected)
    if mesh_config is not None:
        source("mesh_config", mesh_config, "a dict of Istio's MeshConfig")
    texts("ignore_kinds", ignore_kinds, "names of kinds, such as ('AuthorizationPolicy',)")
    if runtime is not None:
        instance("runtime", runtime, Mapping, "a dict of runtime keys and their values")


def _build(
    sources: Sources,
    findings: Findings,
    node: Node | None,
    endpoints: Endpoints | None,
    mesh_config: MeshSettings | None,
    ignore_kinds: Collection[str],
    runtime: Mapping[str, object] | None,
) -> Config:
    envoy: list[Document] = []
    kubernetes: list[Document] = []
    native = [document for document in sources.documents if is_native(document)]
    own = _also_given(sources, endpoints, mesh_config)
    for document in sources.documents:
        root = document.root
        if is_native(document):
            continue
        if not isinstance(root, MappingNode):
            findings.error(root, "", "", found=describe(root), expected="a document (a mapping)")
        elif "kind" in root.entries or "apiVersion" in root.entries:
            kubernetes.append(document)
        elif document.file in own:
            continue  # a folder of documents may hold the files of options, too
        elif (option := option_for(root)) is not None:
            if document.file in sources.found:
                findings.forget(document.slips)
                findings.warn(root, "", f"this goes with {option}: left aside")
            else:
                findings.error(root, "", f"this is no document of Istio or Envoy, but goes with {option}")
        else:
            envoy.append(document)
    if kubernetes:
        # Folders of manifests hold other YAML, too: Helm's values, tests of routes, settings of tools.
        for document in envoy:
            if not is_envoy(document):
                findings.forget(document.slips)
                findings.warn(document.root, "", "neither Kubernetes' nor Envoy's: left aside")
        envoy = [document for document in envoy if is_envoy(document)]
    if sources.documents and not kubernetes:
        _no_istio(findings, "Envoy's documents" if envoy else "limits alone", endpoints, mesh_config)
    config: Config | None = None
    limits: NativeLimits | None = None
    if native:
        from meshcore.config.native import rate_limits_of

        limits = rate_limits_of(native, findings, alone=not (envoy or kubernetes))
    if envoy and kubernetes:
        first, other = kubernetes[0], envoy[0]
        findings.error(
            other.root,
            "",
            f"Envoy and Kubernetes documents cannot be loaded together ({first.file} has Kubernetes' ones)",
        )
    elif envoy:
        from meshcore.config.envoy import load_documents as load_envoy

        config = load_envoy(envoy, findings, runtime=runtime)
        for origin, message in idle_clusters(config) if config is not None else ():
            findings.warn(origin, "", message)
    elif kubernetes:
        from meshcore.config.istio import load_documents as load_istio

        config = load_istio(
            kubernetes,
            findings,
            node=node or Node(),
            endpoints=endpoints,
            mesh_config=mesh_config,
            ignore_kinds=ignore_kinds,
            sources=sources,
        )
    elif limits is not None:
        from meshcore.config.native import alone

        config = alone(limits)
    elif not findings.has_errors:
        findings.error(", ".join(sources.files) or "(no file)", "", "there is no document to load")
    findings.raise_errors()
    assert config is not None  # a dialect returns None only together with an error
    if limits is not None and (envoy or kubernetes):
        from meshcore.config.native import with_rate_limits

        config = with_rate_limits(config, limits)
    config = replace(
        config,
        warnings=(*config.warnings, *findings.config_warnings()),
        sources=tuple(sources.files),
        files=tuple(findings.files),
        digest=sources.digest,
    )
    untrack(config)
    return config


def _no_istio(
    findings: Findings,
    given: str,
    endpoints: Endpoints | None,
    mesh_config: MeshSettings | None,
) -> None:
    """Errors for options of Istio's documents where there are none: nobody would read them."""
    for option, name in ((endpoints, "endpoints"), (mesh_config, "mesh_config")):
        if option is not None:
            file = os.fspath(option) if isinstance(option, str | os.PathLike) else f"<{name}>"
            flag = name.replace("_", "-")
            message = f"--{flag} ({name}=) goes with documents of Istio or Kubernetes, and there are {given}"
            findings.error(file, "", message)


def _also_given(sources: Sources, *options: Path | Mapping[str, object] | None) -> set[str]:
    """The files among the sources that are given by an option as well."""
    paths = {os.path.abspath(os.fspath(it)) for it in options if isinstance(it, str | os.PathLike)}
    return {file for file in sources.files if os.path.abspath(file) in paths} if paths else set()


def is_native(document: Document) -> bool:
    """Whether a document is one of our own (meshcore.config.native).

    One of another version or group is, too, if its kind says so: it would be left aside as somebody else's,
    and nothing be limited.
    """
    root = document.root
    if not isinstance(root, MappingNode):
        return False
    return root.text("kind") == "RateLimits" or root.text("apiVersion").startswith(("meshcore/", "meshcore."))


def is_envoy(document: Document) -> bool:
    """Whether a document among Kubernetes' ones is Envoy's beyond doubt."""
    assert isinstance(document.root, MappingNode)
    return any(mark in document.root.entries for mark in _ENVOY)


def option_for(root: MappingNode) -> str | None:
    """The option that a file belongs to which was given as a document by mistake."""
    if root.entries and all(map(_is_endpoints, root.entries.values())):
        return "--endpoints (endpoints=)"
    from meshcore.config.istio import is_mesh_config

    return "--mesh-config (mesh_config=)" if is_mesh_config(root) else None


def _is_endpoints(node: TreeNode) -> bool:
    """Whether this lists the endpoints of a service."""
    if isinstance(node, MappingNode):
        node = node.get("endpoints") or node
    return (
        isinstance(node, SequenceNode)
        and len(node) > 0
        and all(isinstance(item, MappingNode) and item.get("address") is not None for item in node)
    )
