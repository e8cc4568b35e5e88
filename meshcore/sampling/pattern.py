"""A text that a regex matches, for the patterns that people write in routes."""

from __future__ import annotations

import string

from meshcore.match import Regex, RegexError

__all__ = ["example_of"]

_CLASSES = {"d": "0", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a"}
_POSIX = {"alpha": "a", "digit": "0", "alnum": "a", "lower": "a", "upper": "A", "xdigit": "0", "word": "a"}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}
#: What stands for a character that may be nearly any.
_LIKELY = string.ascii_lowercase + string.digits + string.ascii_uppercase + "-_./"
#: Repetitions beyond that make no better example.
_MOST = 1000


def example_of(pattern: str) -> str | None:
    """A text that ``pattern`` (RE2) matches as a whole, or None where none is found.

    Takes the first alternative and few repetitions; what comes of it is always tried.
    """
    reader = _Reader(pattern)
    try:
        regex = Regex(pattern)
        text = reader.alternatives()
    except (RegexError, _Unknown):
        return None
    return text if reader.at == len(pattern) and regex.full_match(text) else None


class _Unknown(Exception):
    """Syntax that no example is made for."""


class _Reader:
    """Goes through a pattern once and writes what would match."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def alternatives(self) -> str:
        """Up to the end of a group: the first alternative."""
        first = self._sequence()
        while self._take("|"):
            self._sequence()
        return first

    def _sequence(self) -> str:
        parts: list[str] = []
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            parts.append(self._atom() * self._count())
        return "".join(parts)

    def _atom(self) -> str:
        character = self._next()
        if character == "(":
            return self._group()
        if character == "[":
            return self._set()
        if character == "\\":
            return self._escape()
        if character in "^$":
            return ""
        return "a" if character == "." else character

    def _group(self) -> str:
        if self._take("?"):
            if self._take("P<") or self._take("<"):
                self.at = self.pattern.index(">", self.at) + 1
            elif not self._take(":"):
                end = self.pattern.find(")", self.at)
                colon = self.pattern.find(":", self.at, end)
                if colon < 0:  # flags for the rest
                    self.at = end + 1
                    return ""
                self.at = colon + 1
        text = self.alternatives()
        if not self._take(")"):
            raise _Unknown
        return text

    def _escape(self) -> str:
        character = self._next()
        if character == "Q":
            end = self.pattern.find("\\E", self.at)
            end = len(self.pattern) if end < 0 else end
            text = self.pattern[self.at : end]
            self.at = min(end + 2, len(self.pattern))
            return text
        if character in "AzbB":
            return ""
        return self._one(character)

    def _one(self, character: str) -> str:
        """The character that an escape stands for, or one of its class."""
        if character in _CLASSES:
            return _CLASSES[character]
        if character in _CONTROLS:
            return _CONTROLS[character]
        if character.isalnum():
            raise _Unknown
        return character

    def _set(self) -> str:
        negated = self._take("^")
        members: list[str] = []
        while members == [] or not self.pattern.startswith("]", self.at):
            members += self._member()
        self.at += 1
        if not negated:
            return next((it for it in members if it in _LIKELY), members[0])
        return next((it for it in _LIKELY if it not in members), "~")

    def _member(self) -> str:
        """Some characters of one item of a set: all of a range within ASCII, one of a class."""
        end = self.pattern.find(":]", self.at + 2)
        if end >= 0 and self._take("[:"):  # without an end it is two characters
            name = self.pattern[self.at : end]
            self.at = end + 2
            return _POSIX.get(name, "-")
        first = self._next()
        if first == "\\":
            escape = self._next()
            first = self._one(escape)
            if escape in _CLASSES:
                return string.digits if escape == "d" else first
        if not (self.pattern.startswith("-", self.at) and not self.pattern.startswith("-]", self.at)):
            return first
        self.at += 1
        last = self._next()
        last = self._one(self._next()) if last == "\\" else last
        return "".join(map(chr, range(ord(first), min(ord(last), ord(first) + 127) + 1)))

    def _count(self) -> int:
        """How often the atom before is repeated."""
        if self._take("*") or self._take("+") or self._take("?"):
            count = 1
        elif self.at < len(self.pattern) and self.pattern[self.at] == "{":
            end = self.pattern.find("}", self.at)
            least = self.pattern[self.at + 1 : end].partition(",")[0]
            if end < 0 or not least.isdigit():
                return 1
            count, self.at = min(int(least), _MOST), end + 1
        else:
            return 1
        self._take("?")
        return count

    def _next(self) -> str:
        if self.at >= len(self.pattern):
            raise _Unknown
        self.at += 1
        return self.pattern[self.at - 1]

    def _take(self, text: str) -> bool:
        if not self.pattern.startswith(text, self.at):
            return False
        self.at += len(text)
        return True
