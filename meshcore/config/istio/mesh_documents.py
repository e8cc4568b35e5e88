"""Where the settings of a mesh stand among documents."""

from __future__ import annotations

from meshcore.config.istio.schema.mesh import MeshConfig
from meshcore.config.record import spellings
from meshcore.config.tree import Document, MappingNode, ScalarNode, TreeNode

__all__ = ["DATA_KEY", "is_mesh_config", "mesh_node"]

CONFIG_MAP = "istio"
#: The ConfigMap's key for the settings.
DATA_KEY = "mesh"
OPERATOR = "install.istio.io/"
_FIELDS = frozenset(
    spelling
    for name in (*MeshConfig.__struct_fields__, *MeshConfig.__ignored__, *MeshConfig.__noted__)
    if not name.startswith("record_")
    for spelling in spellings(name)
)


def mesh_node(document: Document) -> tuple[TreeNode, str] | None:
    """The settings of the mesh in a document, and their path: of the ConfigMap ``istio`` the text."""
    root = document.root
    if not isinstance(root, MappingNode):
        return None
    kind, header = root.text("kind"), root.child("metadata")
    found: TreeNode | None = None
    path = ""
    if kind == "ConfigMap" and header is not None and header.text("name") == CONFIG_MAP:
        data = root.child("data")
        path, found = f"data.{DATA_KEY}", data.get(DATA_KEY) if data else None
        if isinstance(found, ScalarNode) and not isinstance(found.value, str):
            found = None
    elif kind == "IstioOperator" and root.text("apiVersion").startswith(OPERATOR):
        spec = root.child("spec")
        path, found = "spec.meshConfig", spec.get("meshConfig") if spec else None
    return None if found is None else (found, path)


def is_mesh_config(root: MappingNode) -> bool:
    """Whether a mapping has nothing but fields of ``MeshConfig`` (and some)."""
    return bool(root.entries) and root.entries.keys() <= _FIELDS
