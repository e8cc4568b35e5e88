"""Istio's and Kubernetes' documents, translated as Istio's control plane does it for each proxy."""

from meshcore.config.istio.mesh_documents import is_mesh_config
from meshcore.config.istio.translate import load_documents, validate_documents

__all__ = ["is_mesh_config", "load_documents", "validate_documents"]
