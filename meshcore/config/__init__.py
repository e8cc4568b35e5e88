"""Documents in, model out: Istio's and Kubernetes' YAML, and Envoy's v3 resources."""

from meshcore.config.envoy import load_route_configuration
from meshcore.config.findings import ConfigError, Finding, Severity
from meshcore.config.load import load, load_text
from meshcore.config.node import Node

__all__ = ["ConfigError", "Finding", "Node", "Severity", "load", "load_route_configuration", "load_text"]
