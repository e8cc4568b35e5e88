"""One certificate in several Gateways: browsers reuse a connection for the hosts of another."""

from __future__ import annotations

from meshcore.analysis.context import Context
from meshcore.analysis.cursor import Cursor
from meshcore.analysis.inventory import NETWORKING, Item
from meshcore.analysis.names import some

__all__ = ["analyze"]


def analyze(ctx: Context) -> None:
    users: dict[tuple[str, ...], dict[Item, Cursor]] = {}
    for gateway in ctx.inventory.of(NETWORKING, "Gateway"):
        for server in gateway.spec.get("servers").each():
            certificate = _certificate(server.get("tls"))
            if certificate:
                users.setdefault(certificate, {}).setdefault(gateway, server.get("tls"))
    for certificate, gateways in users.items():
        if len(gateways) < 2:
            continue
        selectors = {gateway: gateway.spec.get("selector").labels for gateway in gateways}
        for gateway, where in gateways.items():
            own = selectors[gateway].items()
            names = [
                other.full_name
                for other, selector in selectors.items()
                if other is not gateway and own <= selector.items()
            ]
            if names:
                message = (
                    f"the certificate {certificate[0]!r} is used by Gateway {some(names)} as well: clients "
                    "that reuse HTTP/2 connections get a 404 for hosts of the other"
                )
                ctx.report("IST0138", where, message)


def _certificate(tls: Cursor) -> tuple[str, ...]:
    credential = tls.get("credentialName").text
    if credential:
        return (credential,)
    pair = (tls.get("serverCertificate").text, tls.get("privateKey").text)
    return pair if all(pair) else ()
