"""What a mesh may be made of: mistakes of types are told where they are made."""

from __future__ import annotations

import math
import os

from meshcore.config import Node

__all__ = ["require_interval", "require_names", "require_paths"]


def require_paths(paths: tuple[object, ...]) -> None:
    """
    Raises:
        TypeError: there is none, or one is something else, such as a list of them.
    """
    if not paths:
        raise TypeError("a mesh is loaded of documents: Mesh.load(PATH, ...)")
    for path in paths:
        if not isinstance(path, str | os.PathLike):
            raise TypeError(
                f"a path of documents: expected str or os.PathLike, not {type(path).__name__};"
                " several paths are arguments of their own: Mesh.load(*paths)"
            )


def require_interval(seconds: float) -> None:
    """
    Raises:
        ValueError: one cannot wait for so long.
    """
    if not (math.isfinite(seconds) and seconds >= 0):
        raise ValueError(f"reload_interval: expected seconds, or 0 for never, not {seconds}")


def require_names(service: object, node: object) -> None:
    """
    Raises:
        TypeError: the service is no name, or the node no Node.
    """
    if service is not None and not isinstance(service, str):
        raise TypeError(f"service: expected the name of a service, not {type(service).__name__}")
    if node is not None and not isinstance(node, Node):
        raise TypeError(f"node: expected a meshcore.Node, not {type(node).__name__}")
