"""Our own format of route tests; docs/check.md describes it."""

from __future__ import annotations

from os.path import normpath
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from meshcore.check.case import Case
from meshcore.check.exchange import Request, Response
from meshcore.check.expect import read_expectations
from meshcore.check.setting import Setting
from meshcore.config.findings import Findings
from meshcore.config.scalar_types import Port, UInt64
from meshcore.config.schema import Meta, OneOf, Record, decode, error_at, node_of, origin_of, path_of
from meshcore.config.tree import (
    MappingNode,
    ScalarNode,
    SequenceNode,
    TreeNode,
    describe,
    join_path,
    scalar_text,
)

__all__ = ["read_native"]

_Text = Annotated[str, Meta(min_length=1)]
_Status = Annotated[int, Meta(ge=100, le=599)]
#: By how many percents the shares of a split may miss 100 in all.
_ROUNDING = 0.01


class RequestItem(Record):
    """A request: a ``url``, or its parts."""

    url: _Text | None = None
    method: _Text = "GET"
    authority: _Text | None = None
    path: _Text | None = None
    scheme: _Text | None = None
    headers: TreeNode | None = None
    source: _Text | None = None
    port: Port | None = None


class ResponseItem(Record):
    """What the endpoint answers."""

    status: _Status = 200
    headers: TreeNode | None = None


class TestItem(Record):
    """One test."""

    __oneofs__ = (OneOf("request", ("request", "requests"), required=True),)
    __test__ = False  # pytest: no class of tests

    name: _Text
    expect: MappingNode
    request: RequestItem | None = None
    requests: Annotated[list[RequestItem], Meta(min_length=1)] | None = None
    response: ResponseItem | None = None
    seed: UInt64 | None = None


class NodeItem(Record):
    """The workload that asks."""

    namespace: _Text = "default"
    labels: dict[str, str] = {}


class FileItem(Record):
    """A file of tests."""

    __oneofs__ = (OneOf("node", ("node", "gateway")),)

    tests: Annotated[list[TestItem], Meta(min_length=1)]
    config: TreeNode | None = None
    endpoints: _Text | None = None
    mesh_config: _Text | None = None
    gateway: _Text | None = None
    node: NodeItem | None = None
    ignore_kinds: list[_Text] = []


def read_native(root: MappingNode, findings: Findings) -> tuple[Setting, list[Case]] | None:
    """The tests of a file in our own format, and what it says of the configuration; None with findings."""
    file = decode(root, FileItem, findings)
    if file is None:
        _look_on(root, findings)
        return None
    folder = Path(root.document.file).parent
    node = file.node or NodeItem()
    gateway = file.gateway
    setting = Setting(
        paths=tuple(normpath(folder / name) for name in _names(file, findings)),
        namespace=gateway.rpartition("/")[0] or "default" if gateway else node.namespace,
        labels=tuple(node.labels.items()),
        gateway=gateway,
        endpoints=normpath(folder / file.endpoints) if file.endpoints else None,
        mesh_config=normpath(folder / file.mesh_config) if file.mesh_config else None,
        ignore_kinds=tuple(file.ignore_kinds),
    )
    return setting, [_case(item, findings) for item in file.tests]


def _look_on(root: MappingNode, findings: Findings) -> None:
    """Find what is wrong with the expectations of a file that is refused already: all comes at once."""
    tests = root.get("tests")
    for at, test in enumerate(tests.items if isinstance(tests, SequenceNode) else ()):
        expect = test.child("expect") if isinstance(test, MappingNode) else None
        if expect is not None:
            path = f"tests[{at}].expect"
            read_expectations(expect, findings, path)
            _split(expect, findings, path)


def _names(file: FileItem, findings: Findings) -> list[str]:
    node = file.config
    if node is None:
        return []
    items = node.items if isinstance(node, SequenceNode) else [node]
    names = [scalar_text(item, findings, "config") for item in items]
    return [name for name in names if name is not None]


def _case(item: TestItem, findings: Findings) -> Case:
    requests = item.requests if item.requests is not None else [item.request or RequestItem()]
    response = item.response or ResponseItem()
    path = path_of(item, "expect")
    case = Case(
        item.name,
        origin_of(item),
        tuple(_request(request, findings) for request in requests),
        read_expectations(item.expect, findings, path),
        _split(item.expect, findings, path),
        Response(response.status, _headers(response, findings)),
        item.seed,
    )
    if not item.expect.entries:
        error_at(findings, item, "expect", "nothing is expected, so the test could not fail")
    if case.split and case.seed is not None:
        error_at(findings, item, "seed", "a split is seen over many draws; leave out the seed")
    return case


def _request(item: RequestItem, findings: Findings) -> Request:
    scheme, authority, path = item.scheme, item.authority, item.path
    if item.url is not None:
        given = [name for name in ("scheme", "authority", "path") if getattr(item, name) is not None]
        if given:
            error_at(findings, item, given[0], "the url says this already")
        try:
            parts = urlsplit(item.url)
        except ValueError:  # a broken IPv6 address
            parts = urlsplit("")
        if parts.scheme not in ("http", "https") or not parts.netloc:
            expected = "a URL such as http://reviews:9080/reviews/7"
            findings.error(
                node_of(item, "url"), path_of(item, "url"), found=repr(item.url), expected=expected
            )
            return Request()
        scheme, authority = parts.scheme, parts.netloc
        path = item.url.split(parts.netloc, 1)[1]
        path = path if path.startswith("/") else f"/{path}"
    return Request(
        path or "/",
        authority,
        item.method,
        _headers(item, findings),
        scheme or "http",
        item.source,
        item.port,
    )


def _headers(item: RequestItem | ResponseItem, findings: Findings) -> tuple[tuple[str, str], ...]:
    """Header lines: a mapping of names to a value or a list of values."""
    node, path = item.headers, path_of(item, "headers")
    if node is None:
        return ()
    if not isinstance(node, MappingNode):
        findings.error(node, path, found=describe(node), expected="a mapping of names to values")
        return ()
    lines = []
    for name, value in node.entries.items():
        full = join_path(path, name)
        for one in value.items if isinstance(value, SequenceNode) else [value]:
            text = scalar_text(one, findings, full)
            if text is not None:
                lines.append((name, text))
    return tuple(lines)


def _split(expect: MappingNode, findings: Findings, path: str) -> dict[str, float]:
    node, path = expect.get("split"), join_path(path, "split")
    if node is None:
        return {}
    if not isinstance(node, MappingNode):
        findings.error(node, path, found=describe(node), expected="a mapping such as {v1: 90, v2: 10}")
        return {}
    shares = {}
    for label, value in node.entries.items():
        number = value.value if isinstance(value, ScalarNode) else None
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= 100:
            findings.error(value, join_path(path, label), found=describe(value), expected="a percentage")
        else:
            shares[label] = float(number)
    if len(shares) == len(node.entries) and abs(sum(shares.values()) - 100) > _ROUNDING:
        found = f"a sum of {sum(shares.values()):g}"
        findings.error(node, path, found=found, expected="shares that add up to 100")
    return shares
