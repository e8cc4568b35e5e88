"""State that the worker processes of one machine share, in a file that all of them map into their memory.

docs/shared-state.md has the whole of it; src_c/shared/segment.h says how the memory is laid out.
"""

from meshcore.shared.file import SharedStateError
from meshcore.shared.state import SharedState

__all__ = ["SharedState", "SharedStateError"]
