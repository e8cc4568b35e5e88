"""What spans tell: their operations and tags (Envoy's ``Decorator`` and ``CustomTag``)."""

from __future__ import annotations

from enum import Enum

from meshcore.model._dataclass import dataclass

__all__ = ["DEFAULT_PATH_TAG_LENGTH", "CustomTag", "CustomTagKind", "Decorator"]

#: Bytes of a path in the tag of a request's URL, where nobody says how many.
DEFAULT_PATH_TAG_LENGTH = 256


class CustomTagKind(Enum):
    """Where the value of a tag comes from."""

    LITERAL = "literal"
    ENVIRONMENT = "environment"
    REQUEST_HEADER = "request_header"
    HOST_METADATA = "metadata"  #: of the endpoint: ``envoy.lb``, its labels
    FORMAT = "value"  #: a format string (meshcore.model.format)


@dataclass(frozen=True, slots=True)
class CustomTag:
    """A tag of each span of a listener or a route.

    ``value``: the text, or the name of the environment's variable or of the header, or the key of the
    endpoint's metadata, or the format. ``default`` counts where there is nothing of that name; a tag that is
    empty is left out.
    """

    tag: str
    kind: CustomTagKind
    value: str
    default: str = ""


@dataclass(frozen=True, slots=True)
class Decorator:
    """What a route calls its requests. ``propagate``: the other side is told it by a header."""

    operation: str
    propagate: bool = True
