from collections.abc import Mapping
from typing import Any, AnyStr, Final

from meshcore._types import Headers
from meshcore.model import RouteConfiguration

# ---------------------------------------------------------------- regexes

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

# ---------------------------------------------------------------- path templates

class PathTemplateError(ValueError):
    """A path template, or a rewrite over one, that is refused: what is wrong, and where."""

    message: str
    template: str
    position: int

    def __init__(self, message: str, template: str, position: int) -> None: ...

class PathTemplate:
    """Envoy's path template: ``/bar/{country}/{rest=**}``."""

    template: Final[str]
    variables: Final[tuple[str, ...]]

    def __init__(self, template: str) -> None:
        """Raises PathTemplateError where the template is refused."""

    @property
    def literal_prefix(self) -> str:
        """What every path that matches begins with."""

    @property
    def is_literal(self) -> bool:
        """Whether the literal prefix is the one path that matches."""

    def match(self, path: AnyStr) -> dict[str, AnyStr] | None:
        """What each variable matched, by name; None where the path (without query) does not match."""

    def check_rewrite(self, rewrite: str) -> None:
        """Raises PathTemplateError where the rewrite is not valid over this template."""

    def rewrite(self, rewrite: str, path: AnyStr) -> AnyStr | None:
        """The path that a rewrite such as ``/x/{rest}`` makes of a path; None where that does not match."""

class RouteTable:
    """A route table on its own: which route matches a request.

    Matching only: redirects, splits and edits are the engine's. The table is immutable and may be
    used by many threads at once.
    """

    def __init__(self, route_configuration: RouteConfiguration | Mapping[str, Any], *, seed: int = 0) -> None:
        """Compile a route table.

        Args:
            route_configuration: of the model, or an Envoy v3 RouteConfiguration as parsed JSON or YAML.
            seed: start of the draws that decide runtime fractions.

        Raises:
            meshcore.config.ConfigError: for a mapping that is not a valid RouteConfiguration.
            ValueError: for a model that cannot be compiled, e.g. with a domain given twice.
        """
    @property
    def configuration(self) -> RouteConfiguration:
        """What the table was made of."""
    def match(
        self, method: str | bytes, authority: str | bytes, path: str | bytes, headers: Headers = ()
    ) -> str | None:
        """The name of the first route that matches, or None.

        The request is taken as it is: the authority with its port, the path with its query and without
        normalisation. Headers are only looked at where some route of the table asks for one.
        """
