"""meshcore: the traffic decisions of Envoy and Istio, inside the process."""

from meshcore._version import __version__
from meshcore.config import ConfigError, Finding, Node, load, load_text
from meshcore.engine import Decision, Engine, Outcome
from meshcore.match import Regex, RegexError, RouteTable

__all__ = [
    "ConfigError",
    "Decision",
    "Engine",
    "Finding",
    "Node",
    "Outcome",
    "Regex",
    "RegexError",
    "RouteTable",
    "__version__",
    "load",
    "load_text",
]
