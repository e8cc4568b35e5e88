"""Typed decoding of trees: every mistake of a document is reported, with position and path.

A schema is a :class:`Record` (a ``msgspec.Struct``) whose annotations say what its fields hold::

    class Matcher(Record):
        __oneofs__ = (OneOf("rule", ("exact", "prefix"), required=True),)
        exact: str | None = None
        prefix: Annotated[str, Meta(min_length=1)] | None = None
        weight: UInt32 | None = None
        timeout: Annotated[Duration, Meta(gt=0)] | None = None

A field without default is required. Names are accepted in snake_case and camelCase, null means
"not set", and scalars follow protobuf's JSON mapping (integers as strings, enums by name or number).
What a class knows of itself is worked out once, on first use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from meshcore.config.containers import (
    FAILED,
    Decoder,
    ScalarDecoder,
    element_of,
    list_of,
    map_of,
    report,
    tree_of,
)
from meshcore.config.findings import Findings, did_you_mean
from meshcore.config.record import (
    OneOf,
    Partial,
    Record,
    as_written,
    error_at,
    is_set,
    node_of,
    origin_of,
    path_of,
    spellings,
    warn_at,
)
from meshcore.config.scalar_types import RULES, BadValue, Rule, scalar_decoder
from meshcore.config.tree import (
    MappingNode,
    ScalarNode,
    SequenceNode,
    TreeNode,
    describe,
    join_path,
)
from meshcore.config.tree import plain as plain_value

__all__ = [
    "Meta",
    "OneOf",
    "Partial",
    "Record",
    "decode",
    "error_at",
    "is_set",
    "node_of",
    "origin_of",
    "path_of",
    "warn_at",
]

R = TypeVar("R", bound=Record)

#: Of a record of so many fields, all are named where one is not known.
_LISTED = 12
#: And so many where a value of another type stands in their place.
_FEW = 4


@dataclass(slots=True)
class _Field:
    attribute: str
    name: str
    scalar: ScalarDecoder | None
    nested: Decoder | None
    group: int  # index of its oneof, or -1
    single: str  # what stands there in place of a list or a mapping


class _Plan:
    """What the decoder needs to know of one Record class."""

    __slots__ = ("cls", "fields", "ignored", "names", "noted", "oneofs", "open", "required", "unsupported")

    def __init__(self, cls: type[Record]) -> None:
        self.cls = cls
        self.oneofs = cls.__oneofs__
        self.open = cls.__open__
        self.unsupported = _by_spelling(cls.__unsupported__)
        self.noted = _by_spelling(cls.__noted__)
        self.ignored = {spelling for name in cls.__ignored__ for spelling in spellings(name)}
        groups = {name: index for index, group in enumerate(cls.__oneofs__) for name in group.fields}
        hints = get_type_hints(cls, include_extras=True)
        self.fields: dict[str, _Field] = {}
        self.names: list[str] = []
        self.required: list[_Field] = []
        for info in msgspec.structs.fields(cls):
            if info.name.startswith("record_"):
                continue
            scalar, nested = _decoder(hints[info.name])
            group, single = groups.get(info.name, -1), _described(hints[info.name]) or "a single value"
            spec = _Field(info.name, info.encode_name, scalar, nested, group, single)
            self.names.append(info.encode_name)
            if info.required:
                self.required.append(spec)
            for spelling in spellings(info.encode_name):
                self.fields[spelling] = spec


def _described(annotation: Any) -> str:
    """What an annotation says in words of its values; "" where it says nothing."""
    metas = (rule for rule in getattr(annotation, "__metadata__", ()) if isinstance(rule, Meta))
    return next((rule.description for rule in metas if rule.description), "")


def _by_spelling(reasons: Mapping[str, str]) -> dict[str, str]:
    return {spelling: why for name, why in reasons.items() for spelling in spellings(name)}


_plans: dict[type[Record], _Plan] = {}


def _plan(schema: type[Record]) -> _Plan:
    return _plans.get(schema) or _plans.setdefault(schema, _Plan(schema))


def decode(node: TreeNode, schema: type[R], findings: Findings, path: str = "") -> R | None:
    """Decode ``node`` as ``schema``; None if it has errors, all of which are recorded.

    ``path`` is the path of ``node`` itself, as findings are to name it.
    """
    result = _decode_record(_plan(schema), node, findings, path, typed=True)
    if result is FAILED:
        return None
    node.document.records.append(result)
    return cast("R", result)


# -- records --------------------------------------------------------------------------------


def _record(schema: type[Record]) -> Decoder:
    """The decoder of a class; the plan is made on first use, so that schemas may be recursive."""

    plan: _Plan | None = None

    def run(node: TreeNode, findings: Findings, path: str) -> Any:
        nonlocal plan
        if plan is None:
            plan = _plan(schema)
        return _decode_record(plan, node, findings, path)

    return run


def _decode_record(plan: _Plan, node: TreeNode, findings: Findings, path: str, *, typed: bool = False) -> Any:
    """``typed``: the record stands alone or in an ``Any``, and may name its type."""
    if type(node) is not MappingNode:
        findings.error(node, path, "", found=describe(node), expected=f"a mapping{_keys_of(plan, node)}")
        return FAILED
    values: dict[str, Any] = {}
    failed = strange = False
    groups: dict[int, str] | None = None
    for key, child in node.entries.items():
        spec = plan.fields.get(key)
        if spec is None:
            if typed and key == "@type":
                continue
            strange |= _unknown(plan, node, key, findings, path)
            continue
        if type(child) is ScalarNode and child.value is None:
            continue
        attribute = spec.attribute
        if attribute in values:
            origin = node.key_origin(key, join_path(path, key))
            findings.error(origin, join_path(path, key), "set twice, in snake_case and in camelCase")
            failed = True
            continue
        if spec.group >= 0:
            groups = {} if groups is None else groups
            other = groups.setdefault(spec.group, key)
            if other != key:
                full = join_path(path, key)
                message = f"{other!r} is set already; only one of them may be"
                findings.error(node.key_origin(key, full), full, message)
                failed = True
        if spec.scalar is not None:
            try:
                if type(child) is not ScalarNode:
                    raise BadValue("", spec.single, describe(child))
                value = spec.scalar(child)
            except BadValue as bad:
                report(bad, child, findings, join_path(path, key))
                value = FAILED
        else:
            assert spec.nested is not None
            value = spec.nested(child, findings, f"{path}.{key}" if path else key)
        if value is FAILED:
            failed = True
        values[attribute] = value
    for spec in plan.required:
        if spec.attribute not in values:
            name = as_written(spec.name, node)
            findings.error(node, join_path(path, name), "missing, but required")
            failed = True
    # After an unknown field, what seems to be missing is most likely what was meant by it.
    for index, group in enumerate(plan.oneofs if not strange else ()):
        if group.required and (groups is None or index not in groups):
            names = [as_written(name, node) for name in group.fields]
            findings.error(node, path, "", found="none of them", expected=f"one of {', '.join(names)}")
            failed = True
    if failed or strange:
        return FAILED
    return plan.cls(record_node=node, record_path=path, **values)


def _keys_of(plan: _Plan, node: TreeNode) -> str:
    """What a mapping would hold, where that is short; in the spelling of the document's dialect."""
    names = [as_written(name, MappingNode(node.document, node.line, node.column)) for name in plan.names]
    if len(names) == 1:
        return f": {{{names[0]}: ...}}"
    return f" of {', '.join(names)}" if 1 < len(names) <= _FEW else ""


