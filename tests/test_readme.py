"""The README's Python does what its comments say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from docs_support import ROOT, blocks

IN_AN_APP, *BLOCKS = (block.text for block in blocks(ROOT / "README.md") if block.language == "python")
#: An expression, and what its comment says of it.
CLAIM = re.compile(r"^( *)((?:decision|table)\.\S.*?)  # (Outcome\.\w+|\"[^\"]*\").*$", re.MULTILINE)


def test_the_lines_that_join_a_mesh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    httpx, fastapi = pytest.importorskip("httpx"), pytest.importorskip("fastapi")
    from meshcore import Mesh
    from meshcore.integrations.asgi import MeshMiddleware
    from meshcore.integrations.httpx import MeshTransport

    (tmp_path / "istio").symlink_to(ROOT / "examples" / "fastapi-bookinfo")
    monkeypatch.chdir(tmp_path)
    names = {"Mesh": Mesh, "MeshMiddleware": MeshMiddleware, "MeshTransport": MeshTransport, "httpx": httpx}
    names["app"] = fastapi.FastAPI()
    exec(IN_AN_APP, names)
    with names["client"]:
        assert names["client"].get("http://reviews:9080/").text == "no healthy upstream"
    assert names["app"].user_middleware[0].cls is MeshMiddleware
    names["mesh"].close()


@pytest.mark.parametrize("block", BLOCKS)
def test_python_blocks(block: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    checked, claims = CLAIM.subn(r"\1assert \2 == \3", block)
    assert claims
    exec(checked, {"Outcome": __import__("meshcore").Outcome})


def test_links_of_what_is_installed_stay_within_it() -> None:
    documents = list((ROOT / "meshcore" / "demo" / "bookinfo").glob("*.md"))  # a link in the source
    assert documents
    for document in documents:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text()):
            assert target.startswith("https://") or (
                not target.startswith("..") and (document.parent / target).exists()
            ), f"{document.name}: {target}"


def test_links_lead_somewhere() -> None:
    for document in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text()):
            if not target.startswith("https://"):
                assert (document.parent / target).exists(), f"{document.name}: {target}"
