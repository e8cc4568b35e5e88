"""What the tests of the rate limit service share."""

from __future__ import annotations

import textwrap
from pathlib import Path

from meshcore.global_limit.rls.documents import load_limits
from meshcore.global_limit.rls.messages import Descriptor, RateLimitRequest
from meshcore.global_limit.rls.rules import RateLimitConfig

__all__ = ["Clock", "asked", "descriptor", "limits"]


class Clock:
    """Stands still unless it is told to go on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def limits(folder: Path, text: str, *, merge_domains: bool = False) -> RateLimitConfig:
    """What a document says; several are told apart by ``---``."""
    path = folder / "limits.yaml"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return load_limits(path, merge_domains=merge_domains)


def descriptor(**entries: str) -> Descriptor:
    return Descriptor(tuple(entries.items()))


def asked(*descriptors: Descriptor, domain: str = "shop", hits: int = 0) -> RateLimitRequest:
    return RateLimitRequest(domain, descriptors, hits)
