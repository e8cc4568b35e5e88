"""What ASGI servers add to each answer.

ASGI has no word for it: uvicorn and Hypercorn add ``date`` and ``server`` beside those that an app sends, and
an answer that is forwarded would have them twice. Both have their settings where the lifespan's ``send`` is.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

__all__ = ["lines_added"]

#: The names of lines, and of the settings that leave them out: uvicorn's, Hypercorn's.
_SETTINGS = {
    b"date": ("date_header", "include_date_header"),
    b"server": ("server_header", "include_server_header"),
}
#: Functions around the server's that are looked through.
_MOST_AROUND = 8


def lines_added(send: Callable[[Any], Awaitable[None]]) -> frozenset[bytes]:
    """The names of the header lines that the server adds, as far as that is known.

    Args:
        send: the server's, of its lifespan, or a function of a framework around it, where it is ``send``.
    """
    around: Any = send
    for _ in range(_MOST_AROUND):
        if inspect.isfunction(around):
            around = inspect.getclosurevars(around).nonlocals.get("send")
    config = getattr(getattr(around, "__self__", None), "config", None)
    return frozenset(
        name
        for name, settings in _SETTINGS.items()
        if any(getattr(config, setting, None) is True for setting in settings)
    )
