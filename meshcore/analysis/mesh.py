"""The mesh configuration: a file of its own, or in the ConfigMap that a cluster keeps it in."""

from __future__ import annotations

from collections.abc import Iterable

from meshcore.analysis.cursor import Cursor
from meshcore.config.documents import read_text
from meshcore.config.findings import Findings
from meshcore.config.tree import Document, MappingNode

__all__ = ["mesh_config_of"]


def mesh_config_of(documents: Iterable[Document]) -> Cursor | None:
    """The mesh configuration of a file: the first document, or what the ConfigMap in it holds."""
    for document in documents:
        root = Cursor(document.root)
        if not isinstance(document.root, MappingNode):
            continue
        if root.get("kind").text == "ConfigMap":
            inner = read_text(root.at("data", "mesh").text, Findings(), document.file)
            return mesh_config_of(inner)
        if root.get("kind").text == "IstioOperator":
            return root.at("spec", "meshConfig")
        return root
    return None
