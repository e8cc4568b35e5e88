"""What help() says of compiled classes: the documentation of their stubs, for the build to put into them.

The stub beside a Cython module is what editors and type checkers read, and the one place where its classes
are documented. ``documented()`` makes of both the source to compile.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

__all__ = ["documentation", "documented"]

_HEADER = re.compile(r"(?P<indent> *)(?P<compiled>cdef |cpdef )?(?P<kind>class|def) (?P<name>\w+)")
_HEADER_ENDS = re.compile(r":\s*(#.*)?$")


def documentation(stub: str) -> dict[str, str]:
    """The docstrings of a stub, by qualified name: ``"Engine"``, ``"Engine.decide"``.

    What is said of ``__init__`` is said of its class, since that is what people call.
    """
    return dict(_documentation(ast.parse(stub).body))


def _documentation(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for node in body:
        if isinstance(node, ast.FunctionDef):
            text = ast.get_docstring(node)
            if text and not node.name.startswith("__"):
                yield node.name, text
        elif isinstance(node, ast.ClassDef):
            sayers: list[ast.ClassDef | ast.FunctionDef] = [node, *_makers(node)]
            if text := "\n\n".join(filter(None, map(ast.get_docstring, sayers))):
                yield node.name, text
            for name, text in _documentation(node.body):
                yield f"{node.name}.{name}", text


def _makers(node: ast.ClassDef) -> list[ast.FunctionDef]:
    return [one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]


def _signatures(stub: str) -> dict[str, str]:
    """Of classes, by their names, as CPython has them at the beginning of a docstring."""
    classes = (node for node in ast.parse(stub).body if isinstance(node, ast.ClassDef))
    return {
        node.name: f"{node.name}({_parameters(maker.args)})\n--\n\n"
        for node in classes
        for maker in _makers(node)
    }


def _parameters(given: ast.arguments) -> str:
    """Without their types, and without self."""
    return ast.unparse(
        ast.arguments(
            posonlyargs=[],
            args=[ast.arg(one.arg) for one in (*given.posonlyargs, *given.args)][1:],
            vararg=given.vararg and ast.arg(given.vararg.arg),
            kwonlyargs=[ast.arg(one.arg) for one in given.kwonlyargs],
            kw_defaults=given.kw_defaults,
            kwarg=given.kwarg and ast.arg(given.kwarg.arg),
            defaults=given.defaults,
        )
    )


def documented(source: str, stub: str) -> str:
    """The source of a Cython module with the docstrings of its stub.

    Those of extension types begin with the signature, for ``inspect``; Cython sees to that of methods alone.

    Every statement stays in its line, so that tracebacks name the lines of the source that people have: each
    docstring goes into one line, and takes the place of the last blank one above what it documents.

    Raises:
        ValueError: where there is no blank line to take.
    """
    lines = source.split("\n")
    left, signatures = documentation(stub), _signatures(stub)
    scope = ""
    for at, line in enumerate(lines):
        header = _HEADER.match(line)
        if header is None or header["indent"] not in ("", "    "):
            continue
        if not header["indent"]:
            scope = header["name"] if header["kind"] == "class" else ""
        name = f"{scope}.{header['name']}" if header["indent"] else header["name"]
        text = left.pop(name, None)  # of a property: its getter's, which comes first
        if text is None:
            continue
        if header["compiled"]:
            text = signatures.get(name, "") + text
        _insert(lines, at, f"{header['indent']}    {text!r}", name)
    return "\n".join(lines)


def _insert(lines: list[str], header: int, docstring: str, name: str) -> None:
    end = header
    while not _HEADER_ENDS.search(lines[end]):
        end += 1
    blank = header
    while lines[blank].strip():
        blank -= 1
        if blank < 0:
            raise ValueError(f"no blank line above {name} could be a line of its docstring")
    lines.insert(end + 1, docstring)
    del lines[blank]
