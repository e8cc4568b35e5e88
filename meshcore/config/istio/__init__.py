"""Istio's and Kubernetes' documents, translated as Istio's control plane does it for each proxy."""

from meshcore.config.istio.translate import load_documents, validate_documents

__all__ = ["load_documents", "validate_documents"]
