"""What an analysis says: its findings in the order of the documents, and how many of each severity."""

from __future__ import annotations

from dataclasses import dataclass, field

from meshcore.config.codes import CODES
from meshcore.config.findings import Finding, Severity

__all__ = ["Report"]


@dataclass(frozen=True, slots=True)
class Report:
    """The result of :func:`meshcore.analysis.analyze`.

    ``findings`` are ordered by file (as they were read), line and column. ``ignored`` counts what the
    caller or an annotation asked not to hear of. ``texts`` holds the text of what was not read from a
    file, by the name that stands in findings.
    """

    findings: tuple[Finding, ...] = ()
    files: int = 0
    documents: int = 0
    ignored: int = 0
    texts: dict[str, str] = field(default_factory=dict, repr=False)

    def count(self, severity: Severity) -> int:
        """How many findings have that severity."""
        return sum(finding.severity is severity for finding in self.findings)

    @property
    def counts(self) -> dict[str, int]:
        """Findings by severity: ``{"error": 2, "warning": 0, "info": 1}``."""
        return {severity.value: self.count(severity) for severity in Severity}

    def fails(self, at_least: Severity = Severity.ERROR) -> bool:
        """Whether there is a finding of that severity or a worse one."""
        order = list(Severity)
        return any(order.index(it.severity) <= order.index(at_least) for it in self.findings)

    def to_json(self) -> dict[str, object]:
        """The report as JSON can hold it."""
        return {
            "findings": [to_json(finding) for finding in self.findings],
            "counts": self.counts,
            "files": self.files,
            "documents": self.documents,
            "ignored": self.ignored,
        }


def to_json(finding: Finding) -> dict[str, object]:
    """A finding as JSON can hold it."""
    code = CODES.get(finding.code)
    return {
        "code": finding.code,
        "title": code.name if code else "",
        "severity": finding.severity.value,
        "message": finding.detail,
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "path": finding.path,
        "kind": finding.kind,
        "name": finding.name,
    }
