"""What the tests of components share."""

from __future__ import annotations

import pytest

from meshcore._backend import BACKENDS, COMPONENTS, component_module


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
