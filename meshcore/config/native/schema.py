"""``kind: RateLimits``, as docs/rate-limits.md describes it."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from meshcore.config.scalar_types import GoDuration, Int64, UInt32
from meshcore.config.schema import Meta, OneOf, Record
from meshcore.config.tree import TreeNode

__all__ = ["LONGEST_FILL", "Bucket", "Headers", "Match", "Metadata", "RateLimits", "Rule"]

#: Seconds: in nanoseconds it fits 63 bits. Envoy draws the line there, too.
LONGEST_FILL = 9_223_372_035

Status = Annotated[UInt32, Meta(ge=400, lt=600)]
Tokens = Annotated[Int64, Meta(ge=1, le=2**32 - 1)]
#: What stands in the descriptor, in answers and in messages.
RuleName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$")]


#: What answers tell of limits: RateLimit and RateLimit-Policy, or X-RateLimit-Limit, -Remaining and -Reset.
Headers = Enum("Headers", {"ratelimit": 1, "x-ratelimit": 2})


class Metadata(Record):
    __open__ = True

    name: str = ""


class Bucket(Record):
    max_tokens: Tokens
    fill_interval: Annotated[GoDuration, Meta(ge=0.05, le=LONGEST_FILL)]
    tokens_per_fill: Tokens = 1


class Match(Record):
    """Which requests a rule is for: all that is said has to hold."""

    host: TreeNode | None = None
    path: TreeNode | None = None
    method: TreeNode | None = None
    headers: dict[str, TreeNode] = {}
    query: dict[str, TreeNode] = {}


class Rule(Record):
    __oneofs__ = (OneOf("rate", ("rate", "bucket"), True),)

    name: RuleName
    rate: TreeNode | None = None
    burst: Tokens | None = None
    bucket: Bucket | None = None
    key: TreeNode | None = None
    match: Match | None = None
    cost: int | str | None = None
    shadow: bool = False
    status: Status | None = None


class RateLimits(Record):
    api_version: str
    kind: str
    rules: Annotated[list[Rule], Meta(min_length=1)]
    metadata: Metadata | None = None
    status: Status = 429
    headers: list[Headers] | None = None
    retry_after: bool = True
    response_headers: dict[str, str] = {}
    shadow: bool = False
    trusted_proxies: Annotated[UInt32, Meta(le=100)] = 0
    keys: Annotated[UInt32, Meta(ge=1)] = 65536
