"""Envoy's dialect: v3 resources as YAML or JSON."""

from meshcore.config.envoy.load import load_documents, load_parts, load_route_configuration

__all__ = ["load_documents", "load_parts", "load_route_configuration"]
