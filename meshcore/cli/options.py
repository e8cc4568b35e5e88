"""The arguments that say which configuration to load, shared by all commands that load one."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from meshcore.model.printable import printable

if TYPE_CHECKING:
    from meshcore.config import Node
    from meshcore.model import Config

__all__ = [
    "ConfigSource",
    "add_cluster_argument",
    "add_config_arguments",
    "add_quiet_argument",
    "config_source",
    "load_config",
    "print_notices",
]


@dataclass(frozen=True, slots=True)
class ConfigSource:
    """Which documents to load and for whom; ``load()`` may be called again after they changed."""

    paths: tuple[str, ...]
    node: Node
    endpoints: str | None = None
    ignore_kinds: tuple[str, ...] = ()
    mesh_config: str | None = None

    @property
    def files(self) -> tuple[str, ...]:
        """All files and folders that the configuration is made from."""
        more = (self.endpoints, self.mesh_config)
        return (*self.paths, *(path for path in more if path is not None))

    def load(self) -> Config:
        """Read and compile the documents.

        Raises:
            meshcore.config.ConfigError: with all that is wrong in them.
        """
        from meshcore.config import load

        return load(
            self.paths,
            node=self.node,
            endpoints=self.endpoints,
            mesh_config=self.mesh_config,
            ignore_kinds=self.ignore_kinds,
        )


def add_config_arguments(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add ``-c`` (``required`` or not) and what goes with it: for whom, and what else is read."""
    group = parser.add_argument_group("configuration")
    group.add_argument(
        "-c",
        "--config",
        dest="paths",
        metavar="PATH",
        nargs="+",
        action="extend",
        required=required,
        default=None if required else [],
        help="Istio, Kubernetes or Envoy v3 documents: YAML or JSON files, or folders of them",
    )
    who = group.add_mutually_exclusive_group()
    who.add_argument(
        "--gateway",
        metavar="NS/NAME",
        type=_gateway,
        help="compile for this Istio Gateway (the namespace may be left out: default)",
    )
    who.add_argument(
        "--gateway-node",
        metavar="NS[,LABEL=VALUE...]",
        type=_node,
        help="compile for a gateway's workload in this namespace, with these labels: "
        "all Gateways that select it are merged",
    )
    who.add_argument(
        "--node",
        metavar="NS[,LABEL=VALUE...]",
        type=_node,
        help="compile for a workload in this namespace, with these labels (default: namespace default)",
    )
    group.add_argument(
        "--endpoints",
        metavar="FILE",
        help="addresses and labels of services, for documents that hold none (see docs/configuration.md)",
    )
    group.add_argument(
        "--mesh-config",
        metavar="FILE",
        help="settings of the mesh (Istio's MeshConfig), over those of the ConfigMap or IstioOperator read",
    )
    group.add_argument(
        "--cluster-domain",
        metavar="DOMAIN",
        default="cluster.local",
        help="what the full names of services end in (default: %(default)s)",
    )
    group.add_argument(
        "--ignore-kind",
        dest="ignore_kinds",
        metavar="KIND",
        type=_kinds,
        action="extend",
        default=[],
        help="leave documents of this kind aside, e.g. AuthorizationPolicy; may be repeated",
    )


def add_quiet_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``-q``, for commands that print what :func:`print_notices` does."""
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="do not print warnings, nor which documents are left aside"
    )


def add_cluster_argument(parser: argparse.ArgumentParser, which: str) -> None:
    """Add ``--cluster``, which may be left out where there is one to choose."""
    parser.add_argument(
        "--cluster",
        metavar="NAME",
        help=f"the cluster, by its name in 'meshcore routes'; may be left out where only one {which}",
    )


def config_source(args: argparse.Namespace) -> ConfigSource:
    """What the parsed arguments ask to load."""
    from meshcore.config import Node

    namespace, labels, gateway = "default", {}, args.gateway
    if gateway is not None:
        namespace = gateway.partition("/")[0]
    elif args.gateway_node is not None:
        (namespace, labels), gateway = args.gateway_node, "*"
    elif args.node is not None:
        namespace, labels = args.node
    node = Node(namespace, labels, gateway, args.cluster_domain)
    return ConfigSource(tuple(args.paths), node, args.endpoints, tuple(args.ignore_kinds), args.mesh_config)


def load_config(args: argparse.Namespace) -> Config:
    """Load what the arguments ask for, and print its notices unless they ask for quiet."""
    config = config_source(args).load()
    if not args.quiet:
        print_notices(config)
    return config


def print_notices(config: Config, stream: TextIO | None = None) -> None:
    """Print the warnings and the skipped documents of ``config``, one a line (default: on stderr)."""
    stream = sys.stderr if stream is None else stream
    for warning in config.warnings:
        print(warning, file=stream)
    if config.skipped:
        print(f"left aside: {printable(', '.join(config.skipped))}", file=stream)


def _gateway(text: str) -> str:
    namespace, slash, name = text.rpartition("/")
    if not name or (slash and not namespace) or "/" in namespace:
        raise argparse.ArgumentTypeError(f"{text!r} is not a gateway; write NAMESPACE/NAME")
    return f"{namespace or 'default'}/{name}"


def _node(text: str) -> tuple[str, dict[str, str]]:
    namespace, *pairs = text.split(",")
    labels: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise argparse.ArgumentTypeError(f"{pair!r} is not a label; write LABEL=VALUE")
        labels[key] = value
    if not namespace or "=" in namespace:
        raise argparse.ArgumentTypeError(
            f"{text!r} does not start with a namespace; write NAMESPACE[,LABEL=VALUE...]"
        )
    return namespace, labels


def _kinds(text: str) -> list[str]:
    kinds = [kind for kind in text.split(",") if kind]
    if not kinds:
        raise argparse.ArgumentTypeError("a kind is expected, such as AuthorizationPolicy")
    return kinds
