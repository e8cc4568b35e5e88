"""Fixtures of the tests of the Gateway API."""

from __future__ import annotations

import pytest
from gateway_api_support import Derivation, Derive
from istio_support import given

from meshcore.config.documents import read_text
from meshcore.config.findings import Findings
from meshcore.config.istio.gateway_api.derive import derive
from meshcore.config.istio.reading import read
from meshcore.config.istio.translate import make_registry
from meshcore.config.istio.validation import validate


@pytest.fixture
def derived() -> Derive:
    """Derive Istio's records from a text, with services in the registry (``web``, ``web/ns:80``)."""

    def run(text: str, *services: str) -> Derivation:
        findings = Findings()
        resources = read(read_text(text, findings, "test.yaml"), findings)
        validate(resources, findings)
        findings.raise_errors()
        return Derivation(derive(resources, make_registry(resources, [given(it) for it in services])))

    return run
