"""A reverse proxy as one writes it by aiohttp, which decides nothing: the floor of our choice."""

from __future__ import annotations

import asyncio


async def listen(upstream: int, port: int = 0) -> asyncio.Server:
    """Forward what comes to a port (0: any free one) of 127.0.0.1 to another one, until the loop ends."""
    import aiohttp
    from aiohttp import web

    session = aiohttp.ClientSession(auto_decompress=False)

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        url = f"http://127.0.0.1:{upstream}{request.raw_path}"
        async with session.request(request.method, url, headers=request.headers) as answer:
            response = web.StreamResponse(status=answer.status, headers=answer.headers)
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
            return response

    loop = asyncio.get_running_loop()
    return await loop.create_server(web.Server(handle, access_log=None), "127.0.0.1", port)
