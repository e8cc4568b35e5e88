"""``meshcore proxy`` as a process: signals, exit codes and messages."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from proxy_support import RawClient, RawOrigin, in_loop

from meshcore.cli.main import main

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
DOCUMENT = """\
static_resources:
  listeners:
  - name: web
    address: {{socket_address: {{address: 0.0.0.0, port_value: 80}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": {manager}
          stat_prefix: web
          route_config:
            name: local
            virtual_hosts:
            - name: app
              domains: [app.example]
              routes:
              - match: {{prefix: /}}
                route: {{cluster: app}}
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
  - name: app
    type: STATIC
    load_assignment:
      cluster_name: app
      endpoints:
      - lb_endpoints:
        - endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}}}
"""
MANAGER = (
    "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
)


def document(port: int | str) -> str:
    """A bootstrap whose only cluster is on that port."""
    return DOCUMENT.format(manager=MANAGER, port=port)


class Command:
    """A running ``meshcore proxy``."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.port = 0
        self.admin = 0

    async def said(self, what: str) -> re.Match[str]:
        """Wait for a line on stderr that holds ``what``."""
        assert self.process.stderr is not None
        lines = []
        while line := (await self.process.stderr.readline()).decode():
            if found := re.search(what, line):
                return found
            lines.append(line)
        raise AssertionError(f"never said {what!r}: {lines}")

    async def status(self) -> int:
        async with RawClient(self.port) as client:
            await client.get("/")
            return (await client.answer())[0]


@contextlib.asynccontextmanager
async def command(path: Path, *args: str) -> AsyncIterator[Command]:
    words = ("-m", "meshcore", "proxy", "-c", str(path), "--listen", "0", "--admin", "0", *args)
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    running = Command(process)
    try:
        running.port = int((await running.said(r"listening on 127\.0\.0\.1:(\d+)"))[1])
        running.admin = int((await running.said(r"admin pages on http://127\.0\.0\.1:(\d+)/"))[1])
        yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


@in_loop
async def test_a_life(tmp_path: Path) -> None:
    path = tmp_path / "envoy.yaml"
    async with RawOrigin(OK) as first, RawOrigin(OK) as second, RawOrigin(b"", close=False) as slow:
        path.write_text(document(first.port))
        words = ("--log-format", "json", "--reload-interval", "0", "--name", "edge")
        async with command(path, *words) as running:
            assert await running.status() == 200
            assert b"\r\nx-meshcore-caller: edge\r\n" in first.heads[0]

            path.write_text(document("none"))  # refused, with its position
            running.process.send_signal(signal.SIGHUP)
            assert await running.said(rf"{re.escape(str(path))}:\d+:\d+: error: .*none")
            await running.said("the old one keeps serving")
            assert await running.status() == 200
            assert (first.connections, second.connections) == (2, 0)

            path.write_text(document(second.port))
            running.process.send_signal(signal.SIGHUP)
            await running.said("now serving configuration")
            assert await running.status() == 200
            assert (first.connections, second.connections) == (2, 1)

            path.write_text(document(slow.port))
            running.process.send_signal(signal.SIGHUP)
            await running.said("now serving configuration")
            async with RawClient(running.port) as client:
                await client.get("/")
                while not slow.heads:
                    await asyncio.sleep(0.01)
                running.process.send_signal(signal.SIGTERM)
                await running.said("stopping: 1 requests")
                running.process.send_signal(signal.SIGINT)  # a second one does not wait
                assert await client.rest() == b""
            output, _ = await running.process.communicate()
            assert running.process.returncode == 0
    records = [json.loads(line) for line in output.decode().splitlines()]
    assert [record["status"] for record in records] == [200, 200, 200, 0]
    assert records[-1]["flags"] == "DC"


@in_loop
async def test_changed_files_are_served_by_themselves(tmp_path: Path) -> None:
    path = tmp_path / "envoy.yaml"
    async with RawOrigin(OK) as first, RawOrigin(OK) as second:
        path.write_text(document(first.port))
        async with command(path, "--reload-interval", "0.02") as running:
            path.write_text(document(second.port))
            await running.said("now serving configuration")
            assert await running.status() == 200
            assert second.connections == 1


@in_loop
async def test_requests_under_way_end_before_it_does(tmp_path: Path) -> None:
    path = tmp_path / "envoy.yaml"
    go_on = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        arrived.set()
        await go_on.wait()
        writer.write(OK)
        await writer.drain()

    arrived = asyncio.Event()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    path.write_text(document(server.sockets[0].getsockname()[1]))
    async with command(path) as running, RawClient(running.port) as client:
        await client.get("/")
        await arrived.wait()
        running.process.send_signal(signal.SIGTERM)
        await running.said("stopping")
        go_on.set()
        status, headers, body = await client.answer()
        assert (status, headers["connection"], body) == (200, ["close"], b"ok")
        assert await running.process.wait() == 0
    server.close()


def test_an_admin_address_that_others_reach_needs_consent(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["proxy", "-c", "none.yaml", "--admin", "0.0.0.0:15000"]) == 2
    assert "--admin-allow-remote" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "hint"),
    [
        ("--listen", "choose another port by --listen, 0 for a free one, which is printed\n"),
        (
            "--admin",
            "choose another port by --admin, 0 for a free one, which is printed, or off for no admin pages\n",
        ),
    ],
)
def test_an_address_that_is_taken(
    option: str, hint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "envoy.yaml"
    path.write_text(document(1))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        addresses = {"--listen": "0", "--admin": "0", option: str(port)}
        assert main(["proxy", "-c", str(path), *(it for pair in addresses.items() for it in pair)]) == 1
    told = f"meshcore: error: cannot listen on 127.0.0.1:{port}: Address already in use; {hint}"
    assert capsys.readouterr().err == told


@pytest.mark.parametrize("listen", ["nowhere", "127.0.0.1:", "1.2.3.4:99999", "80=http", "80="])
def test_addresses_are_checked(listen: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["proxy", "-c", "none.yaml", "--listen", listen])
    assert ended.value.code == 2
    assert "is not a port" in capsys.readouterr().err


def test_a_name_is_checked(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["proxy", "-c", "none.yaml", "--name", "a,b"])
    assert ended.value.code == 2
    assert "'a,b' is no name: expected visible ASCII without a comma" in capsys.readouterr().err


@in_loop
async def test_endpoints_by_name_are_looked_up(tmp_path: Path) -> None:
    path = tmp_path / "envoy.yaml"
    async with RawOrigin(OK) as app:
        by_name = document(app.port).replace("STATIC", "STRICT_DNS\n    dns_lookup_family: V4_ONLY")
        path.write_text(by_name.replace("address: 127.0.0.1", "address: localhost"))
        async with command(path, "--no-name") as running:
            assert await running.status() == 200
        assert b"x-meshcore-caller" not in app.heads[0]


@pytest.mark.parametrize("arguments", [["--resolver", "dnspython"], []])
def test_a_resolver_that_is_not_there_is_told(
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "dns.resolver", None)
    path = tmp_path / "envoy.yaml"
    own = "STRICT_DNS\n    dns_resolvers: [{socket_address: {address: 127.0.0.1, port_value: 53}}]"
    path.write_text(
        document(1).replace("STATIC", own).replace("127.0.0.1, port_value: 1}", "a.test, port_value: 1}")
    )
    assert main(["proxy", "-c", str(path), "--listen", "0", "--admin", "off", *arguments]) == 2
    assert "pip install 'meshcore-engine[dns]'" in capsys.readouterr().err
