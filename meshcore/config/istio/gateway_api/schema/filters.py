"""The filters of rules and of backends."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, ClassVar

from meshcore.config.istio.gateway_api.schema.common import BackendReference, Name
from meshcore.config.scalar_types import Int32, Port, UInt32
from meshcore.config.schema import Meta, OneOf, Record

__all__ = [
    "Cors",
    "Filter",
    "FilterType",
    "Header",
    "HeaderModifier",
    "PathModifier",
    "PathModifierType",
    "RequestMirror",
    "RequestRedirect",
    "URLRewrite",
]


class FilterType(Enum):
    RequestHeaderModifier = "request_header_modifier"
    ResponseHeaderModifier = "response_header_modifier"
    RequestRedirect = "request_redirect"
    RequestMirror = "request_mirror"
    URLRewrite = "url_rewrite"
    CORS = "cors"
    ExtensionRef = "extension_ref"
    ExternalAuth = "external_auth"


class Header(Record):
    name: Annotated[str, Meta(min_length=1, max_length=256)]
    value: Annotated[str, Meta(max_length=4096)]


class HeaderModifier(Record):
    set: list[Header] = []
    add: list[Header] = []
    remove: list[str] = []


class PathModifierType(Enum):
    ReplaceFullPath = "replace_full_path"
    ReplacePrefixMatch = "replace_prefix_match"


class PathModifier(Record):
    __oneofs__: ClassVar[tuple[OneOf, ...]] = (OneOf("path", ("replace_full_path", "replace_prefix_match")),)

    type: PathModifierType
    replace_full_path: Annotated[str, Meta(max_length=1024)] | None = None
    replace_prefix_match: Annotated[str, Meta(max_length=1024)] | None = None


class RequestRedirect(Record):
    scheme: str | None = None
    hostname: str | None = None
    path: PathModifier | None = None
    port: Port | None = None
    status_code: UInt32 = 302


class URLRewrite(Record):
    hostname: str | None = None
    path: PathModifier | None = None


class Share(Record):
    """A fraction; the denominator is 100 where it is not given."""

    numerator: UInt32
    denominator: Annotated[int, Meta(ge=1, le=2**31 - 1)] = 100


class RequestMirror(Record):
    __oneofs__: ClassVar[tuple[OneOf, ...]] = (OneOf("share", ("percent", "fraction")),)

    backend_ref: BackendReference
    percent: Annotated[int, Meta(ge=0, le=100)] | None = None
    fraction: Share | None = None


class Cors(Record):
    allow_origins: list[str] = []
    allow_credentials: bool = False
    allow_methods: list[str] = []
    allow_headers: list[str] = []
    expose_headers: list[str] = []
    max_age: Int32 = 5


class ExtensionReference(Record):
    group: str
    kind: Name
    name: Name


class Filter(Record):
    """One filter; the field that ``type`` names holds what it does."""

    type: FilterType
    request_header_modifier: HeaderModifier | None = None
    response_header_modifier: HeaderModifier | None = None
    request_redirect: RequestRedirect | None = None
    request_mirror: RequestMirror | None = None
    url_rewrite: URLRewrite | None = None
    cors: Cors | None = None
    extension_ref: ExtensionReference | None = None
    external_auth: object = None
