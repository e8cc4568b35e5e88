"""meshcore: the traffic decisions of Envoy and Istio, inside the process.

The names below are imported when they are first asked for, so that a program which wants the engine
alone, or ``meshcore --help``, does not wait for the loaders.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from meshcore._version import __version__

if TYPE_CHECKING:
    from meshcore.balance import LeastRequest, Maglev, PeakEwma, RandomChoice, RingHash, RoundRobin
    from meshcore.config import ConfigError, Finding, Node, load, load_text
    from meshcore.engine import Decision, Engine, Mirror, Outcome
    from meshcore.explain import Explain
    from meshcore.match import PathTemplate, PathTemplateError, Regex, RegexError, RouteTable
    from meshcore.split import WeightedSplit

__all__ = [
    "ConfigError",
    "Decision",
    "Engine",
    "Explain",
    "Finding",
    "LeastRequest",
    "Maglev",
    "Mirror",
    "Node",
    "Outcome",
    "PathTemplate",
    "PathTemplateError",
    "PeakEwma",
    "RandomChoice",
    "Regex",
    "RegexError",
    "RingHash",
    "RoundRobin",
    "RouteTable",
    "WeightedSplit",
    "__version__",
    "load",
    "load_text",
]

_HOMES = {
    "meshcore.balance": ("LeastRequest", "Maglev", "PeakEwma", "RandomChoice", "RingHash", "RoundRobin"),
    "meshcore.config": ("ConfigError", "Finding", "Node", "load", "load_text"),
    "meshcore.engine": ("Decision", "Engine", "Mirror", "Outcome"),
    "meshcore.explain": ("Explain",),
    "meshcore.match": ("PathTemplate", "PathTemplateError", "Regex", "RegexError", "RouteTable"),
    "meshcore.split": ("WeightedSplit",),
}


#: The first compiled modules that anything imports.
_COMPILED = ("meshcore.engine", "meshcore.match")


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            try:
                value: object = getattr(import_module(home), name)
            except ModuleNotFoundError as error:
                # The first thing that a new user meets who starts Python in the clone.
                if error.name not in _COMPILED:
                    raise
                message = (
                    f"{error.name} is not compiled in {__path__[0]}, the source tree that Python finds "
                    "before what is installed: start Python in another folder, or run 'pip install -e .' here"
                )
                raise ImportError(message, name=error.name) from None
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
