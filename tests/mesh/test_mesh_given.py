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
        ([["mesh.yaml"]], {}, r"paths\[0\] is \['mesh.yaml'\]; .*several paths are arguments of their own"),
        ([""], {}, r"paths\[0\] is ''; expected a path"),
        (["mesh.yaml"], {"node": "shop"}, "node is 'shop'; expected a meshcore.Node"),
        (["mesh.yaml"], {"service": 5}, "service is 5; expected the name of a service"),
        (["mesh.yaml"], {"endpoints": 7}, "endpoints is 7; expected a path"),
        (["mesh.yaml"], {"mesh_config": 5}, "mesh_config is 5; expected a path"),
        (
            ["mesh.yaml"],
            {"reload_interval": -1.0},
            "reload_interval is -1.0; expected seconds, or 0 for never",
        ),
        (["mesh.yaml"], {"reload_interval": "fast"}, "reload_interval is 'fast'; expected seconds"),
        (["mesh.yaml"], {"reload_interval": float("nan")}, "is nan"),
        (["mesh.yaml"], {"reload_interval": float("inf")}, "is inf"),
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
    with pytest.raises(TypeError, match="node is 'shop'; expected"):
        Mesh(config_of(service("reviews", 1)), node="shop")  # type: ignore[arg-type]
