"""Regexes."""

from typing import AnyStr

__all__ = ["Regex", "RegexError"]

class RegexError(ValueError):
    """A pattern that is refused: what is wrong, and where."""

    message: str
    pattern: str | bytes
    position: int

    def __init__(self, message: str, pattern: str | bytes, position: int) -> None: ...

class Regex:
    """An RE2 regex, matched in linear time. The syntax is in docs/regex.md."""

    def __init__(self, pattern: str | bytes) -> None:
        """Raises RegexError where the pattern is refused."""

    @property
    def pattern(self) -> str | bytes: ...
    @property
    def groups(self) -> int:
        """The number of groups that capture."""

    @property
    def literal_prefix(self) -> str | bytes:
        """What every text that matches as a whole begins with; of the pattern's type."""

    @property
    def is_literal(self) -> bool:
        """Whether the literal prefix is the one text that matches."""

    def full_match(self, text: str | bytes) -> bool:
        """Whether the whole text matches."""

    def full_match_groups(self, text: AnyStr) -> tuple[AnyStr | None, ...] | None:
        """What group 0 (the text), 1, ... matched, up to group 9; None where the text does not match.

        A group that took no part in the match is None.
        """

    def replace_all(self, substitution: str | bytes, text: AnyStr) -> AnyStr:
        r"""The text with every match replaced, as RE2's GlobalReplace does it.

        The substitution may refer to groups by \0 (the match) to \9. Where it refers to a group that
        the regex has not, the text stays as it is.
        """
