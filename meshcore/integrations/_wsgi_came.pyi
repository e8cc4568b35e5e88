"""WSGI's environ (PEP 3333): what of it is decided on."""

from collections.abc import Mapping
from typing import Any

def header_lines(environ: Mapping[str, Any]) -> list[tuple[bytes, bytes]]:
    """Header lines, in the bytes that came; repeated ones have been joined by the server.

    Raises:
        UnicodeEncodeError: one has characters that stand for no bytes (PEP 3333 has Latin-1).
        TypeError: a value is no text.
    """

def target_of(environ: Mapping[str, Any]) -> bytes | str:
    """The request target as it was received, where the server keeps it: as bytes where it is not in ASCII."""
