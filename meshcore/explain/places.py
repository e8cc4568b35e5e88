"""Where a part of the model was written, in words."""

from __future__ import annotations

from meshcore.model import Origin

__all__ = ["delegated", "file_line", "resource"]


def file_line(origin: Origin | None) -> str:
    """``file:line``, or "" where it is not known. With the column where the line says little: JSON is often
    one line."""
    if not origin:
        return ""
    column = f":{origin.column}" if origin.line == 1 and origin.column > 1 else ""
    return f"{origin.file}:{origin.line}{column}"


def resource(origin: Origin | None) -> str:
    """The document and the field in it: "VirtualService default/reviews, http[2].match[0]", or
    "Bootstrap, virtual_hosts[0].routes[3]"."""
    if origin is None:
        return ""
    field = origin.path[max(origin.path.find("virtual_hosts["), 0) :].removeprefix("spec.")
    document = f"{origin.kind} {origin.name}".strip()
    return ", ".join(part for part in (document, field) if part)


def delegated(origin: Origin) -> list[str]:
    """A line for each rule that delegates to the one before, the nearest first."""
    lines = []
    while (via := origin.via) is not None:
        lines.append(f"delegated by {file_line(via)}, {resource(via)}")
        origin = via
    return lines
