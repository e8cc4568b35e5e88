"""meshcore: the traffic decisions of Envoy and Istio, inside the process."""

from meshcore._version import __version__

__all__ = ["__version__"]
