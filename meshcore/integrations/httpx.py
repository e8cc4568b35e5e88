"""Transports for httpx: a client's requests go where the mesh says.

client = httpx.Client(transport=MeshTransport(mesh))
client.get("http://reviews/reviews/7")
"""

from __future__ import annotations

from typing import Any, ClassVar

import httpcore
import httpx

from meshcore.integrations._httpx import AsyncTransport, SyncTransport

__all__ = ["AsyncMeshTransport", "MeshTransport"]


class MeshTransport(SyncTransport, httpx.BaseTransport):
    """Routes, balances, retries and limits what a ``httpx.Client`` sends, by the mesh's configuration.

    An answer that the mesh gives by itself (a redirect, a fault, an open breaker, a timeout of the route) is
    a response, as from a sidecar. Where the last attempt failed on its way, the library's own exception is
    raised. ``response.extensions["meshcore"]`` is the decision. Hosts that the configuration does not know
    are reached as if there were no mesh.

    Args:
        mesh: the mesh of the process.
        transport: what sends in place of ``httpx.HTTPTransport``, for tests: a ``MockTransport``, say.
        options: those of ``httpx.HTTPTransport``.
    """

    _lib: ClassVar[Any] = httpx
    _core: ClassVar[Any] = httpcore


class AsyncMeshTransport(AsyncTransport, httpx.AsyncBaseTransport):
    """The same for ``httpx.AsyncClient``. It hedges side by side.

    Args: those of :class:`MeshTransport`.
    """

    _lib: ClassVar[Any] = httpx
    _core: ClassVar[Any] = httpcore
