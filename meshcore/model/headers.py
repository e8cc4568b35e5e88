"""Header edits (Envoy v3 ``HeaderValueOption`` and friends)."""

from __future__ import annotations

from enum import Enum

from meshcore.model._dataclass import dataclass

__all__ = ["AppendAction", "HeaderEdits", "HeaderValue"]


class AppendAction(Enum):
    """What to do when the header is there already."""

    APPEND_IF_EXISTS_OR_ADD = "APPEND_IF_EXISTS_OR_ADD"
    ADD_IF_ABSENT = "ADD_IF_ABSENT"
    OVERWRITE_IF_EXISTS_OR_ADD = "OVERWRITE_IF_EXISTS_OR_ADD"
    OVERWRITE_IF_EXISTS = "OVERWRITE_IF_EXISTS"


@dataclass(frozen=True, slots=True)
class HeaderValue:
    """One header to write. ``value`` is a format string (see meshcore.model.format); ``name`` lower-case."""

    name: str
    value: str
    action: AppendAction = AppendAction.APPEND_IF_EXISTS_OR_ADD
    keep_empty: bool = False


@dataclass(frozen=True, slots=True)
class HeaderEdits:
    """The header edits of one level (weighted cluster, route, virtual host, route configuration)."""

    request_add: tuple[HeaderValue, ...] = ()
    request_remove: tuple[str, ...] = ()
    response_add: tuple[HeaderValue, ...] = ()
    response_remove: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.request_add or self.request_remove or self.response_add or self.response_remove)
