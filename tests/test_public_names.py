"""What ``import meshcore`` offers, and what it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import meshcore


@pytest.mark.parametrize("name", meshcore.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(meshcore, name) is not None
    assert name in dir(meshcore)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Engin'"):
        meshcore.Engin  # noqa: B018


def test_importing_the_package_loads_neither_loaders_nor_engine() -> None:
    heavy = "yaml", "msgspec", "meshcore.engine"
    code = f"import sys, meshcore; print([m for m in {heavy} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert out.strip() == "[]"
