"""A name server on loopback that answers as a test says."""

from __future__ import annotations

import socketserver
import threading
from types import TracebackType

import pytest

pytest.importorskip("dns", reason="no dnspython: the extra 'dns' has it")

import dns.message
import dns.rcode
import dns.rrset

__all__ = ["DnsServer"]


class DnsServer:
    """Serves ``zone`` over UDP and TCP, on one port; use it as a context manager.

    ``zone`` maps (name, "A" or "AAAA") to addresses; a name that has none of its kind has no data, and one
    that it does not know does not exist. ``rcodes`` maps names to what is answered instead ("SERVFAIL").
    ``silent`` has names that get no answer. ``asked`` counts what came: (name, kind, transport).
    """

    def __init__(self) -> None:
        self.zone: dict[tuple[str, str], list[str]] = {}
        self.aliases: dict[str, tuple[str, int]] = {}  #: name -> the name that it stands for, and its TTL
        self.ttl = 60
        self.rcodes: dict[str, str] = {}
        self.silent: set[str] = set()
        self.asked: list[tuple[str, str, str]] = []
        self._turns = threading.Condition()
        self._tcp, self._udp = self._bound()
        self.port: int = self._tcp.server_address[1]
        self._threads = [
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
            for server in (self._udp, self._tcp)
        ]

    def _bound(self) -> tuple[socketserver.TCPServer, socketserver.UDPServer]:
        """Servers on one port that is free for both."""
        for _ in range(20):
            tcp = socketserver.ThreadingTCPServer(("127.0.0.1", 0), self._handler("tcp"))
            try:
                return tcp, socketserver.ThreadingUDPServer(tcp.server_address, self._handler("udp"))
            except OSError:
                tcp.server_close()
        raise OSError("no port is free for UDP and TCP")

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def set(self, name: str, *addresses: str) -> None:
        """Let a name have these addresses and no others, of either family."""
        self.zone[name, "A"] = [address for address in addresses if ":" not in address]
        self.zone[name, "AAAA"] = [address for address in addresses if ":" in address]

    def wait_for_turns(self, count: int, *names: str) -> None:
        """Until each name has been asked for its IPv4 addresses so many times more.

        Two, and the first of them has come to the end, where lookups follow upon each other.
        """
        with self._turns:
            until = {name: self._turns_of(name) + count for name in names}
            assert self._turns.wait_for(
                lambda: all(self._turns_of(name) >= number for name, number in until.items()), 120
            ), f"some of {names} were not asked"

    def _turns_of(self, name: str) -> int:
        return sum(1 for asked, kind, _ in self.asked if (asked, kind) == (name, "A"))

    def __enter__(self) -> DnsServer:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in (self._udp, self._tcp):
            server.shutdown()
            server.server_close()

    def answer(self, wire: bytes, transport: str) -> bytes | None:
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)
        with self._turns:
            self.asked.append((name, kind, transport))
            self._turns.notify_all()
        if name in self.silent:
            return None
        reply = dns.message.make_response(query)
        reply.set_rcode(dns.rcode.from_text(self.rcodes.get(name, "NOERROR")))
        if name not in self.rcodes:
            self._fill(reply, name, kind)
        return reply.to_wire(want_shuffle=False)

    def _fill(self, reply: dns.message.Message, name: str, kind: str) -> None:
        if name in self.aliases:
            target, ttl = self.aliases[name]
            reply.answer.append(dns.rrset.from_text(name + ".", ttl, "IN", "CNAME", target + "."))
            name = target
        addresses = self.zone.get((name, kind))
        if addresses:
            reply.answer.append(dns.rrset.from_text(name + ".", self.ttl, "IN", kind, *addresses))
        elif not any(known == name for known, _ in self.zone):
            reply.set_rcode(dns.rcode.NXDOMAIN)

    def _handler(self, transport: str) -> type[socketserver.BaseRequestHandler]:
        owner = self

        class Datagram(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                data, socket = self.request
                found = owner.answer(data, transport)
                if found is not None:
                    socket.sendto(found, self.client_address)

        class Stream(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                size = int.from_bytes(self.rfile.read(2), "big")
                found = owner.answer(self.rfile.read(size), transport)
                if found is not None:
                    self.wfile.write(len(found).to_bytes(2, "big") + found)

        return Datagram if transport == "udp" else Stream
