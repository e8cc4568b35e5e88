"""Transports for httpx2: a client's requests go where the mesh says.

client = httpx2.Client(transport=MeshTransport(mesh))
client.get("http://reviews/reviews/7")
"""

from __future__ import annotations

from typing import Any, ClassVar

import httpcore2
import httpx2

from meshcore.integrations._httpx import AsyncTransport, SyncTransport

__all__ = ["AsyncMeshTransport", "MeshTransport"]


class MeshTransport(SyncTransport, httpx2.BaseTransport):
    """Routes, balances, retries and limits what a ``httpx2.Client`` sends, by the mesh's configuration.

    An answer that the mesh gives by itself (a redirect, a fault, an open breaker, a timeout of the route) is
    a response, as from a sidecar. Where the last attempt failed on its way, the library's own exception is
    raised. ``response.extensions["meshcore"]`` is the decision. Hosts that the configuration does not know
    are reached as if there were no mesh.

    Args:
        mesh: the mesh of the process.
        transport: what sends in place of ``httpx2.HTTPTransport``, for tests: a ``MockTransport``, say.
        options: those of ``httpx2.HTTPTransport``.
    """

    _lib: ClassVar[Any] = httpx2
    _core: ClassVar[Any] = httpcore2


class AsyncMeshTransport(AsyncTransport, httpx2.AsyncBaseTransport):
    """The same for ``httpx2.AsyncClient``. It hedges side by side.

    Args: those of :class:`MeshTransport`.
    """

    _lib: ClassVar[Any] = httpx2
    _core: ClassVar[Any] = httpcore2
