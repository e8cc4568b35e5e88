"""A pytest plugin: files of route tests are collected like any others.

What loading a configuration warns of is a warning of the first test that is about it.

Files named ``*.routes.yaml`` (or ``.yml``, ``.json``) are taken; the option ``meshcore_tests`` names other
patterns. A file says in ``config`` which configuration it is about; for files that cannot (those of Envoy's
``router_check_tool`` and of ``istio-config-validator``) the option ``meshcore_config`` does,
relative to pytest's root.

The loaders are imported only where there is a file to collect.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from meshcore._route_tests import PATTERNS

if TYPE_CHECKING:
    from meshcore.check import Case, Checker, Setting

__all__: list[str] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options of the ini file."""
    parser.addini("meshcore_tests", "patterns of files with route tests", type="args", default=[*PATTERNS])
    parser.addini("meshcore_config", "configuration of route tests that name none", type="args", default=[])
    parser.addini("meshcore_endpoints", "addresses of the services of that configuration", default="")
    parser.addini("meshcore_gateway", "the Gateway that it is compiled for, NAMESPACE/NAME", default="")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> RouteTests | None:
    """Take a file of route tests."""
    patterns = parent.config.getini("meshcore_tests")
    if any(fnmatch(file_path.name, pattern) for pattern in patterns):
        made: RouteTests = RouteTests.from_parent(parent, path=file_path)
        return made
    return None


class RouteTests(pytest.File):
    """A file of route tests."""

    def collect(self) -> Iterator[RouteTest]:
        """The tests of the file."""
        from meshcore.check import read_tests
        from meshcore.config import ConfigError
        from meshcore.model.printable import printable

        try:
            files = read_tests(self.path)
        except ConfigError as error:
            raise self.CollectError(str(error)) from None
        for file in files:
            setting = file.setting if file.setting.paths else self._setting()
            for case in file.cases:
                yield RouteTest.from_parent(self, name=printable(case.name), case=case, setting=setting)

    def _setting(self) -> Setting:
        from meshcore.check import Setting

        ini, root = self.config.getini, self.config.rootpath
        paths = tuple(str(root / path) for path in ini("meshcore_config"))
        if not paths:
            message = f"{self.path}: which configuration? give config: in it, or the option meshcore_config"
            raise self.CollectError(message)
        setting = Setting(paths)
        if ini("meshcore_endpoints"):
            setting = replace(setting, endpoints=str(root / ini("meshcore_endpoints")))
        if ini("meshcore_gateway"):
            gateway = ini("meshcore_gateway")
            setting = replace(setting, gateway=gateway, namespace=gateway.rpartition("/")[0] or "default")
        return setting


class RouteTest(pytest.Item):
    """One route test."""

    def __init__(self, *, case: Case, setting: Setting, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._case = case
        self._setting = setting

    def runtest(self) -> None:
        """Decide its requests and compare."""
        result = self._checker().check(self._case)
        if not result.passed:
            lines = [line for failure in result.failures for line in failure.lines()]
            raise Different("\n".join(lines))

    def _checker(self) -> Checker:
        """The configuration is loaded once a session."""
        from meshcore.check import Checker

        checkers = self.config.stash.setdefault(_CHECKERS, {})
        if self._setting not in checkers:
            checkers[self._setting] = Checker(self._setting)
            for found in checkers[self._setting].warnings:
                file, line = (found.origin.file, found.origin.line) if found.origin else (str(self.path), 1)
                told = ConfigurationWarning(str(replace(found, origin=None)))
                warnings.warn_explicit(told, None, file, max(line, 1))
        return checkers[self._setting]

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any, **kwargs: Any
    ) -> Any:  # pytest's own type is not public
        """What differs, without a traceback of ours."""
        from meshcore.config import ConfigError

        if isinstance(excinfo.value, Different | ConfigError | ConfigurationWarning):
            return str(excinfo.value)
        return super().repr_failure(excinfo, *args, **kwargs)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the test is written."""
        return self.path, max(self._case.origin.line - 1, 0), self.name


class ConfigurationWarning(pytest.PytestWarning):
    """What loading the configuration warns of."""


class Different(Exception):
    """A decision is not as expected."""


_CHECKERS = pytest.StashKey["dict[Setting, Checker]"]()
