"""Colours are for terminals that want them."""

from __future__ import annotations

import io

import pytest

from meshcore.ink import Ink


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_a_terminal_has_colours_and_a_file_has_not() -> None:
    assert Ink.of(Terminal()).color
    assert not Ink.of(io.StringIO()).color


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_the_environment_switches_them_off(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    assert not Ink.of(Terminal()).color


def test_paint_and_label() -> None:
    assert Ink(True).good("x") == "\x1b[32mx\x1b[0m"
    assert Ink(True).label("ab") == "\x1b[1mab\x1b[0m" + 12 * " "
    assert Ink().label("ab") == "ab" + 12 * " "
    assert Ink(True).bad("") == ""
