"""What the tests of components share."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

from meshcore._backend import BACKENDS, COMPONENTS, component_module

# How long an example takes says nothing where others work on the machine, too.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="module", params=BACKENDS)
def each_backend(request: pytest.FixtureRequest) -> str:
    """Runs a module's tests on every backend that is present: the components that the module has imported are
    those of the backend meanwhile."""
    name: str = request.param
    for home, components in COMPONENTS.items():
        try:
            module = component_module(home, name)
        except ImportError as error:
            pytest.skip(str(error))
        for component in components:
            if hasattr(request.module, component):
                setattr(request.module, component, getattr(module, component))
    return name


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A certificate of app.example's own, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("makes a certificate by the openssl command, which is not installed")
    folder = tmp_path_factory.mktemp("tls")
    names = str(folder / "cert.pem"), str(folder / "key.pem")
    make = [
        openssl,
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=app.example",
    ]
    files = ["-addext", "subjectAltName=DNS:app.example", "-out", names[0], "-keyout", names[1]]
    subprocess.run([*make, *files], check=True, capture_output=True)
    return names


@pytest.fixture
def often() -> Iterator[None]:
    """Threads change in the middle of everything."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)
