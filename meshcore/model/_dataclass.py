"""``dataclass`` with ``slots`` wherever Python knows of them.

The package needs Python 3.10, but for the components of the cffi backend: these run on PyPy 3.9 as well,
which is what Debian 12 has, and the model comes with them.
"""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING or sys.version_info >= (3, 10):
    from dataclasses import dataclass
else:

    def dataclass(*, slots: bool = False, **options: Any) -> Any:
        return dataclasses.dataclass(**options)
