"""``ProxyConfig``: the fields of the networking API, version v1beta1."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from meshcore.config.istio.schema.common import Selector
from meshcore.config.schema import Record

__all__ = ["ProxyConfig", "ProxyImage"]


class ProxyImage(Record):
    image_type: str = ""


class ProxyConfig(Record):
    selector: Selector | None = None
    concurrency: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    environment_variables: dict[str, Annotated[str, Meta(max_length=2048)]] = {}
    image: ProxyImage | None = None
