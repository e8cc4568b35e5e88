"""Which of the two bindings of the core serves the public components: Cython's, or cffi's.

PyPy has the second one; CPython has both, and takes Cython's unless MESHCORE_BACKEND says "cffi". A backend
that is not there is an error: a program never runs on another one than it was told to.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from types import ModuleType

__all__ = ["BACKENDS", "COMPONENTS", "backend", "component_module", "module_of"]

BACKENDS = ("cython", "cffi")

#: What both backends have, by the module that is its public home.
COMPONENTS = {
    "meshcore.balance": ("LeastRequest", "Maglev", "PeakEwma", "RandomChoice", "RingHash", "RoundRobin"),
    "meshcore.circuit": ("CircuitBreaker", "RetryBudget"),
    "meshcore.concurrency": ("AimdLimiter", "GradientLimiter"),
    "meshcore.limit": ("LimitResult", "RateLimiter", "TokenBucket"),
    "meshcore.match": ("RouteTable",),
    "meshcore.outlier": ("EjectionStatus", "OutlierDetector"),
    "meshcore.split": ("WeightedSplit",),
    "meshcore.trace": ("SpanContext", "request_id", "trace_counts"),
}

_CPYTHON = sys.implementation.name == "cpython"
# The source tree is the first thing that a new user meets who starts Python in the clone.
_NOT_COMPILED = (
    f"the core is not compiled in {os.path.dirname(__file__)}, the source tree that Python finds before what "
    "is installed: start Python in another folder, or run 'pip install -e .' here"
)
_HINTS = {
    "cython": _NOT_COMPILED if _CPYTHON else "it is for CPython; unset MESHCORE_BACKEND",
    "cffi": "install it by: pip install 'meshcore-engine[cffi]'",
}


def module_of(home: str, name: str) -> ModuleType:
    """The module that a public name is taken from. What is no component has one implementation, Cython's.

    Raises:
        ImportError: where it is not installed; it says how to get it.
    """
    if name in COMPONENTS.get(home, ()):
        return component_module(home)
    try:
        return import_module(home)
    except ImportError as error:
        if not _CPYTHON:
            names = ", ".join(one for names in COMPONENTS.values() for one in names)
            raise ImportError(f"meshcore.{name} needs CPython; elsewhere there are {names}") from error
        if not _is_source(error.name or ""):
            raise
        raise ImportError(_NOT_COMPILED, name=error.name) from None


def _is_source(module: str) -> bool:
    """Whether a module that is missing is one of ours whose source is there: it has not been compiled."""
    package, _, path = module.partition(".")
    parts = os.path.dirname(__file__), *path.split(".")
    return package == "meshcore" and os.path.exists(os.path.join(*parts) + ".pyx")


def backend() -> str:
    """``"cython"`` or ``"cffi"``.

    Raises:
        ImportError: where MESHCORE_BACKEND names another one.
    """
    default = "cffi" if sys.implementation.name == "pypy" else "cython"
    name = os.environ.get("MESHCORE_BACKEND") or default
    if name not in BACKENDS:
        raise ImportError(f"MESHCORE_BACKEND is {name!r}: it is one of {', '.join(BACKENDS)}")
    return name


def component_module(home: str, name: str | None = None) -> ModuleType:
    """A module of COMPONENTS as one of the backends has it (default: the chosen one).

    Raises:
        ImportError: where that backend is not installed; it says how to get it.
    """
    name = name or backend()
    module = home.replace("meshcore.", "meshcore._cffi.") if name == "cffi" else home
    try:
        return import_module(module)
    except ImportError as error:
        # The compiled part, or what that needs: anything else is a mistake of ours.
        if error.name not in {home, "meshcore._cffi._core", "_cffi_backend"}:
            raise
        raise ImportError(f"meshcore has no {name} backend here: {_HINTS[name]}", name=error.name) from error
