"""Runs what a page of the documentation shows.

All blocks of Python of a page run from the top, in one namespace and in a folder of their own, where
``examples`` is the project's. A block whose first line is ``# NAME.yaml`` (or another name of a file) is
written to that file instead. A line ``expression  # literal`` is a claim, and asserted. Blocks may ``await``.
A block ``console`` holds commands of ``meshcore`` behind ``$``, each with what it prints; ``...`` stands for
what is left out, or is never the same.

What a reader need not see stands in comments, in the words of Sybil (https://sybil.readthedocs.io):

    <!-- invisible-code-block: python
    engine = ...
    -->

    <!-- skip: next "why it cannot run here" -->

and of ours ``<!-- needs: slowapi -->``: the next block needs a library that the tests do not install. It is
left out of the page's run, and runs alone where the library is there.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import os
import re
import shlex
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import yaml

from meshcore.cli.main import USAGE, main

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"

_PARTS = re.compile(
    r"^<!-- invisible-code-block: (?P<hidden>\w+)\n(?P<unseen>.*?)^-->$"
    r'|^<!-- (?P<mark>skip: next|needs:) "?(?P<why>.+?)"? -->$'
    r"|^```(?P<shown>\w*)\n(?P<seen>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_FILE = re.compile(r"# ([\w.-]+\.(?:yaml|py))$", re.MULTILINE)
_CLAIM = re.compile(r"^( *)(\S.*?)  # (\S.*)$", re.MULTILINE)


def serving(cluster: str, *endpoints: str, route: str = "{}", more: str = "{}", at: int = 80) -> str:
    """An Envoy configuration whose requests all go to one cluster, for blocks that readers do not see.

    ``route``, ``more``: further fields of its route and of the cluster, as YAML; ``at``: the listener's port.
    """
    found = [address.rsplit(":", 1) for address in endpoints]
    members = ", ".join(
        f"{{endpoint: {{address: {{socket_address: {{address: {host}, port_value: {port}}}}}}}}}"
        for host, port in found
    )
    action, fields = yaml.safe_load(route), yaml.safe_load(more)
    manager = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    document = yaml.safe_load(f"""
static_resources:
  listeners:
  - name: web
    address: {{socket_address: {{address: 127.0.0.1, port_value: {at}}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/{manager}
          stat_prefix: web
          http_filters:
          - name: envoy.filters.http.fault
            typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault}}
          - name: envoy.filters.http.router
            typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
          route_config:
            virtual_hosts:
            - {{name: all, domains: ["*"], routes: [{{match: {{prefix: /}}, route: {{cluster: {cluster}}}}}]}}
  clusters:
  - name: {cluster}
    load_assignment: {{cluster_name: {cluster}, endpoints: [{{lb_endpoints: [{members}]}}]}}
""")
    resources = document["static_resources"]
    manager_config = resources["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    manager_config["route_config"]["virtual_hosts"][0]["routes"][0].update(action)
    resources["clusters"][0].update(fields)
    return yaml.safe_dump(document)


class Answering:
    """A server on a port of loopback that answers every request by the same text, for blocks that readers do
    not see. ``seen``: path and header lines of each request, with names in small letters.
    """

    def __init__(self, text: str = "", status: int = 200) -> None:
        self.seen: list[tuple[str, dict[str, str]]] = []
        seen = self.seen

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                self.rfile.read(int(self.headers.get("content-length", "0")))
                self.send_response(status)
                self.send_header("content-length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            do_POST = do_GET

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Block(NamedTuple):
    """A block of code of a page."""

    language: str
    text: str
    line: int  #: where its text begins, from 1
    skip: str = ""  #: why it is not run
    needs: str = ""  #: the library without which it is not run

    @property
    def file(self) -> str | None:
        """The file that it is the text of."""
        named = _FILE.match(self.text)
        return named[1] if named else None


def blocks(page: Path) -> Iterator[Block]:
    """All blocks of a page, from the top, those included that readers do not see."""
    text, marks = page.read_text(), {"skip: next": "", "needs:": ""}
    for part in _PARTS.finditer(text):
        if part["mark"]:
            marks[part["mark"]] = part["why"]
            continue
        group = "unseen" if part["hidden"] else "seen"
        line = text.count("\n", 0, part.start(group)) + 1
        yield Block(part["hidden"] or part["shown"], part[group], line, marks["skip: next"], marks["needs:"])
        marks = dict.fromkeys(marks, "")


def python(page: Path) -> list[str]:
    """The Python that readers see."""
    found = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    return [text for text in found if not _FILE.match(text)]


def files(page: Path) -> dict[str, str]:
    """The files that a page shows: name -> text."""
    return {block.file: block.text for block in blocks(page) if block.file}


def with_claims(code: str) -> str:
    """The code, with an assertion in the place of each claim."""

    def claim(match: re.Match[str]) -> str:
        indent, expression, value = match.groups()
        try:
            ast.literal_eval(value)
            ast.parse(expression, mode="eval")
        except (SyntaxError, ValueError):
            return match[0]
        return f"{indent}_seen = ({expression}); assert _seen == {value}, _seen"

    return _CLAIM.sub(claim, code)


def execute(block: Block, page: Path, names: dict[str, Any], loop: asyncio.AbstractEventLoop) -> None:
    """Run one block; its claims are true."""
    source = "\n" * (block.line - 1) + with_claims(block.text)
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    result = eval(compile(source, str(page), "exec", flags, dont_inherit=True), names)
    if inspect.iscoroutine(result):
        loop.run_until_complete(result)


def commands(block: Block) -> Iterator[tuple[list[str], str]]:
    """The commands of a block, each with what it is said to print."""
    mark = r"^\$ " if block.language == "console" else r"^(?=\S)"
    for part in re.split(mark, re.sub(r"\\\n\s*", "", block.text), flags=re.MULTILINE):
        command, _, printed = part.partition("\n")
        if words := shlex.split(command, comments=True):
            yield words, printed


def enter_commands(block: Block) -> None:
    """Run the commands of a block; they print what it says."""
    for (program, *arguments), printed in commands(block):
        assert program == "meshcore", program
        seen = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        wide = mock.patch.dict(os.environ, COLUMNS="100", NO_COLOR="1")
        with wide, contextlib.redirect_stdout(seen), contextlib.redirect_stderr(seen):
            assert main(arguments) != USAGE
        wanted = re.escape(printed.strip()).replace(r"\.\.\.", ".*")
        seen.seek(0)
        told = seen.read()
        assert re.fullmatch(wanted, told.strip(), re.DOTALL), told


def run(page: Path, folder: Path, names: dict[str, Any] | None = None) -> dict[str, Any]:
    """Run a page in a folder (the current one); what it has defined. ``names``: what is defined before."""
    names = {"__name__": page.stem, "serving": serving, "Answering": Answering, **(names or {})}
    os.symlink(ROOT / "examples", folder / "examples")
    loop = asyncio.new_event_loop()
    try:
        for block in blocks(page):
            if block.skip or block.needs:
                continue
            if block.file:
                (folder / block.file).write_text(block.text)
            elif block.language == "python":
                execute(block, page, names, loop)
            elif block.language == "console":
                enter_commands(block)
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
    return names
