"""``MeshConfig`` read from where it may stand: a file of its own, a ConfigMap, an IstioOperator."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Mapping, Sequence

from meshcore.config.documents import Sources, read_text
from meshcore.config.findings import Findings
from meshcore.config.istio.mesh_documents import DATA_KEY, mesh_node
from meshcore.config.istio.schema.mesh import MeshConfig
from meshcore.config.istio.validation.mesh import check_mesh
from meshcore.config.schema import decode
from meshcore.config.tree import Document, MappingNode, ScalarNode, TreeNode

__all__ = ["read_mesh"]


def read_mesh(
    documents: Sequence[Document],
    given: str | os.PathLike[str] | Mapping[str, object] | None,
    findings: Findings,
    sources: Sources | None = None,
) -> MeshConfig | None:
    """The settings in force; None: there are none, or they have errors.

    What is ``given`` goes before the documents, a ConfigMap before an IstioOperator (which it is made
    from), and a later document before an earlier one. Settings that are not in force are checked too.

    Args:
        documents: those that :func:`mesh_node` has found settings in.
        given: a file with nothing but the settings, or its parsed content.
        findings: takes what is wrong.
        sources: takes the file that is read.
    """
    found: list[tuple[Document, MeshConfig | None]] = []
    for kind in ("IstioOperator", "ConfigMap"):
        found += [(it, _read(it, findings)) for it in documents if it.kind == kind]
    if given is not None:
        own = (sources or Sources()).add_given(given, "<mesh config>", findings)
        if len(own) > 1:
            findings.error(own[1].root, "", "the settings of a mesh are one document")
        found += [(it, _decode(it.root, "", findings)) for it in own[:1]]
    for document, _ in found[:-1]:
        last = found[-1][0]
        place = f"{last.file}:{last.root.line}" if last.root.line else last.file
        findings.warn(document.root, "", f"these settings of the mesh give way to those of {place}")
    return found[-1][1] if found else None


def _read(document: Document, findings: Findings) -> MeshConfig | None:
    node = mesh_node(document)
    assert node is not None
    found, path = node
    if isinstance(found, ScalarNode) and isinstance(found.value, str):
        parsed = _parsed(found, document, findings)
        return None if parsed is None else _decode(parsed, "", findings)
    return _decode(found, path, findings)


def _decode(node: TreeNode, path: str, findings: Findings) -> MeshConfig | None:
    if isinstance(node, ScalarNode) and node.value is None:
        return MeshConfig()
    if isinstance(node, MappingNode) and {"apiVersion", "kind"} <= node.entries.keys():
        inner = mesh_node(node.document)
        if inner is not None and node is node.document.root:
            node.document.kind = node.text("kind")
            return _read(node.document, findings)
        findings.error(node, "", found="another document", expected="the settings of a mesh (MeshConfig)")
        return None
    config = decode(node, MeshConfig, findings, path)
    if config is not None:
        check_mesh(config, findings)
    return config


def _parsed(scalar: ScalarNode, document: Document, findings: Findings) -> TreeNode | None:
    """The settings within a text of a document, with their positions in its file.

    A block of text begins on the line after its key and stands two columns further in (as everybody
    writes it); that much is put before the text, so that its reader counts right.
    """
    text = str(scalar.value)
    if scalar.line and "\n" in text:
        data = document.root.child("data") if isinstance(document.root, MappingNode) else None
        column = data.key_origin(DATA_KEY).column if data else 1
        text = "\n" * scalar.line + textwrap.indent(text, " " * (column + 1))
    elif scalar.line:
        text = "\n" * (scalar.line - 1) + text
    parsed = read_text(text, findings, document.file)
    for part in parsed:
        part.kind, part.name = document.kind, document.name
    if len(parsed) > 1:
        findings.error(parsed[1].root, "", "the settings of a mesh are one document")
    return parsed[0].root if parsed else None
