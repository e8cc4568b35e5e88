"""meshcore._turns: threads change more often while a configuration is loaded."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

from meshcore._turns import INTERVAL, switching_often


@pytest.fixture(autouse=True)
def usual() -> Iterator[float]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.004)
    yield sys.getswitchinterval()
    sys.setswitchinterval(before)


def test_the_interval_is_short_meanwhile_and_as_before_afterwards(usual: float) -> None:
    with switching_often():
        assert sys.getswitchinterval() == pytest.approx(INTERVAL)
    assert sys.getswitchinterval() == usual


def test_one_that_is_shorter_still_stays() -> None:
    sys.setswitchinterval(INTERVAL / 2)
    with switching_often():
        assert sys.getswitchinterval() == pytest.approx(INTERVAL / 2)


def test_overlapping_reloads_and_errors_restore_it(usual: float) -> None:
    first = switching_often()
    first.__enter__()
    with pytest.raises(ValueError, match="bad"), switching_often():
        raise ValueError("bad")
    assert sys.getswitchinterval() == pytest.approx(INTERVAL)
    first.__exit__(None, None, None)
    assert sys.getswitchinterval() == usual


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_child_has_the_usual_one(usual: float) -> None:
    with switching_often():
        child = os.fork()
        if not child:
            os._exit(0 if sys.getswitchinterval() == usual else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert sys.getswitchinterval() == pytest.approx(INTERVAL)
