"""The sockets that clients connect to, and which ports of the configuration they stand for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from meshcore.listening import ListenError, shown

__all__ = ["Address", "Sockets"]

#: Host and port to listen on, and perhaps the configured port that this socket stands for.
Address = tuple[str, int] | tuple[str, int, int | None]


class Sockets:
    """Listens on ``listen``, once it is opened, until it is closed."""

    def __init__(self, listen: Sequence[Address]) -> None:
        self._listen = listen
        self._servers: list[asyncio.Server] = []
        self._config_ports: dict[int, int | None] = {}

    async def open(self, made: Callable[[], asyncio.BaseProtocol]) -> None:
        """Have ``made`` for each connection.

        Raises:
            ListenError: an OSError, where an address cannot be listened on. Those before it are open.
        """
        loop = asyncio.get_running_loop()
        for host, port, *config_port in self._listen:
            try:
                server = await loop.create_server(made, host, port, backlog=1024)
            except OSError as error:
                raise ListenError(shown(host, port), error) from error
            self._servers.append(server)
            for socket in server.sockets:
                self._config_ports[socket.getsockname()[1]] = config_port[0] if config_port else None

    def close(self) -> None:
        """Take no more connections; those that there are go on."""
        for server in self._servers:
            server.close()

    @property
    def ports(self) -> list[int]:
        """In the order of ``listen``."""
        return [server.sockets[0].getsockname()[1] for server in self._servers if server.sockets]

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Hosts and ports."""
        return [socket.getsockname()[:2] for server in self._servers for socket in server.sockets]

    def config_port(self, name: object) -> int | None:
        """The configured port that the socket of that name stands for; None: there is none."""
        return self._config_ports.get(name[1]) if isinstance(name, tuple) else None
