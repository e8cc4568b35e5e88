"""The kinds of ``security.istio.io``, version v1: who may call, and who is who."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, ClassVar

from msgspec import Meta, field

from meshcore.config.istio.schema.common import Selector, TargetReference
from meshcore.config.scalar_types import GoDuration
from meshcore.config.schema import OneOf, Partial, Record

__all__ = [
    "Action",
    "AuthorizationPolicy",
    "ClaimToHeader",
    "Condition",
    "From",
    "JWTHeader",
    "JWTRule",
    "MTLSMode",
    "MutualTLS",
    "Operation",
    "PeerAuthentication",
    "Presence",
    "Provider",
    "RequestAuthentication",
    "Rule",
    "Source",
    "To",
]

_Text = Annotated[str, Meta(min_length=1)]
_Account = Annotated[str, Meta(max_length=320)]
_Accounts = Annotated[list[_Account], Meta(max_length=16)]


class Action(Enum):
    ALLOW = 0
    DENY = 1
    AUDIT = 2
    CUSTOM = 3


class Source(Record):
    principals: list[str] = []
    not_principals: list[str] = []
    request_principals: list[str] = []
    not_request_principals: list[str] = []
    namespaces: list[str] = []
    not_namespaces: list[str] = []
    service_accounts: _Accounts = []
    not_service_accounts: _Accounts = []
    ip_blocks: list[str] = []
    not_ip_blocks: list[str] = []
    remote_ip_blocks: list[str] = []
    not_remote_ip_blocks: list[str] = []
    trust_domains: list[str] = []
    not_trust_domains: list[str] = []


class From(Record):
    source: Source | None = None


class Operation(Record):
    hosts: list[str] = []
    not_hosts: list[str] = []
    ports: list[str] = []
    not_ports: list[str] = []
    methods: list[str] = []
    not_methods: list[str] = []
    paths: list[str] = []
    not_paths: list[str] = []


class To(Record):
    operation: Operation | None = None


class Condition(Record):
    key: str = ""
    values: list[str] = []
    not_values: list[str] = []


class Rule(Record):
    from_: Annotated[list[From], Partial, Meta(max_length=512)] = field(default_factory=list, name="from")
    to: Annotated[list[To], Partial] = []
    when: Annotated[list[Condition], Partial] = []


class Provider(Record):
    name: str = ""


class AuthorizationPolicy(Record):
    selector: Selector | None = None
    target_ref: TargetReference | None = None
    target_refs: Annotated[list[TargetReference], Meta(max_length=16)] = []
    rules: Annotated[list[Rule], Partial, Meta(max_length=512)] = []
    action: Action = Action.ALLOW
    provider: Provider | None = None


class JWTHeader(Record):
    name: str = ""
    prefix: str = ""


class ClaimToHeader(Record):
    header: str = ""
    claim: str = ""


class Presence(Enum):
    """Whether a request without the token of a rule is let through."""

    OPTIONAL = 0
    REQUIRED = 1


class JWTRule(Record):
    __oneofs__: ClassVar[tuple[OneOf, ...]] = (OneOf("keys", ("jwks_uri", "jwks")),)

    issuer: str = ""
    audiences: list[_Text] = []
    jwks_uri: str | None = None
    jwks: str | None = None
    from_headers: list[JWTHeader] = []
    from_params: list[str] = []
    from_cookies: list[str] = []
    output_payload_to_header: str = ""
    forward_original_token: bool = False
    output_claim_to_headers: list[ClaimToHeader] = []
    timeout: GoDuration | None = None
    presence: Presence = Presence.OPTIONAL
    space_delimited_claims: Annotated[list[_Text], Meta(max_length=64)] = []


class RequestAuthentication(Record):
    selector: Selector | None = None
    target_ref: TargetReference | None = None
    target_refs: Annotated[list[TargetReference], Meta(max_length=16)] = []
    jwt_rules: Annotated[list[JWTRule], Partial, Meta(max_length=4096)] = []


class MTLSMode(Enum):
    UNSET = 0
    DISABLE = 1
    PERMISSIVE = 2
    STRICT = 3


class MutualTLS(Record):
    mode: MTLSMode = MTLSMode.UNSET


class PeerAuthentication(Record):
    selector: Selector | None = None
    mtls: MutualTLS | None = None
    #: By port number.
    port_level_mtls: dict[str, MutualTLS] = {}
