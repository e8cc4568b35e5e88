"""What a mesh may be made of: mistakes of types are told where they are made."""

from __future__ import annotations

import os
from dataclasses import replace

from meshcore import _options as option
from meshcore.config import Node
from meshcore.model import Config

__all__ = [
    "no_documents",
    "require_config",
    "require_options",
    "require_paths",
    "require_service",
    "telling_ids",
]


def no_documents(node: Node) -> Config:
    """What Istio serves a workload by where nothing is configured: every host is unknown, and passed on."""
    from meshcore.config.findings import Findings
    from meshcore.config.istio import load_documents

    config = load_documents((), Findings(), node=node)
    assert config is not None  # there is nothing that could be wrong
    return config


def telling_ids(config: Config) -> Config:
    """The same, with every answer telling the request's id."""
    listeners = (
        replace(it, options=replace(it.options, always_set_request_id_in_response=True))
        for it in config.listeners
    )
    return replace(config, listeners=tuple(listeners))


def require_config(config: object) -> None:
    """
    Raises:
        TypeError: it is something else, such as the path of a document.
    """
    option.instance("config", config, Config, "what meshcore.load() returns; Mesh.load(PATH) takes paths")


def require_paths(paths: tuple[object, ...]) -> None:
    """
    Raises:
        TypeError: there is none, or one is something else, such as a list of them.
    """
    if not paths:
        raise TypeError("a mesh is loaded of documents: Mesh.load(PATH, ...); Mesh() has none")
    for index, path in enumerate(paths):
        expected = "a path of documents (str or os.PathLike)"
        if not isinstance(path, str | os.PathLike):
            expected += "; several paths are arguments of their own: Mesh.load(*paths)"
        option.path(f"paths[{index}]", path, expected)


def require_options(
    *,
    service: object,
    node: object,
    health_checks: object,
    resolver: object,
    runtime_dir: object,
    dns_wait: object,
    always_set_request_id_in_response: object,
) -> None:
    """
    Raises:
        TypeError, ValueError: one of them is no such thing.
    """
    if service is not None:
        require_service(service)
    if node is not None:
        option.instance("node", node, Node, "a meshcore.Node")
    option.following(health_checks, resolver, runtime_dir)
    option.seconds("dns_wait", dns_wait)
    option.flag("always_set_request_id_in_response", always_set_request_id_in_response)


def require_service(service: object) -> None:
    """
    Raises:
        TypeError, ValueError: it is no name.
    """
    option.text(
        "service", service, "the name of a service, such as 'reviews', or None where it only calls others"
    )
