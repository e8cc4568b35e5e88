"""The bundled reverse proxy: streams HTTP/1.1 by the engine's decisions.

    proxy = Proxy(Engine(load("bookinfo.yaml")), listen=[("127.0.0.1", 0)])
    await proxy.start()
    ...
    await proxy.stop(drain=5.0)

See docs/proxy.md for what it is made of, and for what it does not do.
"""

try:
    import aiohttp  # noqa: F401
    import httptools  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"the proxy needs {error.name}, which is missing: pip install 'meshcore-engine[proxy]'",
        name=error.name,
    ) from error

from meshcore.proxy.options import ProxyOptions
from meshcore.proxy.server import Proxy
from meshcore.telemetry.access import AccessRecord

__all__ = ["AccessRecord", "Proxy", "ProxyOptions"]
