"""What a regex comes down to: the text it stands for, or the texts that begin so."""

from __future__ import annotations

from functools import lru_cache

from meshcore.match import Regex, RegexError

__all__ = ["compiled", "folded", "full_match", "plain_form"]

#: Case is ignored in ASCII only, as Envoy does: ``str.lower`` would take the Kelvin sign for a k.
_TO_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_META = frozenset("\\.+*?()|[]{}^$")


@lru_cache(maxsize=8192)
def compiled(pattern: str) -> Regex | None:
    """The regex; None where it is refused (validation says why)."""
    try:
        return Regex(pattern)
    except RegexError:
        return None


def folded(text: str) -> str:
    """The text as it is compared where case is ignored."""
    return text.translate(_TO_LOWER)


def full_match(pattern: str, text: str) -> bool:
    regex = compiled(pattern)
    return regex is not None and regex.full_match(text)


@lru_cache(maxsize=8192)
def plain_form(pattern: str) -> tuple[str, bool] | None:
    """A text, and whether more may follow; None for a regex that needs to be one.

    Regexes match as a whole, so ``^`` and ``$`` at the ends say nothing. ``.*`` at the end stands for
    anything where the value cannot hold a line break, as in paths and header values.
    """
    text = pattern.removeprefix("^")
    if text.endswith("$") and not text.endswith("\\$"):
        text = text[:-1]
    more = text.endswith(".*") and not text.endswith("\\.*")
    if more:
        text = text[:-2]
    literal = []
    characters = iter(text)
    for character in characters:
        if character == "\\":
            character = next(characters, "a")
            if character.isalnum():  # a class or an assertion
                return None
        elif character in _META:
            return None
        literal.append(character)
    return "".join(literal), more
