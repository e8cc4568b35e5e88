"""Resources: a decoded spec with the metadata that names and orders it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Generic, TypeVar

from meshcore.config.istio.schema.common import Metadata
from meshcore.config.schema import Record, origin_of
from meshcore.model import Origin

__all__ = ["DEFAULT_NAMESPACE", "Resource", "created", "in_order", "same_labels"]

DEFAULT_NAMESPACE = "default"

S = TypeVar("S", bound=Record)

_FIRST = datetime.min.replace(tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True, eq=False)
class Resource(Generic[S]):
    """One document of a kind that we read."""

    kind: str
    name: str
    namespace: str
    metadata: Metadata
    spec: S
    origin: Origin
    #: Made of a document of the Gateway API, and read by its rules where Istio's differ.
    gateway_api: bool = False

    @property
    def full_name(self) -> str:
        return f"{self.namespace}/{self.name}"

    def with_spec(self, spec: S) -> Resource[S]:
        """The same resource with another content."""
        return replace(self, spec=spec)

    def place(self, record: Record | None = None, field: str = "") -> Origin:
        """The origin of the resource, or of a record within it."""
        return self.origin if record is None else origin_of(record, field)


def in_order(resources: Iterable[Resource[S]]) -> list[Resource[S]]:
    """By creation, the oldest first; ties by name, then namespace."""
    return sorted(resources, key=lambda it: (created(it.metadata), it.name, it.namespace))


def created(metadata: Metadata) -> datetime:
    """When a resource was made; those that do not say come before all others."""
    text = metadata.creation_timestamp
    if not text:
        return _FIRST
    try:
        when = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith(("Z", "z")) else text)
    except ValueError:
        return _FIRST
    return when if when.tzinfo else when.replace(tzinfo=timezone.utc)


def same_labels(wanted: Mapping[str, str], labels: object) -> bool:
    """Whether every wanted label is there with that value; no wants are always met."""
    return not wanted or (
        hasattr(labels, "get") and all(labels.get(key) == value for key, value in wanted.items())
    )
