"""The in-process mesh: one object that a process's middleware and clients share."""

from meshcore.mesh.mesh import Mesh

__all__ = ["Mesh"]
