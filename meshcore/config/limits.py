"""Bounds on documents. Configuration comes from people, but not always from friends."""

from __future__ import annotations

__all__ = ["MAX_ALIASED", "MAX_BYTES", "MAX_DEPTH"]

#: Bytes of one file: a route table of 100,000 routes needs about 40 MiB.
MAX_BYTES = 128 * 1024 * 1024
#: Levels of nesting; protobuf's own JSON reader stops at 100.
MAX_DEPTH = 100
#: Nodes that the aliases of one document may add to it, in all.
MAX_ALIASED = 100_000
