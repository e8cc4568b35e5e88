"""What codes mean, at length: why a finding matters, an example of it, and the same without it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from meshcore.analysis.explanations import EXPLANATIONS
from meshcore.config.codes import CODES, Code
from meshcore.config.findings import did_you_mean

__all__ = ["Explanation", "explanation"]

#: Columns of plain text.
WIDTH = 88


@dataclass(frozen=True, slots=True)
class Explanation:
    """The long text of a code. ``bad`` and ``good`` are YAML."""

    code: Code
    why: str
    bad: str
    good: str

    def text(self) -> str:
        """As plain text."""
        parts = (
            f"{self.code.code} {self.code.name} ({self.code.severity.value})",
            self.code.summary,
            textwrap.fill(self.why, WIDTH),
            "Wrong:",
            _indented(self.bad),
            "Right:",
            _indented(self.good),
        )
        return "\n\n".join(parts) + "\n"

    def markdown(self) -> str:
        """As Markdown."""
        return (
            f"**{self.code.name}**: {self.code.summary}\n\n{self.why}\n\n"
            f"Wrong:\n\n```yaml\n{self.bad}\n```\n\nRight:\n\n```yaml\n{self.good}\n```\n"
        )


def explanation(code: str) -> Explanation:
    """The explanation of a code.

    Raises:
        ValueError: for a code that there is not.
    """
    known = CODES.get(code.upper())
    if known is None:
        raise ValueError(f"there is no code {code!r}{did_you_mean(code.upper(), CODES)}")
    why, bad, good = EXPLANATIONS[known.code]
    return Explanation(known, why, bad, good)


def _indented(yaml: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in yaml.splitlines())
