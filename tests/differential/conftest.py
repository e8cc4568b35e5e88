"""The pairs that the live tests compare: a running Envoy and an engine, of one bootstrap."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from live_config import LISTENERS
from live_cors import CORS_LISTENERS
from live_envoy import envoy_binary
from live_mirrors import MIRROR_LISTENERS
from live_pair import Ask, LivePair, live_pair


@pytest.fixture(scope="session")
def binary() -> str:
    found = envoy_binary()
    if found is None:
        pytest.skip("no envoy binary: set MESHCORE_ENVOY, or see tests/README.md")
    return found


@pytest.fixture(scope="session")
def ask(binary: str) -> Iterator[Ask]:
    with live_pair(binary, LISTENERS) as pair:
        yield pair.ask


@pytest.fixture(scope="session")
def ask_cors(binary: str) -> Iterator[Ask]:
    with live_pair(binary, CORS_LISTENERS) as pair:
        yield pair.ask


@pytest.fixture(scope="module")
def mirroring(binary: str) -> Iterator[LivePair]:
    with live_pair(binary, MIRROR_LISTENERS) as pair:
        yield pair
