"""What the model holds but the engine does not act upon yet.

Both dialects ask here, so that a feature which arrives loses its warning in one place.
"""

from __future__ import annotations

from meshcore.config.findings import Findings
from meshcore.config.schema import Record, warn_at

__all__ = ["PENDING", "warn_pending"]

#: Feature -> what does not happen yet.
PENDING: dict[str, str] = {
    "filter mutations": "the header mutation filter does nothing yet",
}


def warn_pending(findings: Findings, record: Record, field: str, feature: str) -> None:
    """Warn that a feature which the document asks for has no effect yet, at its position."""
    what = PENDING.get(feature)
    if what is not None:
        warn_at(findings, record, field, what)
