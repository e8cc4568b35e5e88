"""The messages by Google's library, from a declaration of their own: what ours are compared with."""

from __future__ import annotations

from typing import Any

import pytest

NEEDS = "needs protobuf, of the extra 'test'"
descriptor_pb2 = pytest.importorskip("google.protobuf.descriptor_pb2", reason=NEEDS)
descriptor_pool = pytest.importorskip("google.protobuf.descriptor_pool", reason=NEEDS)
message_factory = pytest.importorskip("google.protobuf.message_factory", reason=NEEDS)

__all__ = ["PbRequest", "PbResponse"]

F = descriptor_pb2.FieldDescriptorProto
#: Name of a message -> its fields: name, number, type, and a message's or enum's name.
MESSAGES: dict[str, list[tuple[Any, ...]]] = {
    "Entry": [("key", 1, F.TYPE_STRING), ("value", 2, F.TYPE_STRING)],
    "Override": [("requests_per_unit", 1, F.TYPE_UINT32), ("unit", 2, F.TYPE_ENUM, "Number")],
    "UInt64Value": [("value", 1, F.TYPE_UINT64)],
    "Descriptor": [
        ("entries", 1, F.TYPE_MESSAGE, "Entry", True),
        ("limit", 2, F.TYPE_MESSAGE, "Override"),
        ("hits_addend", 3, F.TYPE_MESSAGE, "UInt64Value"),
        ("is_negative_hits", 4, F.TYPE_BOOL),
    ],
    "Request": [
        ("domain", 1, F.TYPE_STRING),
        ("descriptors", 2, F.TYPE_MESSAGE, "Descriptor", True),
        ("hits_addend", 3, F.TYPE_UINT32),
    ],
    "Limit": [
        ("requests_per_unit", 1, F.TYPE_UINT32),
        ("unit", 2, F.TYPE_ENUM, "Number"),
        ("name", 3, F.TYPE_STRING),
    ],
    "Duration": [("seconds", 1, F.TYPE_INT64), ("nanos", 2, F.TYPE_INT32)],
    "Status": [
        ("code", 1, F.TYPE_ENUM, "Number"),
        ("current_limit", 2, F.TYPE_MESSAGE, "Limit"),
        ("limit_remaining", 3, F.TYPE_UINT32),
        ("duration_until_reset", 4, F.TYPE_MESSAGE, "Duration"),
    ],
    "Header": [("key", 1, F.TYPE_STRING), ("value", 2, F.TYPE_STRING), ("raw_value", 3, F.TYPE_BYTES)],
    "Response": [
        ("overall_code", 1, F.TYPE_ENUM, "Number"),
        ("statuses", 2, F.TYPE_MESSAGE, "Status", True),
        ("response_headers_to_add", 3, F.TYPE_MESSAGE, "Header", True),
        ("request_headers_to_add", 4, F.TYPE_MESSAGE, "Header", True),
        ("raw_body", 5, F.TYPE_BYTES),
    ],
}


def _pool() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="rls.proto", package="t", syntax="proto3")
    file.enum_type.add(name="Number").value.add(name="ZERO", number=0)
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind, *rest in fields:
            made = message.field.add(name=field, number=number, type=kind)
            made.label = F.LABEL_REPEATED if len(rest) > 1 else F.LABEL_OPTIONAL
            if rest:
                made.type_name = f".t.{rest[0]}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool


_POOL = _pool()


def _class(name: str) -> Any:
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"t.{name}"))


PbRequest, PbResponse = _class("Request"), _class("Response")
