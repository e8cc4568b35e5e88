"""A transport of the caller's own under a mesh's, for tests: ``MockTransport`` or ``ASGITransport``."""

from __future__ import annotations

from typing import Any

from meshcore._options import having
from meshcore.integrations._httpx_requests import Sent

__all__ = ["Given"]


class Given:
    """Hands attempts to a transport as the library's own requests: to the endpoint's address, with the Host
    that the mesh makes.

    Raises:
        TypeError: it is no transport of this kind.
    """

    def __init__(self, lib: Any, transport: Any, kind: str) -> None:
        method = "handle_async_request" if kind.startswith("Async") else "handle_request"
        having(
            "transport",
            transport,
            method,
            f"a transport with {method}(), such as {lib.__name__}.MockTransport",
        )
        self._lib = lib
        self._transport = transport

    def _whole(self, request: Any) -> Any:
        if not isinstance(request, Sent):  # it goes past the mesh
            return request
        url = request.url
        host = url.raw_host.decode()
        return self._lib.Request(
            request.method,
            self._lib.URL(scheme=url.raw_scheme.decode(), host=host, port=url.port, raw_path=url.raw_path),
            headers=request.headers.raw,
            stream=request.stream,
            extensions=request.extensions,
        )

    def handle_request(self, request: Any) -> Any:
        return self._transport.handle_request(self._whole(request))

    async def handle_async_request(self, request: Any) -> Any:
        return await self._transport.handle_async_request(self._whole(request))

    def close(self) -> None:
        self._transport.close()

    async def aclose(self) -> None:
        await self._transport.aclose()