def _unknown(plan: _Plan, node: MappingNode, key: str, findings: Findings, path: str) -> bool:
    if plan.open or key in plan.ignored:
        return False
    child = node.entries[key]
    if type(child) is ScalarNode and child.value is None and (key in plan.noted or key in plan.unsupported):
        return False
    full = join_path(path, key)
    if key in plan.noted:
        findings.warn(node.key_origin(key, full), full, f"has no effect here: {plan.noted[key]}")
        return False
    why = plan.unsupported.get(key)
    if why is not None:
        findings.error(node.key_origin(key, full), full, "not supported" + (f": {why}" if why else ""))
        return True
    names = [as_written(name, node) for name in plan.names]
    near = did_you_mean(key, names)
    listed = "" if near or len(names) > _LISTED else f"one of {', '.join(names)}"
    findings.error(node.key_origin(key, full), full, f"unknown field {key!r}{near}", expected=listed)
    return True


# -- types ----------------------------------------------------------------------------------


def _decoder(annotation: Any) -> tuple[ScalarDecoder | None, Decoder | None]:
    """The decoder of an annotation: of scalars (fast, raising BadValue) or of anything."""
    rules: list[Rule] = []
    partial = False
    while True:
        if get_origin(annotation) is Annotated:
            base, *extras = get_args(annotation)
            for extra in extras:
                if isinstance(extra, RULES):
                    rules.append(extra)
                elif extra is Partial or isinstance(extra, Partial):
                    partial = True
            annotation = base
        elif get_origin(annotation) in (Union, UnionType) and type(None) in get_args(annotation):
            rest = tuple(arg for arg in get_args(annotation) if arg is not type(None))
            annotation = Union[rest] if len(rest) > 1 else rest[0]  # noqa: UP007 (made at run time)
        else:
            break
    origin = get_origin(annotation)
    if origin is list:
        return None, list_of(element_of(*_decoder(get_args(annotation)[0])), rules, partial)
    if origin is dict:
        return None, map_of(element_of(*_decoder(get_args(annotation)[1])), rules)
    if annotation is object:
        return None, lambda node, findings, path: plain_value(node)
    if annotation in (MappingNode, SequenceNode) or annotation == TreeNode:
        return None, tree_of(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return None, _record(annotation)
    return scalar_decoder(annotation, rules), None
