"""One certificate in several Gateways: browsers reuse a connection for the hosts of another."""

from __future__ import annotations

from collections.abc import Iterator

from meshcore.analysis.context import Context
from meshcore.analysis.cursor import Cursor
from meshcore.analysis.inventory import NETWORKING, Item
from meshcore.analysis.names import some
from meshcore.analysis.selection import SelectorIndex

__all__ = ["analyze"]


def analyze(ctx: Context) -> None:
    users: dict[tuple[str, ...], dict[Item, Cursor]] = {}
    for gateway in ctx.inventory.of(NETWORKING, "Gateway"):
        for server in gateway.spec.get("servers").each():
            certificate = _certificate(server.get("tls"))
            if certificate:
                users.setdefault(certificate, {}).setdefault(gateway, server.get("tls"))
    for certificate, gateways in users.items():
        if len(gateways) > 1:
            _check(ctx, certificate[0], gateways)


def _check(ctx: Context, certificate: str, gateways: dict[Item, Cursor]) -> None:
    selectors = SelectorIndex()
    by_selector: dict[str, list[Item]] = {}
    for gateway in gateways:
        text = selectors.add(gateway.spec.get("selector").labels)
        by_selector.setdefault(text, []).append(gateway)
    for text, items in by_selector.items():
        narrower = list(selectors.narrower(text))
        for gateway in items:
            names = some(_others(gateway, narrower, by_selector))
            if names:
                message = (
                    f"the certificate {certificate!r} is used by Gateway {names} as well: clients "
                    "that reuse HTTP/2 connections get a 404 for hosts of the other"
                )
                ctx.report("IST0138", gateways[gateway], message)


def _others(gateway: Item, selectors: list[str], by_selector: dict[str, list[Item]]) -> Iterator[str]:
    return (it.full_name for text in selectors for it in by_selector[text] if it is not gateway)


def _certificate(tls: Cursor) -> tuple[str, ...]:
    credential = tls.get("credentialName").text
    if credential:
        return (credential,)
    pair = (tls.get("serverCertificate").text, tls.get("privateKey").text)
    return pair if all(pair) else ()
