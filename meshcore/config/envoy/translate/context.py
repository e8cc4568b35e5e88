"""What a translation knows besides the message at hand."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from meshcore.config.enforcement import warn_pending
from meshcore.config.envoy.runtime import Runtime
from meshcore.config.findings import Findings, did_you_mean, quoted
from meshcore.config.schema import Record, decode, error_at, warn_at
from meshcore.config.tree import MappingNode, ScalarNode, join_path

__all__ = ["Context", "NameServers", "type_name"]

R = TypeVar("R", bound=Record)


class NameServers(NamedTuple):
    """Whom to ask for names: as :class:`meshcore.model.DnsSettings` has it."""

    servers: tuple[str, ...] = ()
    use_tcp: bool = False
    search: bool = True


@dataclass(slots=True)
class Context:
    """The load's findings and runtime, the clusters that exist, the filters of the listener, the bootstrap's
    name servers.

    ``clusters`` None: references to clusters are not checked. ``filters`` None: the connection manager
    is unknown, so that any known filter may be configured per route; else name -> kind.
    """

    findings: Findings
    runtime: Runtime = field(default_factory=Runtime)
    clusters: Collection[str] | None = None
    filters: Mapping[str, str] | None = None
    turned_on: set[str] = field(default_factory=set)  #: filters that some level of the routes has act
    name_servers: NameServers = field(default_factory=NameServers)
    service_cluster: str = ""  #: the bootstrap's node.cluster
    local_cluster: str = ""  #: of the proxy itself: its cluster_manager.local_cluster_name

    def error(
        self, record: Record, field: str, message: str = "", *, found: str = "", expected: str = ""
    ) -> None:
        error_at(self.findings, record, field, message, found=found, expected=expected)

    def warn(self, record: Record, field: str, message: str) -> None:
        warn_at(self.findings, record, field, message)

    def pending(self, record: Record, field: str, feature: str) -> None:
        """The document asks for something that the engine does not do yet."""
        warn_pending(self.findings, record, field, feature)

    def check_cluster(self, record: Record, field: str, name: str) -> None:
        """Report a reference to a cluster that is not there."""
        if self.clusters is not None and name and name not in self.clusters:
            self.error(record, field, f"unknown cluster {quoted(name)}{did_you_mean(name, self.clusters)}")

    def decode_typed(
        self, node: MappingNode, path: str, schemas: Mapping[str, type[R]]
    ) -> tuple[str, R | None]:
        """Decode a typed extension by its ``@type`` (the message's full name in ``schemas``)."""
        name = type_name(node)
        schema = schemas.get(name)
        if schema is None:
            where = node.entries.get("@type")
            if where is None:
                self.findings.error(node, join_path(path, "@type"), "missing, but required")
            else:
                short = {known.rpartition(".")[2]: known for known in schemas}
                near = did_you_mean(name.rpartition(".")[2], short)
                self.findings.error(
                    where, join_path(path, "@type"), f"the type {quoted(name)} is not supported{near}"
                )
            return name, None
        return name, decode(node, schema, self.findings, path)


def type_name(node: MappingNode) -> str:
    """The full name of the message in a ``google.protobuf.Any``, or ``""``."""
    url = node.entries.get("@type")
    if not isinstance(url, ScalarNode) or not isinstance(url.value, str):
        return ""
    return url.value.rpartition("/")[2]
