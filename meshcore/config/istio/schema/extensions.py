"""The kinds of ``extensions.istio.io``, version v1alpha1: code that runs in proxies."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, ClassVar

from msgspec import Meta

from meshcore.config.istio.schema.common import Selector, TargetReference
from meshcore.config.scalar_types import Int32, Port
from meshcore.config.schema import OneOf, Partial, Record
from meshcore.config.tree import MappingNode

__all__ = [
    "EnvVar",
    "ExecutionPhase",
    "ExtensionMode",
    "FailStrategy",
    "LuaConfig",
    "PluginPhase",
    "PluginType",
    "PullPolicy",
    "TrafficExtension",
    "TrafficSelector",
    "VmConfig",
    "WasmConfig",
    "WasmPlugin",
]

_Sha256 = Annotated[str, Meta(pattern=r"^$|^[a-f0-9]{64}\Z", description="64 hexadecimal digits, lower case")]
_Secret = Annotated[str, Meta(min_length=1, max_length=253)]
_PluginName = Annotated[str, Meta(min_length=1, max_length=256)]


class PluginType(Enum):
    UNSPECIFIED_PLUGIN_TYPE = 0
    HTTP = 1
    NETWORK = 2


class PluginPhase(Enum):
    UNSPECIFIED_PHASE = 0
    AUTHN = 1
    AUTHZ = 2
    STATS = 3


class ExecutionPhase(Enum):
    UNSPECIFIED = 0
    AUTHN = 1
    AUTHZ = 2
    STATS = 3


class PullPolicy(Enum):
    UNSPECIFIED_POLICY = 0
    IfNotPresent = 1
    Always = 2


class FailStrategy(Enum):
    FAIL_CLOSE = 0
    FAIL_OPEN = 1
    FAIL_RELOAD = 2


class ValueSource(Enum):
    INLINE = 0
    HOST = 1


class EnvVar(Record):
    name: Annotated[str, Meta(min_length=1, max_length=256)]
    value_from: ValueSource = ValueSource.INLINE
    value: Annotated[str, Meta(max_length=2048)] = ""


class VmConfig(Record):
    env: Annotated[list[EnvVar], Meta(max_length=256)] = []


class ExtensionMode(Enum):
    UNDEFINED = 0
    CLIENT = 1
    SERVER = 2
    CLIENT_AND_SERVER = 3


class TrafficPort(Record):
    number: Port


class TrafficSelector(Record):
    mode: ExtensionMode = ExtensionMode.UNDEFINED
    ports: list[TrafficPort] = []


class _Code(Record):
    """What both kinds say of a WebAssembly module."""

    url: Annotated[str, Meta(min_length=1)]
    sha256: _Sha256 = ""
    image_pull_policy: PullPolicy = PullPolicy.UNSPECIFIED_POLICY
    image_pull_secret: _Secret | None = None
    verification_key: str = ""
    plugin_config: MappingNode | None = None
    plugin_name: _PluginName | None = None
    fail_strategy: FailStrategy = FailStrategy.FAIL_CLOSE
    vm_config: VmConfig | None = None
    type: PluginType = PluginType.UNSPECIFIED_PLUGIN_TYPE


class WasmPlugin(_Code):
    selector: Selector | None = None
    target_ref: TargetReference | None = None
    target_refs: Annotated[list[TargetReference], Meta(max_length=16)] = []
    phase: PluginPhase = PluginPhase.UNSPECIFIED_PHASE
    priority: Int32 | None = None
    match: Annotated[list[TrafficSelector], Partial] = []


class WasmConfig(_Code):
    pass


class LuaConfig(Record):
    inline_code: Annotated[str, Meta(min_length=1, max_length=65536)]


class TrafficExtension(Record):
    __oneofs__: ClassVar[tuple[OneOf, ...]] = (OneOf("extension", ("wasm", "lua"), required=True),)

    selector: Selector | None = None
    target_refs: Annotated[list[TargetReference], Meta(max_length=16)] = []
    phase: ExecutionPhase = ExecutionPhase.UNSPECIFIED
    priority: Int32 | None = None
    match: Annotated[list[TrafficSelector], Partial] = []
    wasm: WasmConfig | None = None
    lua: LuaConfig | None = None
