"""What the documents hold, by kind and name, as far as analyzers ask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from meshcore.analysis.cursor import Cursor
from meshcore.config.istio.kinds import kind_id
from meshcore.config.tree import Document, MappingNode

__all__ = ["CORE", "GATEWAY_API", "NETWORKING", "SECURITY", "TELEMETRY", "Inventory", "Item"]

CORE = ""
NETWORKING = "networking.istio.io"
SECURITY = "security.istio.io"
TELEMETRY = "telemetry.istio.io"
GATEWAY_API = "gateway.networking.k8s.io"


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One resource as it is written. ``builtin``: it stands for what every mesh has, not for a document."""

    group: str
    kind: str
    namespace: str
    name: str
    root: Cursor
    metadata: Cursor
    spec: Cursor
    labels: dict[str, str] = field(repr=False)
    annotations: dict[str, str] = field(repr=False)
    builtin: bool = False

    @property
    def full_name(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class Inventory:
    """All items. As when documents are applied, the last of one kind and name stays."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, str], dict[str, Item]] = {}

    def add(self, document: Document, *, builtin: bool = False) -> None:
        """Add a document that has a kind and a name; others are validation's to complain about."""
        if not isinstance(document.root, MappingNode):
            return
        root = Cursor(document.root)
        which = kind_id(root.get("apiVersion").text, root.get("kind").text)
        metadata = root.get("metadata")
        name, namespace = metadata.get("name").text, metadata.get("namespace").text
        if not name or not which[1]:
            return
        full = f"{namespace}/{name}" if namespace else name
        document.kind, document.name = which[1], full
        labels, annotations = metadata.get("labels").labels, metadata.get("annotations").labels
        item = Item(*which, namespace, name, root, metadata, root.get("spec"), labels, annotations, builtin)
        known = self._kinds.setdefault(which, {})
        known.pop(full, None)
        known[full] = item

    def of(self, group: str, kind: str) -> Iterable[Item]:
        """The items of a kind, in the order of the documents."""
        return self._kinds.get((group, kind), {}).values()

    def find(self, group: str, kind: str, full_name: str) -> Item | None:
        """The item of that ``namespace/name`` (``name`` for kinds of the whole cluster)."""
        return self._kinds.get((group, kind), {}).get(full_name)

    def count(self) -> int:
        return sum(len(items) for items in self._kinds.values())

    def __iter__(self) -> Iterator[Item]:
        for items in self._kinds.values():
            yield from items.values()
