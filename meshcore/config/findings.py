"""What is wrong with, or remarkable about, the user's documents: findings with their positions.

A load collects the findings of all documents and raises them together, so that a user mends a
file in one go rather than one error at a time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from meshcore._near import did_you_mean
from meshcore.model import ConfigWarning, Origin
from meshcore.model.printable import printable

if TYPE_CHECKING:
    from meshcore.config.tree import TreeNode

__all__ = ["ConfigError", "Finding", "Findings", "Severity", "did_you_mean", "quoted"]

#: How much of a wrong value a message shows.
SHOWN = 80


class Severity(Enum):
    """Errors refuse the load; warnings come with the loaded configuration; infos are for analysis."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found at one place.

    ``line`` and ``column`` count from 1; 0 means that the source has no lines (a parsed mapping).
    ``found`` and ``expected`` are ready to read: ``"'abc'"``, ``"a duration such as 1.5s"``.
    ``code`` is one of :data:`meshcore.config.codes.CODES`, or "" where the message says it all.
    """

    severity: Severity
    message: str
    file: str
    line: int = 0
    column: int = 0
    path: str = ""
    found: str = ""
    expected: str = ""
    kind: str = ""
    name: str = ""
    code: str = ""

    @property
    def detail(self) -> str:
        """The finding without its position and path."""
        parts = [self.message] if self.message else []
        if self.found:
            parts.append(f"found {self.found}")
        if self.expected:
            parts.append(f"expected {self.expected}")
        return ", ".join(parts)

    @property
    def resource(self) -> str:
        """``"VirtualService default/reviews"``, or what is known of it."""
        return f"{self.kind} {self.name}".strip()

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        subject = ": ".join(part for part in (self.path, self.detail) if part)
        suffix = f" ({self.resource})" if self.resource else ""
        code = f"[{self.code}]" if self.code else ""
        return printable(f"{place}: {self.severity.value}{code}: {subject}{suffix}")


class ConfigError(ValueError):
    """Documents that cannot be served. ``findings`` holds every error, in the order of the documents."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))


class Findings:
    """Collects findings. Every ``where`` is a tree node, an Origin, or a file name."""

    def __init__(self) -> None:
        self._all: dict[Finding, None] = {}  # ordered, and each finding once
        self._files: dict[str, int] = {}
        self.files: list[str] = []  #: that the documents name and that were read with them

    def error(
        self,
        where: TreeNode | Origin | str,
        path: str,
        message: str = "",
        *,
        found: str = "",
        expected: str = "",
        kind: str = "",
        name: str = "",
        code: str = "",
    ) -> Finding:
        """Record an error: the load will be refused."""
        finding = _finding(Severity.ERROR, where, path, message, found, expected, kind, name, code)
        self.add(finding)
        return finding

    def warn(
        self,
        where: TreeNode | Origin | str,
        path: str,
        message: str = "",
        *,
        found: str = "",
        expected: str = "",
        kind: str = "",
        name: str = "",
        code: str = "",
    ) -> None:
        """Record a warning: it will be part of the loaded Config."""
        self.add(_finding(Severity.WARNING, where, path, message, found, expected, kind, name, code))

    def add(self, finding: Finding) -> None:
        """Record a ready-made finding; one that is there already is not repeated."""
        self._files.setdefault(finding.file, len(self._files))
        self._all.setdefault(finding)

    def forget(self, findings: Iterable[Finding]) -> None:
        """Take findings back: what they are about turns out to be none of ours."""
        for finding in findings:
            self._all.pop(finding, None)

    def __len__(self) -> int:
        return len(self._all)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The errors, by file (in the order of reading) and position."""
        return self._sorted(Severity.ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The warnings, by file and position."""
        return self._sorted(Severity.WARNING)

    @property
    def infos(self) -> tuple[Finding, ...]:
        """What is worth knowing and not wrong, by file and position."""
        return self._sorted(Severity.INFO)

    @property
    def has_errors(self) -> bool:
        return any(finding.severity is Severity.ERROR for finding in self._all)

    def config_warnings(self) -> tuple[ConfigWarning, ...]:
        """The warnings as the model holds them."""
        return tuple(
            ConfigWarning(
                ": ".join(part for part in (found.path, found.detail) if part),
                Origin(found.file, found.line, found.column, found.kind, found.name, found.path),
                found.code,
            )
            for found in self.warnings
        )

    def raise_errors(self) -> None:
        """Raise all errors together, if there are any.

        Raises:
            ConfigError: with every error found so far.
        """
        errors = self.errors
        if errors:
            raise ConfigError(errors)

    def _sorted(self, severity: Severity) -> tuple[Finding, ...]:
        chosen = (finding for finding in self._all if finding.severity is severity)
        return tuple(sorted(chosen, key=lambda f: (self._files[f.file], f.line, f.column)))


def _finding(
    severity: Severity,
    where: TreeNode | Origin | str,
    path: str,
    message: str,
    found: str,
    expected: str,
    kind: str,
    name: str,
    code: str,
) -> Finding:
    if isinstance(where, str):
        return Finding(severity, message, where, 0, 0, path, found, expected, kind, name, code)
    origin = where if isinstance(where, Origin) else where.origin(path)
    return Finding(
        severity,
        message,
        origin.file,
        origin.line,
        origin.column,
        path,
        found,
        expected,
        kind or origin.kind,
        name or origin.name,
        code,
    )


def quoted(value: object) -> str:
    """A value as a finding shows it: JSON spelling, shortened."""
    if isinstance(value, str):
        text = repr(value)
    else:
        try:
            text = json.dumps(value, ensure_ascii=False, default=str)
        except (TypeError, ValueError):
            text = repr(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."
