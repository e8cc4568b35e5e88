"""Names of Service ports that do not tell the protocol."""

from __future__ import annotations

from meshcore.analysis.context import Context
from meshcore.analysis.cursor import Cursor
from meshcore.analysis.inventory import CORE
from meshcore.config.istio.kubernetes import SERVER_FIRST
from meshcore.config.istio.registry import Protocol

__all__ = ["analyze"]

MANAGED = "gateway.istio.io/managed"
CONTROLLERS = frozenset(
    {"istio.io-gateway-controller", "istio.io-mesh-controller", "istio.io-eastwest-controller"}
)
_KUBERNETES_NAMES = ("kubernetes.io/h2c", "kubernetes.io/ws", "kubernetes.io/wss")


def analyze(ctx: Context) -> None:
    for service in ctx.inventory.of(CORE, "Service"):
        control_plane = "istio" in service.labels or service.labels.get("release") == "istio"
        if control_plane or service.labels.get(MANAGED) in CONTROLLERS:
            continue
        external = service.spec.get("type").text == "ExternalName"
        for port in service.spec.get("ports").each():
            name = port.get("name").text
            if _tells_protocol(port) and not (external and name == "tcp"):
                continue
            if external:
                message = f"port {name!r} of an ExternalName Service: proxies take it for TCP"
                expected = "a name that begins with its protocol, such as http or https-web"
                ctx.report("IST0150", port.get("name"), message, expected=expected)
            else:
                message = (
                    f"the name {name!r} of port {port.get('port').text} does not tell its protocol; "
                    "it is guessed from the traffic"
                )
                expected = "http, http-web, grpc-api, tcp-db and the like, or appProtocol"
                ctx.report("IST0118", port.get("name"), message, expected=expected)


def _tells_protocol(port: Cursor) -> bool:
    if port.get("protocol").text == "UDP":
        return True
    stated = port.get("appProtocol")
    name = stated.text if stated else port.get("name").text
    if stated and name in _KUBERNETES_NAMES:
        return True
    name = name.lower()
    if name.startswith("grpc-web") or Protocol.known(name.partition("-")[0]):
        return True
    return port.get("port").number in SERVER_FIRST
