"""What a replay found: per file, how many cases passed, and how the others differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

__all__ = ["CaseResult", "Failure", "FileResult", "Report", "attempt", "fail_all"]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case: it passed where there are no ``differences``."""

    case: str
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """A case that came out differently, or could not be run."""

    case: str
    differences: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        return {"case": self.case, "differences": list(self.differences)}


@dataclass(slots=True)
class FileResult:
    """The cases of one file."""

    file: str
    passed: int = 0
    failures: list[Failure] = field(default_factory=list)

    @property
    def failed(self) -> int:
        return len(self.failures)

    def add(self, result: CaseResult) -> None:
        if result.differences:
            self.failures.append(Failure(result.case, result.differences))
        else:
            self.passed += 1

    def to_json(self) -> dict[str, object]:
        return {
            "file": self.file,
            "passed": self.passed,
            "failed": self.failed,
            "failures": [failure.to_json() for failure in self.failures],
        }


@dataclass(slots=True)
class Report:
    """All files of one replay."""

    files: list[FileResult] = field(default_factory=list)

    @property
    def passed(self) -> int:
        return sum(result.passed for result in self.files)

    @property
    def failed(self) -> int:
        return sum(result.failed for result in self.files)

    def to_json(self) -> dict[str, object]:
        return {
            "files": [result.to_json() for result in self.files],
            "passed": self.passed,
            "failed": self.failed,
        }


def attempt(case: str, run: Callable[[], Iterable[str]]) -> CaseResult:
    """Run one case. Whatever it raises is a difference: one bad case must not end the replay."""
    try:
        return CaseResult(case, tuple(run()))
    except Exception as error:
        return CaseResult(case, (describe(error),))


def fail_all(cases: Iterable[str], reason: str) -> Iterator[CaseResult]:
    """Fail every case for the same reason."""
    return (CaseResult(case, (reason,)) for case in cases)


def describe(error: Exception) -> str:
    """An exception as one line of a report."""
    text = " ".join(str(error).split())
    return f"raised {type(error).__name__}: {text}" if text else f"raised {type(error).__name__}"
