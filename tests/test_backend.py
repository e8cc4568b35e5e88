"""The choice among the bindings, made in one place."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from meshcore import _backend
from meshcore._backend import BACKENDS, COMPONENTS, backend, component_module

PYPY = sys.implementation.name == "pypy"


def in_another_process(code: str, **environment: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    return run.stdout + run.stderr


@pytest.mark.parametrize("name", BACKENDS)
def test_the_environment_chooses(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESHCORE_BACKEND", name)
    assert backend() == name


def test_what_is_chosen_where_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MESHCORE_BACKEND", raising=False)
    assert backend() == ("cffi" if PYPY else "cython")


def test_an_unknown_backend_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESHCORE_BACKEND", "ctypes")
    with pytest.raises(ImportError, match="MESHCORE_BACKEND is 'ctypes': it is one of cython, cffi"):
        backend()


@pytest.mark.parametrize("name", BACKENDS)
def test_public_names_come_from_the_chosen_one(name: str) -> None:
    code = "import meshcore; print(meshcore.RouteTable.__module__)"
    try:
        expected = component_module("meshcore.match", name).__name__
    except ImportError as error:
        expected = f"ImportError: {error}"
    assert in_another_process(code, MESHCORE_BACKEND=name).splitlines()[-1] == expected


@pytest.mark.parametrize(
    ("name", "missing", "hint"),
    [
        ("cffi", "_cffi_backend", r"pip install 'meshcore-engine\[cffi\]'"),
        ("cffi", "meshcore._cffi._core", r"pip install 'meshcore-engine\[cffi\]'"),
        ("cython", "meshcore.match", "unset MESHCORE_BACKEND" if PYPY else "the core is not compiled in"),
    ],
)
def test_a_missing_backend_says_how_to_get_it(
    name: str, missing: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(module: str) -> None:
        raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)

    monkeypatch.setattr(_backend, "import_module", fail)
    with pytest.raises(ImportError, match=f"no {name} backend here: .*{hint}"):
        component_module("meshcore.match", name)


@pytest.mark.skipif(PYPY, reason="PyPy has no Cython modules")
@pytest.mark.parametrize(
    ("missing", "told"),
    [("meshcore._memory", "the core is not compiled in"), ("msgspec", "No module named 'msgspec'")],
)
def test_sources_that_are_not_compiled_say_so(
    missing: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(module: str) -> None:
        raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)

    monkeypatch.setattr(_backend, "import_module", fail)
    with pytest.raises(ImportError, match=told):
        _backend.module_of("meshcore.config", "load")


def test_a_mistake_of_ours_is_not_taken_for_a_missing_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(module: str) -> None:
        raise ImportError("cannot import name 'x'", name="meshcore.model")

    monkeypatch.setattr(_backend, "import_module", fail)
    with pytest.raises(ImportError, match="cannot import name 'x'"):
        component_module("meshcore.match", "cffi")


@pytest.mark.parametrize("name", BACKENDS)
def test_each_has_all_components(name: str) -> None:
    for home, components in COMPONENTS.items():
        try:
            module = component_module(home, name)
        except ImportError as error:
            pytest.skip(str(error))
        for component in components:
            assert hasattr(module, component), f"{name} has no {component}"
