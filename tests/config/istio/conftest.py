"""Fixtures of the tests of Istio's dialect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from istio_support import Compile, Compiled, given

from meshcore.config import Node
from meshcore.config.documents import read_text
from meshcore.config.findings import Findings
from meshcore.config.istio import load_documents


@pytest.fixture
def compiled() -> Compile:
    """Load a text for a node, with services in the registry: ``name`` or ``name:80,81`` or a mapping."""

    def run(
        text: str,
        *services: str | Mapping[str, object],
        node: Node | None = None,
        endpoints: Mapping[str, object] | None = None,
        ignore_kinds: Sequence[str] = (),
    ) -> Compiled:
        findings = Findings()
        documents = read_text(text, findings, "test.yaml")
        config = load_documents(
            documents,
            findings,
            node=node or Node(),
            endpoints=endpoints,
            ignore_kinds=ignore_kinds,
            services=[given(it) for it in services],
        )
        findings.raise_errors()
        assert config is not None
        return Compiled(config, tuple(str(it) for it in findings.warnings))

    return run
