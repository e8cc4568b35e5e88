"""What there is to compare: one bench_*.py for each concern, found by its name."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

from comparison import Comparison

FOLDER = Path(__file__).parent
#: What runs only when it is named, or with --all, and what it takes.
NAMED_ONLY = {
    "clients": "Envoy, and a minute",
    "hop": "Envoy and HAProxy, minutes, and a machine with nothing else to do",
}


def names() -> list[str]:
    """Every concern."""
    return sorted(path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py"))


def about(name: str) -> str:
    """What the bench says of itself, without importing it."""
    tree = ast.parse((FOLDER / f"bench_{name}.py").read_text(encoding="utf-8"))
    return (ast.get_docstring(tree) or "").partition("\n")[0]


def compare(name: str, quick: bool) -> Comparison:
    found: Comparison = import_module(f"bench_{name}").compare(quick)
    return found
