"""Matching: route tables, and the regexes and path templates that routes are made of."""

from collections.abc import Mapping
from typing import Any

from meshcore._path_template import PathTemplate, PathTemplateError
from meshcore._regex import Regex, RegexError
from meshcore._types import Headers
from meshcore.model import RouteConfiguration

__all__ = ["PathTemplate", "PathTemplateError", "Regex", "RegexError", "RouteTable"]

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
