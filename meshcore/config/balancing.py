"""The ranges of policies' parameters, as the schemas of both dialects state them."""

from __future__ import annotations

from typing import Any

from msgspec import Meta

from meshcore.model.balancing import range_of

__all__ = ["limits"]


def limits(parameters: type, name: str) -> Meta:
    """The range of a parameter of the model, for a field of a schema: all but whether it is prime."""
    allowed = range_of(parameters, name)
    bounds = {"ge": allowed.least, "gt": allowed.above, "le": allowed.most}
    given: dict[str, Any] = {key: bound for key, bound in bounds.items() if bound is not None}
    made: Meta = Meta(**given)
    return made
