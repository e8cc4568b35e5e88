"""meshcore.config.quiet: pauses of the collector, which all threads share."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from meshcore.config.quiet import without_collections


@pytest.fixture(autouse=True)
def enabled() -> Iterator[None]:
    gc.enable()
    yield
    gc.enable()


def test_the_collector_pauses_and_goes_on() -> None:
    with without_collections():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_goes_on_after_an_error() -> None:
    with pytest.raises(ValueError, match="bad"), without_collections():
        raise ValueError("bad")
    assert gc.isenabled()


def test_one_that_was_off_stays_off() -> None:
    gc.disable()
    with without_collections():
        assert not gc.isenabled()
    assert not gc.isenabled()


def test_of_pauses_that_overlap_the_last_to_end_counts() -> None:
    """Two loads in two threads need not end in the order in which they began."""
    first, second = without_collections(), without_collections()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()
