"""Addresses that servers listen on."""

from __future__ import annotations

import os
import socket

__all__ = ["ListenError", "shown"]


class ListenError(OSError):
    """An address cannot be listened on; its text names the address and says why.

    Args:
        where: the address, as it is shown.
        error: what the system said; None: it did not say.
        admin: it is that of the admin pages.
    """

    def __init__(self, where: str, error: OSError | None, *, admin: bool = False) -> None:
        number = error.errno if error is not None else None
        reason = ""
        if error is not None:
            # What asyncio says has the address in it, too; the numbers of getaddrinfo() are its own.
            named = isinstance(error, socket.gaierror) or number is None
            reason = f": {(error.strerror or str(error)) if named else os.strerror(number or 0)}"
        super().__init__(number, f"cannot listen on {where}{reason}")
        self.admin = admin

    def __str__(self) -> str:
        return self.strerror or ""


def shown(host: str, port: int) -> str:
    """An address as it is written."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
