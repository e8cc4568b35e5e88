"""Where a piece of the model came from, so that every answer can name its file and line."""

from __future__ import annotations

from meshcore.model._dataclass import dataclass

__all__ = ["Origin"]


@dataclass(frozen=True, slots=True)
class Origin:
    """The place in a document that a model object was made from.

    ``line`` and ``column`` count from 1. ``kind`` and ``name`` identify the resource
    (``"VirtualService"``, ``"default/reviews"``), ``path`` the field inside it
    (``"spec.http[0].route[1]"``). ``via`` is the second place where two made the object together: of
    a rule that a VirtualService delegates, the rule that delegates it.
    """

    file: str
    line: int
    column: int
    kind: str = ""
    name: str = ""
    path: str = ""
    via: Origin | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file
