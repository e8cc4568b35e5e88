"""meshcore.mesh.given: mistakes in what a mesh is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mesh_support import config_of, service

from meshcore import Mesh


@pytest.mark.parametrize(
    ("paths", "options", "error"),
    [
        ([], {}, "a mesh is loaded of documents"),
        ([["mesh.yaml"]], {}, "not list; several paths are arguments of their own"),
        (["mesh.yaml"], {"node": "shop"}, "node: expected a meshcore.Node, not str"),
        (["mesh.yaml"], {"service": 5}, "service: expected the name of a service, not int"),
        (
            ["mesh.yaml"],
            {"reload_interval": -1.0},
            "reload_interval: expected seconds, or 0 for never, not -1.0",
        ),
        (["mesh.yaml"], {"reload_interval": float("nan")}, "not nan"),
        (["mesh.yaml"], {"reload_interval": float("inf")}, "not inf"),
    ],
)
def test_what_no_mesh_can_be_made_of_is_told(
    paths: list[Any], options: dict[str, Any], error: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mesh.yaml").write_text(service("reviews", 1))
    with pytest.raises((TypeError, ValueError), match=error):
        Mesh.load(*paths, **options)


def test_likewise_of_a_model() -> None:
    with pytest.raises(TypeError, match="node: expected"):
        Mesh(config_of(service("reviews", 1)), node="shop")  # type: ignore[arg-type]
