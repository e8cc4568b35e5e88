"""Path templates."""

from typing import AnyStr, Final

__all__ = ["PathTemplate", "PathTemplateError"]

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
