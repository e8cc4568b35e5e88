"""What spans tell: custom tags, names of operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from meshcore.config.envoy.schema.base import Metadata
from meshcore.config.envoy.schema.route import Decorator as DecoratorSchema
from meshcore.config.envoy.schema.tags import CustomTag as TagSchema
from meshcore.config.envoy.schema.tags import MetadataTag
from meshcore.config.envoy.translate.context import Context
from meshcore.config.envoy.translate.headers import check_format
from meshcore.config.schema import Record
from meshcore.config.tree import plain
from meshcore.model import CustomTag, CustomTagKind, Decorator

__all__ = ["custom_tags", "decorator", "operation"]


def decorator(source: DecoratorSchema | None) -> Decorator | None:
    return None if source is None else Decorator(source.operation, source.propagate)


def operation(context: Context, record: Record, field: str) -> str:
    """A format that names spans; "": there is none."""
    text: str = getattr(record, field)
    check_format(context, record, field, text)
    return text


def custom_tags(
    context: Context, tags: Sequence[TagSchema], metadata: Metadata | None
) -> tuple[CustomTag, ...]:
    """Tags, by their names; ``metadata``: the route's, where they are a route's."""
    found: dict[str, CustomTag] = {}
    for source in tags:
        tag = _tag(context, source, metadata)
        found.setdefault(tag.tag, tag)  # of one name the first counts, as in Envoy
    return tuple(found.values())


def _tag(context: Context, source: TagSchema, metadata: Metadata | None) -> CustomTag:
    name = source.tag
    if source.literal is not None:
        return CustomTag(name, CustomTagKind.LITERAL, source.literal.value)
    if source.environment is not None:
        variable = source.environment
        return CustomTag(name, CustomTagKind.ENVIRONMENT, variable.name, variable.default_value)
    if source.request_header is not None:
        header = source.request_header
        return CustomTag(name, CustomTagKind.REQUEST_HEADER, header.name.lower(), header.default_value)
    if source.metadata is not None:
        return _of_metadata(context, name, source.metadata, metadata)
    check_format(context, source, "value", source.value or "")
    return CustomTag(name, CustomTagKind.FORMAT, source.value or "")


def _of_metadata(context: Context, name: str, source: MetadataTag, route: Metadata | None) -> CustomTag:
    """A tag of metadata: a route's own is known here; of endpoints their labels are."""
    kind, key, default = source.kind, source.metadata_key, source.default_value
    missing = CustomTag(name, CustomTagKind.LITERAL, default)
    if key is None or kind is None:
        context.error(source, "kind" if kind is None else "metadata_key", "missing, but required")
        return missing
    path = [segment.key or "" for segment in key.path]
    if kind.host is not None and key.key == "envoy.lb" and len(path) == 1:
        return CustomTag(name, CustomTagKind.HOST_METADATA, path[0], default)
    if kind.route is not None and route is not None:
        value: object = plain(node) if (node := route.filter_metadata.get(key.key)) is not None else None
        for step in path:
            value = value.get(step) if isinstance(value, Mapping) else None
        return CustomTag(name, CustomTagKind.LITERAL, value if isinstance(value, str) else default)
    context.warn(source, "metadata_key", "is not known where spans are made: the default value counts")
    return missing
