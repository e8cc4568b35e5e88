"""How files of route tests are named, for those who look for them before the loaders are imported."""

from __future__ import annotations

__all__ = ["PATTERNS"]

#: Patterns of file names, as :mod:`fnmatch` has them.
PATTERNS = ("*.routes.yaml", "*.routes.yml", "*.routes.json")
